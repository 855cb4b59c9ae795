internal import Pipelines
internal import YAML

extension ProjectionKind {
  /// Members ranked by a score, on one or many boards.
  static let leaderboard = ProjectionKind(
    "leaderboard",
    keys: ["of", "each", "when", "board", "zone", "score", "direction", "ties", "keep", "floor", "show"], refersToOthers: true,
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
    let scoreNode = reader.requireText("score")
    let score = scoreNode.flatMap { readScore($0.text, $0.node) }
    let direction: Leaderboard.Direction = word(reader, "direction", ["desc": .descending, "asc": .ascending]) ?? .descending
    let ties = word(reader, "ties", CheckedItems.ties) ?? .firstToReach
    let keep = readKeep(reader)
    let floorNode = reader.literal("floor")
    let showNode = reader.take("show")
    guard let memberNode, let member = inputSyntax(memberNode, "a member"), let score, let over else { return nil }
    for input in inputs where ["member", "score", "reached_at", "reached_order", "closed_at"].contains(input.name) {
      findings.add(input.node.mark, "`\(input.name)` is a column of its own here: write `{ other_name: \(input.name) }`")
    }
    checkDistinct(inputs.map { ($0.name, $0.node.mark) })
    let boards = inputs
    inputs.append(member)
    for index in inputs.indices { inputs[index].isKeyed = true }
    var scoreInput: Int?
    if let argument = score.argument {
      scoreInput = inputs.count
      inputs.append(
        InputSyntax(name: argument.canonical, expression: argument, node: scoreNode?.node ?? memberNode, expected: nil))
    }
    let zone = zone(reader, of: inputs)
    guard let sources = sources(over, inputs: inputs, zone: zone) else { return nil }
    var isOverItems = false
    if case .items = over { isOverItems = true }
    let types = sources[0].inputs.map(\.type)
    for (index, type) in types[..<inputs.count].enumerated() where index <= boardCount && !type.isOrdered {
      findings.add(inputs[index].node.mark, "`\(inputs[index].name)` is json, which cannot be compared")
    }
    let scoreType = scoreInput.map { types[$0] } ?? .integer
    checkScore(score.function, scoreType, isOverItems: isOverItems, scoreNode?.node.mark ?? entry.key.mark)
    let floor = floorNode.flatMap { floor -> Value? in
      if let value = try? Value(text: floor.text, as: scoreType, form: .iso(zone: nil)) { return value }
      findings.add(floor.node.mark, "`\(floor.text)` is not a score: it has to be \(scoreType.rawValue)")
      return nil
    }
    let windows = boards.indices.compactMap { window($0, sources[0]) }
    if keep.boards != nil, boardCount == 0 {
      findings.add(entry.key.mark, "there is one board only: `keep: ... boards` has no effect here")
    }
    let table = boardTable(
      entry.key.text, sources[0].inputs[...boardCount], scoreType, direction: direction, hasWindows: !windows.isEmpty,
      keepsState: keep.members == nil)
    let leaderboard = Leaderboard(
      isOverItems: isOverItems, sources: sources, boardCount: boardCount, windows: windows, memberType: types[boardCount],
      score: score.function, scoreType: scoreType, scoreInput: scoreInput, direction: direction, ties: ties,
      keepBoards: keep.boards, keepMembers: keep.members, floor: floor,
      show: showNode.flatMap { readShow($0, types[boardCount], others) }
    )
    return (.leaderboard(leaderboard), table)
  }

  private static let ties = Dictionary(
    uniqueKeysWithValues: [Leaderboard.Ties.firstToReach, .competition, .dense, .modified, .fractional].map { ($0.rawValue, $0) })

  private func checkScore(_ score: Leaderboard.Score, _ type: ValueType, isOverItems: Bool, _ mark: Mark) {
    if isOverItems, score == .last {
      findings.add(mark, "over items there is no last score: use `each`, or `max`, `min`, `sum` or `count`")
    }
    let takesTimes = score == .max || score == .min || score == .last
    if !type.isNumeric, !(takesTimes && type == .timestamp) {
      findings.add(mark, "a score is an integer or decimal (or a timestamp, for max, min, last), and this is \(type.rawValue)")
    }
  }

  /// `named` are the board's inputs and the member's.
  private func boardTable(
    _ name: String, _ named: ArraySlice<Input>, _ scoreType: ValueType, direction: Leaderboard.Direction,
    hasWindows: Bool, keepsState: Bool
  ) -> SQLTable {
    let boardCount = named.count - 1
    var columns = named[..<boardCount].map { SQLColumn(name: $0.name, type: $0.type, isNullable: false) }
    columns += [
      SQLColumn(name: "member", type: named[boardCount].type, isNullable: false),
      SQLColumn(name: "score", type: scoreType, isNullable: false),
      SQLColumn(name: "reached_at", type: .timestamp, isNullable: false),
      SQLColumn(name: "reached_order", type: .integer, isNullable: false),
    ]
    if hasWindows { columns.append(SQLColumn(name: "closed_at", type: .timestamp, isNullable: true)) }
    let ranking =
      Array(0..<boardCount).map { SQLIndex.Part(column: $0, isDescending: false) } + [
        SQLIndex.Part(column: boardCount + 1, isDescending: direction == .descending),
        SQLIndex.Part(column: boardCount + 2, isDescending: false), SQLIndex.Part(column: boardCount + 3, isDescending: false),
        SQLIndex.Part(column: boardCount, isDescending: false),
      ]
    return SQLTable(
      name: name, columns: columns + CheckedItems.traceColumns, primaryKey: Array(0...boardCount),
      indexes: [SQLIndex(name: "\(name)_by_rank", columns: ranking)], keepsState: keepsState)
  }

  private func readScore(_ text: String, _ node: YAMLNode) -> (function: Leaderboard.Score, argument: ExpressionSyntax?)? {
    findings.found(node) { () throws(SyntaxFailure) in
      var parser = try ExpressionParser(text, findings)
      let word = try parser.name("a score (count, sum(x), max(x), min(x), last(x))")
      guard let function = Leaderboard.Score(rawValue: word.text) else {
        let known = Suggestion.text(for: word.text, among: ["count", "sum", "max", "min", "last"])
        throw SyntaxFailure(offset: word.offset, message: "`\(word.text)` is not a score\(known)")
      }
      if function == .count {
        try parser.expectEnd()
        return (function, nil)
      }
      try parser.expect(sign: "(")
      let argument = try parser.expression()
      try parser.expect(sign: ")")
      try parser.expectEnd()
      return (function, argument)
    }
  }

  private func word<Meaning>(_ reader: MappingReader, _ key: String, _ known: [String: Meaning]) -> Meaning? {
    guard let (text, node) = reader.text(key) else { return nil }
    if let meaning = known[text] { return meaning }
    findings.add(node.mark, "`\(key)` cannot be `\(text)`\(Suggestion.text(for: text, among: known.keys.sorted()))")
    return nil
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
    guard case .calendar(let unit, let inner, let zone) = source.inputs[column].expression else { return nil }
    var isOfCommit = false
    if case .commit = inner { isOfCommit = true }
    return Leaderboard.Window(column: column, unit: unit, zone: zone, isOfCommit: isOfCommit)
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
