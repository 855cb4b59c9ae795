/// The SQL of a query or a tile: one text for every store, or one for each.
package struct QuerySQL: Sendable, Equatable, ExpressibleByStringLiteral {
  private let sqlite: String
  private let postgres: String?

  /// A text that every store understands.
  package init(_ text: String) {
    sqlite = text
    postgres = nil
  }

  /// A text for each store.
  package init(sqlite: String, postgres: String) {
    self.sqlite = sqlite
    self.postgres = postgres
  }

  package init(stringLiteral text: String) { self.init(text) }

  package func text(for dialect: SQLDialect) -> String {
    switch dialect {
    case .sqlite: sqlite
    case .postgres: postgres ?? sqlite
    }
  }

  /// Whether one text is for all.
  package var isShared: Bool { postgres == nil }
}

/// Whose SQL it is, by the keyword of pipeline files.
package enum SQLDialect: String, Sendable, CaseIterable {
  case sqlite, postgres

  /// For a message.
  package var title: String {
    switch self {
    case .sqlite: "SQLite"
    case .postgres: "PostgreSQL"
    }
  }
}
