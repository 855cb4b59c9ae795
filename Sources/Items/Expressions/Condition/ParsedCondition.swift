package import DynamoModel

/// A condition or filter expression whose text has been read and checked as far as it can be without the values of its
/// placeholders: it depends on the text alone and may be kept for the next request with the same text.
package struct ParsedCondition: Sendable {
  let syntax: ConditionSyntax
  let kind: ExpressionKind

  /// Parses the text and checks functions and reserved words. Errors are DynamoDB's own and name the parameter that `kind` stands for.
  package init(_ text: String, kind: ExpressionKind = .condition) throws(DynamoError) {
    do throws(ExpressionError) {
      var parser = try Parser(text, .dynamo)
      syntax = try parser.wholeCondition()
      self.kind = kind
      var checker = SyntaxChecker(checksReserved: true)
      try checker.check(syntax)
    } catch {
      throw error.dynamo(kind)
    }
  }

  /// Puts names and values in place of the placeholders, and checks what depends on them.
  package func resolved(_ placeholders: inout Placeholders) throws(DynamoError) -> ConditionExpression {
    do throws(ExpressionError) {
      var resolver = Resolver(placeholders)
      defer { placeholders = resolver.placeholders }
      return ConditionExpression(try resolver.condition(syntax))
    } catch {
      throw error.dynamo(kind)
    }
  }
}
