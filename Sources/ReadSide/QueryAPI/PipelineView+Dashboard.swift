package import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import ReadModels

/// What the page shows of a pipeline: its tiles, all in one snapshot.
extension PipelineView {
  /// JSON: `pipeline`, `about`, `tiles` in the file's order (`kind`: number, table, leaderboard), and what it is true for. A tile that fails, or
  /// takes too long, says so in `error`; the others are shown.
  package func dashboard(atLeast positions: [Position] = []) async throws -> [UInt8] {
    try await answer(atLeast: positions, about: { Subject(value: (), reads: PipelineView.reads(ofTiles: $0)) }) {
      _, snapshot, writer in
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

  private static func reads(ofTiles pipeline: Pipeline) -> [ProjectionID] { Set(pipeline.dashboard.flatMap(\.reads)).sorted() }

  static func dashboardSchema(_ pipeline: Pipeline) -> JSONSchema {
    .object(
      [
        .init("pipeline", .exactly(.text(pipeline.name))), .init("about", .text),
        .init("tiles", .tuple(pipeline.dashboard.map { schema($0, pipeline) })),
      ] + validitySchemas(reads(ofTiles: pipeline), pipeline))
  }

  private static func schema(_ tile: DashboardTile, _ pipeline: Pipeline) -> JSONSchema {
    let head: [JSONSchema.Member] = [
      .init("title", .exactly(.text(tile.title))), .init("kind", .exactly(.text(kind(tile.content)))),
    ]
    let content: [JSONSchema.Member] =
      switch tile.content {
      case .number(_, let column): [.init("rows", AnswerColumns([column]).rows)]
      case .table(_, let columns): AnswerColumns(columns).schemas
      case .leaderboard(let id, _, _):
        if case .leaderboard(let board) = pipeline.projections[id].kind {
          ShownBoard.shape(id, board, pipeline, isCounted: false).schemas
        } else {
          []
        }
      }
    let failure = JSONSchema.Member("error", JSONSchema.text.about("Why the tile is not shown."))
    return .any(of: [.object(head + content), .object(head + [failure])])
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
    case .number(let sql, let column):
      writer.name("rows")
      try run(sql, [], columns: [column], snapshot, to: &writer)
    case .table(let sql, let columns):
      AnswerColumns(columns).append(to: &writer)
      try run(sql, [], columns: columns, snapshot, to: &writer)
    case .leaderboard(let id, let board, let top):
      guard case .leaderboard(let definition) = snapshot.pipeline.projections[id].kind else { return }
      let values: [Value]?
      switch board {
      case .named(let named): values = named
      case .latest: values = definition.boardCount == 0 ? [] : try snapshot.reader.latestBoard(id)
      }
      let members = try values.map { try snapshot.reader.top(id, board: $0, limit: top) } ?? []
      let asked = AskedBoard(id, definition, of: snapshot.pipeline, isCounted: false)
      asked.append(try asked.shown(values, members, counted: 0, snapshot.reader), to: &writer)
    }
  }
}
