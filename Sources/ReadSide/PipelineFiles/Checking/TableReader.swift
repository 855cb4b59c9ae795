internal import DynamoModel
internal import Expressions
internal import Pipelines
internal import YAML

/// Reads the tables of a file: keys, indexes, TTL, private attributes, partitions.
struct TableReader {
  let findings: Findings

  func tables(_ entries: [YAMLNode.Entry]) -> [TableDraft] { entries.map(readTable) }

  private func readTable(_ entry: YAMLNode.Entry) -> TableDraft {
    let name = entry.key.text
    let isName =
      (3...255).contains(name.utf8.count)
      && name.utf8.allSatisfy { ($0 | 32 >= 97 && $0 | 32 <= 122) || ($0 >= 48 && $0 <= 57) || $0 == 45 || $0 == 46 || $0 == 95 }
    if !isName { findings.add(entry.key.mark, "`\(name)` cannot be a table's name: 3 to 255 letters, digits, `-`, `.` and `_`") }
    let empty = TableDefinition(
      name: name, key: KeySchema(partition: KeyAttribute(name: "", type: .string)), stream: .newAndOldImages)
    guard let reader = MappingReader(entry.value, Grammar.table, findings) else {
      return TableDraft(definition: empty, partitions: nil, isWhole: false)
    }
    var definition = empty
    let key = reader.require("key").flatMap(keySchema)
    if let key { definition.key = key }
    for index in reader.entries("indexes") {
      if let made = readIndex(index, of: definition) { definition.indexes.append(made) }
    }
    if let (attribute, node) = reader.text("ttl") {
      if definition.key.attributes.contains(where: { Text.equal($0.name, attribute) }) {
        findings.add(node.mark, "`\(attribute)` is a key attribute: it cannot hold the expiry time")
      }
      definition.timeToLive = attribute
    }
    for node in reader.elements("private") {
      guard let attribute = findings.text(node, "a private attribute") else { continue }
      if definition.keyAttributes.contains(where: { Text.equal($0.name, attribute) }) {
        findings.add(node.mark, "`\(attribute)` is a key attribute: it is in every record and cannot be private")
      }
      definition.privateAttributes.append(attribute)
    }
    let partitions = reader.integer("partitions", 1...TableDefinition.partitionsMax)
    definition.partitions = partitions ?? 1
    checkKeyTypes(definition, entry)
    return TableDraft(definition: definition, partitions: partitions, isWhole: key != nil)
  }

  private func keySchema(_ node: YAMLNode) -> KeySchema? {
    guard let reader = MappingReader(node, Grammar.key, findings) else { return nil }
    let partition = reader.require("partition").flatMap(keyAttribute)
    let sort = reader.take("sort").flatMap(keyAttribute)
    if let partition, let sort, Text.equal(partition.name, sort.name) {
      findings.add(node.mark, "partition and sort key are one attribute")
    }
    return partition.map { KeySchema(partition: $0, sort: sort) }
  }

  /// `PK string`; the type may be left out when it is string.
  private func keyAttribute(_ node: YAMLNode) -> KeyAttribute? {
    guard let text = findings.text(node, "a key attribute") else { return nil }
    return findings.found(node) { () throws(SyntaxFailure) -> KeyAttribute? in
      var parser = try ExpressionParser(text, findings)
      let path = try parser.path()
      guard path.elements.count == 1 else {
        throw SyntaxFailure(offset: 0, message: "a key attribute is one name: write unusual names in backticks")
      }
      let types: [String: KeyType] = ["string": .string, "number": .number, "bytes": .binary]
      var type = KeyType.string
      if parser.current.kind == .word {
        let word = parser.current
        guard let known = types[word.text] else {
          throw SyntaxFailure(
            offset: word.offset,
            message:
              "`\(word.text)` is not the type of a key\(Suggestion.text(for: word.text, among: ["string", "number", "bytes"]))")
        }
        type = known
        parser.advance()
      }
      try parser.expectEnd()
      return KeyAttribute(name: path.root, type: type)
    }
  }

  private func readIndex(_ entry: YAMLNode.Entry, of table: TableDefinition) -> IndexDefinition? {
    guard let reader = MappingReader(entry.value, Grammar.index, findings) else { return nil }
    let partition = reader.require("partition").flatMap(keyAttribute)
    let sort = reader.take("sort").flatMap(keyAttribute)
    var kind = IndexDefinition.Kind.global
    if let (text, node) = reader.text("kind") {
      if let known = IndexDefinition.Kind(rawValue: text) {
        kind = known
      } else {
        findings.add(node.mark, "an index is `global` or `local`, not `\(text)`")
      }
    }
    var projection = IndexProjection.all
    if let node = reader.take("projection") {
      if node.sequence != nil {
        projection = .include((node.sequence ?? []).compactMap { findings.text($0, "an attribute") })
      } else if let text = findings.text(node, "`projection`") {
        switch text {
        case "all": projection = .all
        case "keys": projection = .keysOnly
        default: findings.add(node.mark, "a projection is `all`, `keys` or a list of attributes, not `\(text)`")
        }
      }
    }
    guard let partition else { return nil }
    if kind == .local, !Text.equal(partition.name, table.key.partition.name) || sort == nil {
      findings.add(entry.key.mark, "a local index has the table's partition key and a sort key of its own")
    }
    return IndexDefinition(
      name: entry.key.text, kind: kind, key: KeySchema(partition: partition, sort: sort), projection: projection)
  }

  private func checkKeyTypes(_ table: TableDefinition, _ entry: YAMLNode.Entry) {
    var known: [KeyAttribute] = []
    for attribute in table.keyAttributes {
      if let other = known.first(where: { Text.equal($0.name, attribute.name) }), other.type != attribute.type {
        findings.add(entry.key.mark, "`\(attribute.name)` is given two types by the keys of this table")
      }
      known.append(attribute)
    }
  }
}
