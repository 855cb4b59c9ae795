internal import Pipelines
internal import YAML

extension ProjectionKind {
  /// Members ranked by a score, on one or many boards.
  static let leaderboard = ProjectionKind(
    "leaderboard",
    keys: [
      "of", "each", "when", "board", "zone", "day starts", "week starts", "score", "columns", "direction", "ties", "keep",
      "floor",
      "show",
    ], refersToOthers: true,
    read: { $0.items.readLeaderboard($0.entry, $0.reader, $0.others) },
    sentence: { projection, pipeline in
      guard case .leaderboard(let board) = projection.kind else { return nil }
      return pipeline.sentence(board)
    })
}

extension CheckedItems {
  fileprivate func readLeaderboard(
    _ entry: YAMLNode.Entry, _ reader: MappingReader, _ others: CheckedProjections
  ) -> (Projection.Kind, SQLTable)? {
    let memberNode = reader.require("leaderboard")
    let over = over(reader)
    var inputs = reader.elements("board").compactMap { inputSyntax($0, "a board column") }
    let boardCount = inputs.count
    let scores = readScores(reader)
    let columns = columnSyntax(reader.entries("columns"), sessions: false, CheckedItems.boardColumns(scores: scores.count))
    let ties = word(reader, "ties", CheckedItems.ties) ?? .firstToReach
    let keep = readKeep(reader)
    let floorNode = reader.literal("floor")
    let showNode = reader.take("show")
    guard let memberNode, let member = inputSyntax(memberNode, "a member"), let over, !scores.isEmpty else { return nil }
    for input in inputs where CheckedItems.boardColumns(scores: scores.count).contains(input.name) {
      findings.add(input.node.mark, "`\(input.name)` is a column of its own here: write `{ other_name: \(input.name) }`")
    }
    checkDistinct(inputs.map { ($0.name, $0.node.mark) } + columns.map { ($0.name, $0.mark) })
    let boards = inputs
    inputs.append(member)
    for index in inputs.indices { inputs[index].isKeyed = true }
    let scoreInputs = scores.map { score in score.argument.map { place($0, score.node, &inputs) } }
    for (score, input) in zip(scores, scoreInputs) where score.function == .distinct {
      if let input { inputs[input].isKeyed = true }
    }
    let places = self.inputs(of: columns, &inputs)
    let calendar = calendar(reader, of: inputs)
    guard let sources = sources(over, inputs: inputs, calendar: calendar) else { return nil }
    var isOverItems = false
    if case .items = over { isOverItems = true }
    let types = sources[0].inputs.map(\.type)
    for (index, type) in types[...boardCount].enumerated() where !type.isOrdered {
      findings.add(inputs[index].node.mark, "`\(inputs[index].name)` is json, which cannot be compared")
    }
    let made = zip(scores, scoreInputs).map { score, input in
      checkScore(score, input.map { types[$0] } ?? .integer, isOverItems: isOverItems, ties)
      return Leaderboard.Score(
        function: score.function, type: score.type(input.map { types[$0] }), input: input, direction: score.direction)
    }
    let floor = floorNode.flatMap { floor -> Value? in
      if let value = try? Value(text: floor.text, as: made[0].type, form: .iso(zone: nil)) { return value }
      findings.add(floor.node.mark, "`\(floor.text)` is not a score: it has to be \(made[0].type.rawValue)")
      return nil
    }
    let windows = boards.indices.compactMap { window($0, sources[0]) }
    if keep.boards != nil, boardCount == 0 {
      findings.add(entry.key.mark, "there is one board only: `keep: ... boards` has no effect here")
    }
    let leaderboard = Leaderboard(
      isOverItems: isOverItems, sources: sources, boardCount: boardCount, windows: windows, memberType: types[boardCount],
      scores: made, columns: aggregateColumns(columns, places, sources[0], isOverItems: isOverItems), ties: ties,
      keepBoards: keep.boards, keepMembers: keep.members, floor: floor,
      show: showNode.flatMap { readShow($0, types[boardCount], others) }
    )
    return (.leaderboard(leaderboard), boardTable(entry.key.text, leaderboard, keepsState: keep.members == nil))
  }

  /// The columns that a leaderboard has by itself.
  private static func boardColumns(scores: Int) -> [String] {
    (0..<scores).map { Leaderboard.scoreName($0) } + ["member", "reached_at", "reached_order", "closed_at"]
  }

  private static let ties = Dictionary(
    uniqueKeysWithValues: [Leaderboard.Ties.firstToReach, .competition, .dense, .modified, .fractional].map { ($0.rawValue, $0) })

