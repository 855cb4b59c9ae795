internal import DynamoModel
internal import Pipelines
internal import ReadModels

/// What the page shows of a pipeline: its tiles, all in one snapshot.
extension PipelineView {
  /// JSON: `pipeline`, `about`, `tiles` in the file's order (`kind`: number, table, leaderboard), and what it is true for. A tile that fails, or
  /// takes too long, says so in `error`; the others are shown.
  package func dashboard() async throws -> [UInt8] {
    try await answer(about: { Subject(value: (), reads: Set($0.dashboard.flatMap(\.reads)).sorted()) }) { _, snapshot, writer in
      writer.member("pipeline", snapshot.pipeline.name)
      writer.member("about", snapshot.pipeline.about)
      writer.name("tiles")
      writer.array(snapshot.pipeline.dashboard) { writer, tile in
        var made = JSONWriter()
        made.beginObject()
        made.member("title", tile.title)
        do {
          try PipelineView.append(tile.content, snapshot, &made)
        } catch {
          made = JSONWriter()
          made.beginObject()
          made.member("title", tile.title)
          made.member("kind", PipelineView.kind(tile.content))
          made.member(
            "error", (error as? ReaderError).map { PipelineView.error($0, snapshot.pipeline.name).message } ?? "\(error)")
        }
        made.endObject()
        writer.raw(made.bytes)
      }
    }
  }

  private static func kind(_ content: DashboardTile.Content) -> String {
    switch content {
    case .number: "number"
    case .table: "table"
    case .leaderboard: "leaderboard"
    }
  }

  private static func append(_ content: DashboardTile.Content, _ snapshot: Snapshot, _ writer: inout JSONWriter) throws {
    writer.member("kind", kind(content))
    switch content {
    case .number(let sql, _):
      writer.name("rows")
      try run(sql, [], snapshot, to: &writer)
    case .table(let sql, let columns):
      writer.name("columns")
      writer.array(columns) { $0.string($1.name) }
      writer.name("rows")
      try run(sql, [], snapshot, to: &writer)
    case .leaderboard(let id, let board, let top):
      guard case .leaderboard(let definition) = snapshot.pipeline.projections[id].kind else { return }
      let values: [Value]?
      switch board {
      case .named(let named): values = named
      case .latest: values = definition.boardCount == 0 ? [] : try snapshot.reader.latestBoard(id)
      }
      let members = try values.map { try snapshot.reader.top(id, board: $0, limit: top) } ?? []
      try append(ShownBoard(id: id, definition: definition, values: values, members: members, counted: nil), snapshot, &writer)
    }
  }
}
