internal import DynamoModel

extension ConditionExpression {
  /// Reads a condition as pipeline files write it: DynamoDB's grammar with literals in place of placeholders.
  ///
  /// Literals are numbers (`-1.5e3`), texts in single or double quotes (a quote inside is written twice), `true`, `false`
  /// and `null`. Names may begin with `_`, are not checked against DynamoDB's reserved words, and when they have other
  /// characters are written `old["such a name"]`. What a path begins with (`old`, `new`, a field) is the caller's to check,
  /// with `paths`. Errors carry the byte offset.
  package init(pipeline text: String) throws(ExpressionError) {
    var parser = try Parser(text, .pipeline)
    let syntax = try parser.wholeCondition()
    var checker = SyntaxChecker(checksReserved: false)
    try checker.check(syntax)
    var resolver = Resolver(Placeholders())
    self.init(try resolver.condition(syntax))
  }
}
