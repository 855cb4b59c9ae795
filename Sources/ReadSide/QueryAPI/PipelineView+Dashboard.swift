internal import DynamoModel
internal import Pipelines
internal import SQLite

/// What the page shows of a pipeline: its tiles, all in one snapshot.
extension PipelineView {
  /// JSON: `pipeline`, `about`, `tiles` in the file's order (`kind`: number, table, leaderboard), and what it is true for.
  package func dashboard() async throws -> [UInt8] {
    try await read { open, writer in
      writer.name("pipeline")
      writer.string(open.pipeline.name)
      writer.name("about")
      writer.string(open.pipeline.about)
      writer.name("tiles")
      writer.beginArray()
      for tile in open.pipeline.dashboard {
        writer.beginObject()
        writer.name("title")
        writer.string(tile.title)
        try PipelineView.append(tile.content, open, &writer)
        writer.endObject()
      }
      writer.endArray()
    }.1.bytes
  }

  private static func append(_ content: DashboardTile.Content, _ open: Open, _ writer: inout JSONWriter) throws {
    writer.name("kind")
    switch content {
    case .number(let sql):
      writer.string("number")
      writer.name("rows")
      try run(sql, [], open.connection, &writer)
    case .table(let sql, let columns):
      writer.string("table")
      writer.name("columns")
      writer.array(columns) { $0.string($1) }
      writer.name("rows")
      try run(sql, [], open.connection, &writer)
    case .leaderboard(let index, let board, let top):
      writer.string("leaderboard")
      var values: [String]?
      if case .named(let named) = board { values = named.map(\.description) }
      try appendBoard(open.pipeline.projections[index].name, values, .top(offset: 0, limit: top), open, &writer)
    }
  }
}
