/// The SQL of a query, a metric or a tile: one text for every store, or one for each.
package struct QuerySQL: Sendable, Equatable, ExpressibleByStringLiteral {
  private let sqlite: String
  private let postgres: String?
  private let places: [Place]

  /// Where a text stands in the pipeline's file. Both count from 1; 0 where it comes from no file.
  package struct Place: Sendable, Equatable {
    package let line: Int
    package let column: Int

    package init(line: Int = 0, column: Int = 0) {
      self.line = line
      self.column = column
    }
  }

  /// A text that every store understands.
  package init(_ text: String, at place: Place = Place()) {
    sqlite = text
    postgres = nil
    places = [place]
  }

  /// A text for each store, with their places.
  package init(sqlite: String, postgres: String, at places: (sqlite: Place, postgres: Place)) {
    self.sqlite = sqlite
    self.postgres = postgres
    self.places = [places.sqlite, places.postgres]
  }

  package func place(for dialect: SQLDialect) -> Place { dialect == .sqlite ? places[0] : places[places.count - 1] }

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
