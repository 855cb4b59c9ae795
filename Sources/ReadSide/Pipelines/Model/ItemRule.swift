/// A kind of item: the items of one table whose key has a given form.
package struct ItemRule: Sendable {
  package let name: String
  package let table: TableIndex
  /// What can be known of such an item: the captures of its key first, then fields, then captures of patterns.
  package let fields: [Field]
  /// How many of `fields`, from the first on, are key captures.
  package let captureCount: Int
  package let when: Condition?

  /// Each property by its name.
  package init(name: String, table: TableIndex, fields: [Field], captureCount: Int, when: Condition?) {
    self.name = name
    self.table = table
    self.fields = fields
    self.captureCount = captureCount
    self.when = when
  }

  package func field(named name: String) -> Field? { fields.first { $0.name == name } }
}

/// A named, typed value of an item.
package struct Field: Sendable {
  package let name: String
  package let type: ValueType
  /// Whether it may be missing; it is null then.
  package let isOptional: Bool
  package let expression: ValueExpression
  /// What a failure says it was reading: an attribute's path, or the expression's text.
  package let path: String

  /// Each property by its name.
  package init(name: String, type: ValueType, isOptional: Bool, expression: ValueExpression, path: String) {
    self.name = name
    self.type = type
    self.isOptional = isOptional
    self.expression = expression
    self.path = path
  }
}
