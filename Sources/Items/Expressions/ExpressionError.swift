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
  let form: Form

  /// How the reason is put to a client.
  enum Form: Sendable, Equatable {
    /// After a sentence that says in which expression or statement it is.
    case introduced
    case alone
    /// Alone, because it is about values, wherever they stand.
    case ofValues
    /// Alone, and then where it is: line and column, from 1, and so many bytes.
    case located(length: Int)
  }

  /// A reason that follows a sentence about the expression; `offset` in bytes.
  package init(_ reason: String, offset: Int) { self.init(reason, offset: offset, .introduced) }

  init(_ reason: String, offset: Int, _ form: Form) {
    self.reason = reason
    self.offset = offset
    self.form = form
  }

  package var description: String { "\(reason) (at byte \(offset))" }
}
