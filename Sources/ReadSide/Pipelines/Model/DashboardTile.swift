/// A tile of a pipeline's page.
package struct DashboardTile: Sendable {
  /// What the tile shows; SQL reads only and has no parameters.
  package enum Content: Sendable {
    /// One row with one column.
    case number(sql: String)
    case table(sql: String, columns: [String])
    case leaderboard(projection: Int, board: Board, top: Int)
  }

  /// Which board of a leaderboard is shown.
  package enum Board: Sendable {
    /// The greatest board by its columns, of those that have members.
    case latest
    case named([Value])
  }

  package let title: String
  package let content: Content

  package init(title: String, content: Content) {
    self.title = title
    self.content = content
  }
}
