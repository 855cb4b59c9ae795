internal import DynamoModel
internal import Expressions

/// Key attributes are scalars: no expression may look for anything within one.
enum KeyPaths {
  /// Throws for a path into a key attribute of the table, or of one of its indexes.
  static func check(_ paths: [DocumentPath], _ definition: TableDefinition) throws(DynamoError) {
    let roots = paths.filter { $0.elements.count > 1 }.map(\.root)
    guard !roots.isEmpty else { return }
    let isInto = { (attribute: KeyAttribute) in roots.contains { Text.equal($0, attribute.name) } }
    if let attribute = definition.key.attributes.first(where: isInto) { throw notScalar("Key: \(attribute.name)") }
    if let attribute = definition.indexes.lazy.flatMap(\.key.attributes).first(where: isInto) {
      throw notScalar("IndexKey: \(attribute.name)")
    }
  }

  private static func notScalar(_ key: String) -> DynamoError {
    .validation("Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: \(key)")
  }
}
