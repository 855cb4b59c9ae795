internal import DynamoModel

/// Which parameter of a request an expression came in: it opens the error's text.
package enum ExpressionKind: String, Sendable {
  case condition = "ConditionExpression"
  case filter = "FilterExpression"
  case keyCondition = "KeyConditionExpression"
  case update = "UpdateExpression"
  case projection = "ProjectionExpression"
}

/// What is wrong with an expression's text, and where: the byte offset of the token in question.
package struct ExpressionError: Error, Sendable, Equatable, CustomStringConvertible {
  package let reason: String
  package let offset: Int

  package init(_ reason: String, offset: Int) {
    self.reason = reason
    self.offset = offset
  }

  package var description: String { "\(reason) (at byte \(offset))" }
}