  private func boardTable(_ name: String, _ board: Leaderboard, keepsState: Bool) -> SQLTable {
    let count = board.boardCount
    var columns = board.sources[0].inputs[..<count].map { SQLColumn(name: $0.name, type: $0.type, isNullable: false) }
    let scores = board.scores.enumerated().map {
      SQLColumn(name: Leaderboard.scoreName($0), type: $1.type, isNullable: false)
    }
    columns += [
      SQLColumn(name: "member", type: board.memberType, isNullable: false), scores[0],
      SQLColumn(name: "reached_at", type: .timestamp, isNullable: false),
      SQLColumn(name: "reached_order", type: .integer, isNullable: false),
    ]
    if !board.windows.isEmpty { columns.append(SQLColumn(name: "closed_at", type: .timestamp, isNullable: true)) }
    columns += scores.dropFirst() + board.columns.map(sqlColumn)
    func part(_ column: Int, isDescending: Bool = false) -> SQLIndex.Part {
      SQLIndex.Part(column: column, isDescending: isDescending)
    }
    let ranking =
      (0..<count).map { part($0) }
      + zip(board.scores, board.scoreColumns).map { part($1, isDescending: $0.direction == .descending) }
      + [part(count + 2), part(count + 3), part(count)]
    return SQLTable(
      name: name, columns: columns + CheckedItems.traceColumns, primaryKey: Array(0...count),
      indexes: [SQLIndex(name: "\(name)_by_rank", columns: ranking)], keepsState: keepsState)
  }

  /// `400 boards`, `100 members`, or a list of both.
  private func readKeep(_ reader: MappingReader) -> (boards: Int?, members: Int?) {
    var keep: (boards: Int?, members: Int?) = (nil, nil)
    for node in reader.elements("keep") {
      guard let text = findings.text(node, "`keep`") else { continue }
      var words = text.split(separator: " ")
      if let first = words.first {
        guard let count = findings.resolved(first, node, "`keep`", among: [.number]) else { continue }
        words[0] = Substring(count)
      }
      guard words.count == 2, words[0].utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), words[1] == "boards" || words[1] == "members"
      else {
        findings.add(node.mark, "write `keep: 400 boards` or `keep: 1000 members`")
        continue
      }
      guard let count = Int(words[0]), (1...Leaderboard.keepMax).contains(count) else {
        findings.add(node.mark, "`keep` takes a number from 1 to \(Leaderboard.keepMax), not `\(words[0])`")
        continue
      }
      guard (words[1] == "boards" ? keep.boards : keep.members) == nil else {
        findings.add(node.mark, "`keep` says more than once how many \(words[1]) there are")
        continue
      }
      if words[1] == "boards" { keep.boards = count } else { keep.members = count }
    }
    return keep
  }

  private func window(_ column: Int, _ source: Source) -> Leaderboard.Window? {
    guard case .calendar(let periods, let inner) = source.inputs[column].expression else { return nil }
    var isOfCommit = false
    if case .commit = inner { isOfCommit = true }
    return Leaderboard.Window(column: column, periods: periods, isOfCommit: isOfCommit)
  }

  /// `{ from: players, columns: [nick] }`
  private func readShow(_ node: YAMLNode, _ memberType: ValueType, _ others: CheckedProjections) -> Leaderboard.Show? {
    guard let reader = MappingReader(node, Grammar.show, findings) else { return nil }
    let from = reader.requireText("from")
    let columns = reader.elements("columns").compactMap { node in findings.text(node, "a column").map { ($0, node) } }
    guard let from, let id = others.id(named: from) else { return nil }
    if others.syntax[id.rawValue].kind?.refersToOthers == true {
      findings.add(from.node.mark, "`\(from.text)` is not a collection")
    }
    guard let projection = others[id] else { return nil }
    guard case .collection(let collection) = projection.kind else {
      findings.add(from.node.mark, "`\(from.text)` is not a collection")
      return nil
    }
    guard collection.keyCount == 1, projection.table.columns[0].type == memberType else {
      findings.add(from.node.mark, "the key of `\(from.text)` has to be one column of the member's type, \(memberType.rawValue)")
      return nil
    }
    for (column, node) in columns where projection.table.column(named: column) == nil {
      let known = projection.table.columns.map(\.name).filter { !$0.hasPrefix("_") }
      findings.add(node.mark, "`\(from.text)` has no column `\(column)`\(Suggestion.text(for: column, among: known))")
    }
    return Leaderboard.Show(projection: id, key: projection.table.columns[0].name, columns: columns.map(\.0))
  }
}
