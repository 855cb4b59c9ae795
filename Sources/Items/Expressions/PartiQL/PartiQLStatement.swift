package import DynamoModel

/// A PartiQL statement that has been read, its parameters in their places.
package struct PartiQLStatement: Sendable {
  package enum Kind: Sendable {
    case select(PartiQLSelect)
    /// `EXISTS(SELECT ...)`, the check of a transaction.
    case exists(PartiQLSelect)
    case insert(Item)
    case update(UpdateExpression, PartiQLWhere, PartiQLReturning?)
    case delete(PartiQLWhere, PartiQLReturning?)
  }

  package let table: String
  package let kind: Kind

  package var isRead: Bool {
    if case .select = kind { true } else { false }
  }

  /// Whether it asks for what it changed.
  package var isReturning: Bool {
    switch kind {
    case .update(_, _, let returning), .delete(_, let returning): returning != nil
    case .select, .exists, .insert: false
    }
  }

  /// Reads a statement. Every `?` takes the next parameter; there must be as many of one as of the other.
  package init(_ text: String, parameters: [AttributeValue]) throws(DynamoError) {
    do throws(ExpressionError) {
      var parser = PartiQLParser(try PartiQLLexer.tokens(text), parameters)
      self = try parser.statement()
      guard parser.takesAllParameters else { throw PartiQLParser.wrongParameterCount(at: 0) }
    } catch {
      switch error.form {
      case .introduced: throw .validation("Statement wasn't well formed, can't be processed: \(error.reason)")
      case .alone: throw .validation(error.reason)
      case .ofValues: throw .content(error.reason)
      case .located(let length): throw .validation("\(error.reason) at \(Self.place(of: error.offset, in: text)):\(length)")
      }
    }
  }

  /// Line and column of a byte, both from 1.
  private static func place(of offset: Int, in text: String) -> String {
    let before = text.utf8.prefix(offset)
    let line = before.count { $0 == UInt8(ascii: "\n") } + 1
    let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
    return "\(line):\(column)"
  }

  init(table: String, kind: Kind) {
    self.table = table
    self.kind = kind
  }
}

/// What a write gives back.
package enum PartiQLReturning: Sendable {
  case allOld
  case allNew
  case modifiedOld
  case modifiedNew

  /// As a statement has it.
  var text: String {
    switch self {
    case .allNew: "ALL NEW *"
    case .allOld: "ALL OLD *"
    case .modifiedNew: "MODIFIED NEW *"
    case .modifiedOld: "MODIFIED OLD *"
    }
  }
}

/// A SELECT: which parts of which items of a table or index.
package struct PartiQLSelect: Sendable {
  package let index: String?
  /// Nil for `*`.
  package let paths: [DocumentPath]?
  package let condition: PartiQLWhere
  package let order: [(attribute: String, isDescending: Bool)]

  /// What the answer shows of an item: each path under the name that it ends with.
  package func shown(_ item: Item) -> Item {
    guard let paths else { return item }
    var shown = Item()
    for path in paths {
      guard let value = path.value(in: item) else { continue }
      let name = path.elements.last { if case .name = $0 { true } else { false } }
      if case .name(let name)? = name { shown[name] = value }
    }
    return shown
  }
}

