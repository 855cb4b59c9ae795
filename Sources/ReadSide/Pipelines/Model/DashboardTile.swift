/// A tile of a pipeline's page.
package struct DashboardTile: Sendable {
  /// What the tile shows; SQL reads only and has no parameters but `:now`.
  package enum Content: Sendable {
    /// One row with one column.
    case number(sql: QuerySQL, column: QueryColumn)
    case table(sql: QuerySQL, columns: [QueryColumn])
    case leaderboard(projection: ProjectionID, board: Board, top: Int)
  }

  /// Which board of a leaderboard is shown.
  package enum Board: Sendable {
    /// The board with the latest time (its window's, else its last change's), of those that have members.
    case latest
    case named([Value])
  }

  package let title: String
  package let content: Content
  /// Whether its SQL has the parameter `:now`: the time that the answer is true for, as a timestamp's text.
  package let usesNow: Bool
  /// The projections whose rows it shows, in the file's order. Empty for SQL that reads none.
  package let reads: [ProjectionID]

  /// Each property by its name.
  package init(title: String, content: Content, usesNow: Bool, reads: [ProjectionID]) {
    self.title = title
    self.content = content
    self.usesNow = usesNow
    self.reads = reads
  }
}
