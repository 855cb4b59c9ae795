/// Every key of the grammar of pipeline files, by the mapping that it stands in.
package struct GrammarKey: Hashable, Sendable, CustomStringConvertible {
  /// As messages call it: "a table"; of a projection its kind: "session".
  package let mapping: String
  package let key: String

  package init(_ mapping: String, _ key: String) {
    self.mapping = mapping
    self.key = key
  }

  package var description: String { "\(mapping): \(key)" }

  /// All of them, in the order of the grammar. These are the loader's own lists: it reads no other key.
  package static let all: [GrammarKey] =
    Grammar.all.flatMap { mapping in mapping.keys.map { GrammarKey(mapping.what, $0) } }
    + ProjectionKindRegistry.all.flatMap { kind in kind.keys.map { GrammarKey(kind.keyword, $0) } }
    + DashboardReader.tiles.map { GrammarKey("the dashboard", $0.keyword) }
}
