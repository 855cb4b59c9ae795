internal import DynamoModel
internal import Pipelines
internal import YAML

/// Reads the dashboard: a list of tiles, each of one kind.
struct DashboardReader {
  let projections: CheckedProjections
  /// Nil when SQLite does not start.
  let checker: QueryChecker?

  /// The kinds of tile and their keys.
  static let tiles: [(keyword: String, grammar: GrammarMapping)] = [
    ("number", Grammar.sqlTile), ("table", Grammar.sqlTile), ("leaderboard", Grammar.boardTile),
  ]

  private var findings: Findings { projections.findings }

  func tiles(_ node: YAMLNode?) -> [DashboardTile] {
    guard let node else { return [] }
    guard let nodes = node.sequence else {
      findings.add(node.mark, "`dashboard` has to be a list of tiles (`- number: ...`)")
      return []
    }
    return nodes.compactMap(readTile)
  }

  private func readTile(_ node: YAMLNode) -> DashboardTile? {
    let kinds = DashboardReader.tiles.map(\.keyword)
    guard let entries = node.mapping, entries.count == 1, let entry = entries.first else {
      findings.add(node.mark, "a tile is one of \(kinds.map { "`\($0)`" }.joined(separator: ", "))")
      return nil
    }
    guard let kind = DashboardReader.tiles.first(where: { $0.keyword == entry.key.text }) else {
      findings.add(entry.key.mark, "there is no tile `\(entry.key.text)`\(Suggestion.text(for: entry.key.text, among: kinds))")
      return nil
    }
    guard let reader = MappingReader(entry.value, kind.grammar, findings) else { return nil }
    let title = reader.requireText("title")?.text ?? ""
    if kind.keyword == "leaderboard" { return readBoardTile(reader, title) }
    guard let sql = SQLTexts(reader, findings), projections.isWhole,
      let checked = checker?.check(sql, parameters: [], declared: [])
    else { return nil }
    if kind.keyword == "table" {
      return DashboardTile(
        title: title, content: .table(sql: sql.sql, columns: checked.columns), usesNow: checked.usesNow, reads: checked.reads)
    }
    if checked.columns.count != 1 {
      findings.add(sql.sqlite.node.mark, "a number is one column, and this SQL gives \(checked.columns.count)")
    }
    return DashboardTile(
      title: title, content: .number(sql: sql.sql, column: checked.columns[0]), usesNow: checked.usesNow, reads: checked.reads)
  }

  private func readBoardTile(_ reader: MappingReader, _ title: String) -> DashboardTile? {
    let of = reader.requireText("of")
    let boardNodes = reader.elements("board")
    let top = reader.integer("top", 1...1_000) ?? 10
    guard let of else { return nil }
    let boards = projections.syntax.indices.filter { projections.syntax[$0].kind?.keyword == ProjectionKind.leaderboard.keyword }
    guard let index = boards.first(where: { projections.names[$0] == of.text }) else {
      let known = Suggestion.text(for: of.text, among: boards.map { projections.names[$0] })
      findings.add(of.node.mark, "there is no leaderboard `\(of.text)`\(known)")
      return nil
    }
    let id = ProjectionID(rawValue: index)
    guard let projection = projections[id], case .leaderboard(let leaderboard) = projection.kind else {
      return nil
    }
    func tile(_ board: DashboardTile.Board) -> DashboardTile {
      DashboardTile(
        title: title, content: .leaderboard(projection: id, board: board, top: top), usesNow: false,
        reads: ([id] + projection.shows).sorted())
    }
    if boardNodes.isEmpty || (boardNodes.count == 1 && boardNodes[0].scalar?.text == "latest") {
      return tile(.latest)
    }
    guard boardNodes.count == leaderboard.boardCount else {
      findings.add(boardNodes[0].mark, "a board of `\(of.text)` has \(leaderboard.boardCount) values, or write `latest`")
      return nil
    }
    let values = zip(boardNodes, projection.table.columns).compactMap { node, column -> Value? in
      guard let text = findings.literal(node, "a board's value") else { return nil }
      if let value = try? Value(text: text, as: column.type, form: .iso(zone: .utc)) { return value }
      findings.add(node.mark, "`\(text)` is not \(column.type.rawValue)")
      return nil
    }
    return tile(.named(values))
  }
}
