package import DynamoModel
package import Pipelines
package import ReadModels

/// A test of a pipeline with a clock: writes at given times, and what the rows are then.
///
/// A step sets the clock (`at`, or `advance` from where it stands), then makes its writes in order, then lets everything be
/// applied up to the clock's time (deadlines that have passed by then included), then looks.
package struct Scenario: Sendable {
  /// The clock, the writes made at its time, and what is looked at afterwards.
  package struct Step: Sendable {
    /// Where the step stands in the file.
    package let line: Int
    /// The clock during the step, in whole milliseconds. Never less than the step before.
    package let time: Instant
    package let writes: [Write]
    package let expectations: [Expectation]
  }

  /// One request to the write store.
  package enum Write: Sendable {
    case put(table: TableIndex, Item)
    /// Sets and removes top-level attributes; makes the item when there is none.
    case update(table: TableIndex, key: Item, set: Item, remove: [String])
    case delete(table: TableIndex, key: Item)
    /// One request: all at one time, in order.
    case batch([Write])
  }

  /// What is looked at when everything up to the step's time has been applied.
  package enum Expectation: Sendable {
    case rows(RowExpectation)
    case query(QueryExpectation)
    case board(BoardExpectation)
    /// Dead letters so far: as many as the list has, each with its projection and, when given, its path.
    case deadLetters([(projection: String, path: String?)], line: Int)
    case effects(EffectExpectation)
  }

  package let name: String
  package let file: String
  package let line: Int
  /// The pipeline that it is a test of, with the parameters that it sets.
  package let pipeline: Pipeline
  package let steps: [Step]
}

/// What rows a projection's table has to hold. Only the columns that are named count.
package struct RowExpectation: Sendable {
  /// Which rows the table may hold beside those that are listed.
  package enum Mode: Sendable {
    /// As many rows as are listed, in any order.
    case exactly
    /// These, perhaps with others.
    case contains
    /// None of these.
    case lacks
  }

  /// One row: columns of the SQL table with their values.
  package typealias Row = [(column: Int, value: Value)]

  package let projection: ProjectionID
  package let mode: Mode
  package let rows: [Row]
  package let line: Int

  /// Each property by its name.
  package init(projection: ProjectionID, mode: Mode, rows: [Row], line: Int) {
    self.projection = projection
    self.mode = mode
    self.rows = rows
    self.line = line
  }

  /// What is wrong with the table's rows (all its columns, in order); nil when nothing is.
  package func problem(_ actual: [[Value]], of table: SQLTable) -> String? {
    func matches(_ row: Row, _ values: [Value]) -> Bool { row.allSatisfy { values[$0.column] == $0.value } }
    func text(_ row: Row) -> String {
      "{ \(row.map { "\(table.columns[$0.column].name): \($0.value)" }.joined(separator: ", ")) }"
    }
    func all() -> String {
      let shown = actual.prefix(20).map { values in
        "\n  { \(zip(table.columns, values).filter { !$0.0.name.hasPrefix("_") }.map { "\($0.name): \($1)" }.joined(separator: ", ")) }"
      }
      return actual.isEmpty ? "; it is empty" : "; it holds\(shown.joined())\(actual.count > 20 ? "\n  ..." : "")"
    }
    if mode == .lacks {
      guard let row = rows.first(where: { row in actual.contains { matches(row, $0) } }) else { return nil }
      return "`\(table.name)` holds \(text(row)), which it should not"
    }
    // Each listed row needs a row of its own.
    if let wanted = Matching.unmatched(rows.count, actual.count, { matches(rows[$0], actual[$1]) }) {
      return "`\(table.name)` has no row \(text(rows[wanted]))\(all())"
    }
    if mode == .exactly, actual.count != rows.count {
      return "`\(table.name)` should hold \(rows.count) rows and holds \(actual.count)\(all())"
    }
    return nil
  }
}

/// What a named query has to answer: these rows in this order, of which only the columns that are named count.
package struct QueryExpectation: Sendable {
  package typealias Row = [(column: Int, value: AnswerCell)]

  /// Index in `Pipeline.queries`.
  package let query: Int
  /// A value for each parameter, in the query's order.
  package let parameters: [Value]
  package let rows: [Row]
  package let line: Int

  /// What is wrong with the answer; nil when nothing is.
  package func problem(_ actual: [[AnswerCell]], of query: NamedQuery) -> String? {
    let answer = actual.prefix(20).map { "\n  { \(zip(query.columnNames, $0).map { "\($0): \($1)" }.joined(separator: ", ")) }" }
      .joined()
    if actual.count != rows.count {
      return "`\(query.name)` should answer \(rows.count) rows and answers \(actual.count)\(answer)"
    }
    for (index, row) in rows.enumerated() {
      for (column, value) in row where !value.matches(actual[index][column]) {
        return
          "`\(query.name)`: row \(index + 1) should have \(query.columnNames[column]): \(value), and has \(actual[index][column])\(answer)"
      }
    }
    return nil
  }
}

/// What a board has to show from its top.
package struct BoardExpectation: Sendable {
  /// One place of the board; what is nil does not matter.
  package struct Place: Sendable {
    /// As the board counts: `1`, `2.5`; nil when it does not matter.
    package let rank: String?
    package let member: Value
    /// The first scores, or all; none when they do not matter.
    package let scores: [Value]
  }

  package let projection: ProjectionID
  package let board: [Value]
  /// The first places, in order.
  package let top: [Place]
  /// Whether the board has no further members.
  package let isWhole: Bool
  package let line: Int
}