/// A WHERE clause; without one every item satisfies it.
package struct PartiQLWhere: Sendable {
  /// The parts that must all hold.
  let parts: [Condition]
  /// Whether a function stands in it.
  package let hasFunctions: Bool

  package var condition: ConditionExpression? { parts.isEmpty ? nil : ConditionExpression(.all(parts)) }

  /// The one item that the clause names by equality on every attribute of a key, and what else it asks of it; nil when it
  /// does not name one.
  package func item(_ schema: KeySchema) -> (key: Item, rest: ConditionExpression?)? {
    var key = Item()
    var rest = parts
    for attribute in schema.attributes {
      guard let place = rest.firstIndex(where: { PartiQLWhere.equality($0, attribute) != nil }),
        let value = PartiQLWhere.equality(rest[place], attribute)
      else { return nil }
      key[attribute.name] = value
      rest.remove(at: place)
    }
    return (key, rest.isEmpty ? nil : ConditionExpression(.all(rest)))
  }

  /// The attributes, each once, that the clause names beside those of a key.
  package func attributes(beside schema: KeySchema) -> [String] {
    var names: [String] = []
    for name in condition?.paths.map(\.root) ?? []
    where !names.contains(where: { Text.equal($0, name) }) && !schema.attributes.contains(where: { Text.equal($0.name, name) }) {
      names.append(name)
    }
    return names
  }

  /// How the clause can be answered through a key: the partition keys, each once and in the clause's order, and a condition on
  /// the sort key. Nil when only a scan can, as for more than `partitionsMax` of them. The whole clause must still be asked of
  /// what is found.
  package func keys(_ schema: KeySchema) -> (partitions: [[AttributeValue]], sort: SortCondition?)? {
    var partitions: [[AttributeValue]] = [[]]
    for attribute in schema.partitions {
      guard let values = PartiQLWhere.first(parts, { PartiQLWhere.values($0, attribute) }),
        partitions.count * values.count <= PartiQLWhere.partitionsMax
      else { return nil }
      partitions = partitions.flatMap { partition in values.map { partition + [$0] } }
    }
    var distinct: [[AttributeValue]] = []
    for partition in partitions where !distinct.contains(partition) { distinct.append(partition) }
    guard let sort = schema.sort, schema.sorts.count == 1 else { return (distinct, nil) }
    return (distinct, PartiQLWhere.first(parts) { PartiQLWhere.sort($0, sort) })
  }

  /// Partition keys that a clause may name to be answered through them: as many values as IN may have for a hash attribute, by the
  /// PartiQL guide.
  package static let partitionsMax = 50

  /// What is found in the first condition that has it. Each is looked at once: in a clause of many levels a second look on each
  /// would double the work with each level.
  private static func first<Found>(_ conditions: [Condition], _ find: (Condition) -> Found?) -> Found? {
    for condition in conditions {
      if let found = find(condition) { return found }
    }
    return nil
  }

  private static func isPath(_ operand: Operand, _ attribute: KeyAttribute) -> Bool {
    if case .path(let path) = operand { path == DocumentPath(attribute: attribute.name) } else { false }
  }

  private static func equality(_ condition: Condition, _ attribute: KeyAttribute) -> AttributeValue? {
    guard case .comparison(.equal, let left, let right) = condition else { return nil }
    switch (left, right) {
    case (_, .value(let value)) where isPath(left, attribute): return value
    case (.value(let value), _) where isPath(right, attribute): return value
    default: return nil
    }
  }

  private static func values(_ condition: Condition, _ attribute: KeyAttribute) -> [AttributeValue]? {
    switch condition {
    case .all(let parts): return first(parts) { values($0, attribute) }
    case .any(let choices):
      let found = choices.compactMap { values($0, attribute) }
      return found.count == choices.count ? found.flatMap { $0 } : nil
    case .isIn(let operand, let list) where isPath(operand, attribute):
      let values = list.compactMap { item in
        if case .value(let value) = item { value } else { nil as AttributeValue? }
      }
      return values.count == list.count ? values : nil
    default: return equality(condition, attribute).map { [$0] }
    }
  }

  private static func sort(_ condition: Condition, _ attribute: KeyAttribute) -> SortCondition? {
    switch condition {
    case .comparison(let comparator, let left, .value(let value)) where isPath(left, attribute):
      return attribute.type.accepts(value) ? SortCondition(comparator, value) : nil
    case .comparison(let comparator, .value(let value), let right) where isPath(right, attribute):
      return attribute.type.accepts(value) ? SortCondition(comparator.flipped, value) : nil
    case .between(let operand, .value(let low), .value(let high)) where isPath(operand, attribute):
      return attribute.type.accepts(low) && attribute.type.accepts(high) ? .between(low, high) : nil
    case .beginsWith(let operand, .value(let prefix)) where isPath(operand, attribute):
      return attribute.type.accepts(prefix) && attribute.type != .number ? .beginsWith(prefix) : nil
    default: return nil
    }
  }
}

extension SortCondition {
  fileprivate init?(_ comparator: Comparator, _ value: AttributeValue) {
    switch comparator {
    case .equal: self = .equal(value)
    case .less: self = .less(value)
    case .lessOrEqual: self = .lessOrEqual(value)
    case .greater: self = .greater(value)
    case .greaterOrEqual: self = .greaterOrEqual(value)
    case .notEqual: return nil
    }
  }
}
