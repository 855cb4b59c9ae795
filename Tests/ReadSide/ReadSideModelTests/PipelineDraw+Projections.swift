/// Projections and effects, kind by kind.
extension PipelineDraw {
  mutating func projection(_ index: Int) -> [String] {
    switch draw.below(12) {
    case 0, 1: return collection(named("p\(index)"))
    case 2, 3, 4: return aggregate(named("p\(index)"))
    case 5, 6: return leaderboard(named("p\(index)", and: "_by_rank"))
    case 7, 8: return touchSessions(named("p\(index)", and: "_by_status"))
    case 9: return itemSessions(named("p\(index)", and: "_by_status"))
    default: return history(named("p\(index)", and: "_by_key"))
    }
  }

  private mutating func collection(_ name: String) -> [String] {
    let item = item()
    var key = [keyed(item, elements: true)]
    if draw.chance(2) { key.append(keyed(item, elements: true)) }
    var names = Set(key.map(\.name))
    if names.count < key.count { key.removeLast() }
    let elements = item.fields.filter(\.isElement).map(\.name)
    var columns = draw.some(item.all, 3).filter { names.insert($0.name).inserted }
    // The element belongs into the key when the list is taken apart.
    if !key.contains(where: { elements.contains($0.name) }) { columns.removeAll { elements.contains($0.name) } }
    collections.append(
      (name, key.map { ($0.name, $0.type) } + columns.map { ($0.name, $0.type) }))
    var lines = ["  \(name):", "    collection: \(item.name)", "    key: [\(key.map(\.text).joined(separator: ", "))]"]
    if !columns.isEmpty { lines.append("    columns: [\(columns.map(\.name).joined(separator: ", "))]") }
    if draw.chance(3) {
      lines.append(
        "    when: \"\(itemCondition(elements.isEmpty || !key.contains { elements.contains($0.name) } ? item.plain : item.all))\""
      )
    }
    return lines
  }

  /// `of:` or `each:`, and a `when` at times.
  private mutating func over(_ item: ItemDraw, overItems: Bool) -> [String] {
    if overItems { return ["    of: \(item.name)"] + (draw.chance(3) ? ["    when: \"\(itemCondition(item.all))\""] : []) }
    if item.captures.isEmpty, let other = items.first(where: { $0.name != item.name }) {
      return ["    each: [\(change(item)), \(change(other))]"]
    }
    if let element = item.fields.first(where: \.isElement), draw.chance(3) {
      return [
        "    each: { change: \(item.name) \(draw.pick(["inserted", "removed", "changed(n)"])), when: \"\(itemCondition([element]))\" }"
      ]
    }
    return ["    each: \(changes(item))"]
  }

  private mutating func aggregate(_ name: String) -> [String] {
    let overItems = draw.chance(2)
    let item = overItems || !draw.chance(4) ? item() : item().withoutKey
    var group = [keyed(item, elements: true, images: !overItems).text]
    if draw.chance(3) {
      group.append("\(draw.pick(Self.units)) of \(overItems || draw.chance(2) ? "t" : "commit")")
    } else if draw.chance(3), case let other = keyed(item, elements: true, images: !overItems).text, other != group[0] {
      group.append(other)
    }
    var lines = ["  \(name):", "    aggregate: [\(group.map { $0.hasPrefix("{") ? $0 : "\($0)" }.joined(separator: ", "))]"]
    lines += over(item, overItems: overItems)
    if group.contains(where: { $0.contains(" of ") }), draw.chance(2) { lines.append("    zone: \(draw.pick(Self.zones))") }
    lines.append("    columns: \(columns(item.all, overItems: overItems, ofSessions: false))")
    return lines
  }

  private mutating func leaderboard(_ name: String) -> [String] {
    let overItems = draw.chance(2)
    let item = overItems || !draw.chance(4) ? item() : item().withoutKey
    let member = draw.chance(2) ? keyed(item, elements: true, images: !overItems) : (name: "n", type: "integer", text: "n")
    var board: [(name: String, type: String, text: String)] = []
    if draw.chance(2) { board.append(keyed(item, elements: true, images: !overItems)) }
    if draw.chance(2) {
      let unit = draw.pick(Self.units)
      board.append((unit, "string", "\(unit) of \(overItems || draw.chance(3) ? draw.pick(["t", "u"]) : "commit")"))
    }
    let numbers = item.all.filter { $0.type == "integer" || $0.type == "decimal" }
    let timed = numbers + item.all.filter { $0.type == "timestamp" }
    var scores = ["count", "sum(\(draw.pick(numbers).name))", "max(\(draw.pick(timed).name))", "min(\(draw.pick(timed).name))"]
    if !overItems { scores.append("last(\(draw.pick(timed).name))") }
    let score = draw.pick(scores)
    var lines = ["  \(name):", "    leaderboard: \(member.text)"]
    lines += over(item, overItems: overItems)
    if !board.isEmpty { lines.append("    board: [\(board.map(\.text).joined(separator: ", "))]") }
    let isWindowed = board.contains { Self.units.contains($0.name) }
    if isWindowed { windowed.append((name, board.map { ($0.name, $0.type) })) }
    if isWindowed, draw.chance(2) { lines.append("    zone: \(draw.pick(Self.zones))") }
    lines.append("    score: \"\(score)\"")
    if draw.chance(2) { lines.append("    direction: \(draw.pick(["asc", "desc"]))") }
    lines.append("    ties: \(draw.pick(["first_to_reach", "competition", "dense", "modified", "fractional"]))")
    var keep: [String] = []
    if !board.isEmpty, draw.chance(2) { keep.append("\(1 + draw.below(3)) boards") }
    if draw.chance(3) { keep.append("\(1 + draw.below(3)) members") }
    if !keep.isEmpty { lines.append("    keep: [\(keep.joined(separator: ", "))]") }
    if draw.chance(3), !score.contains("(t)"), !score.contains("(u)") {
      lines.append("    floor: \(draw.pick(["2", "-3", "5"]))")
    }
    return lines
  }

  private mutating func limits(canBeNone: Bool) -> [String] {
    var lines: [String] = []
    if draw.chance(3) { lines.append("    cut: midnight '\(draw.pick(Self.zones))'") }
    if draw.chance(3) { lines.append("    max: \(draw.pick(["1ms", "1s", "10m", "30m", "1h", "1d"]))") }
    if (lines.isEmpty && !canBeNone) || draw.chance(2) {
      lines.append("    gap: \(draw.pick(["1ms", "1s", "10m", "30m", "1h", "1h", "1d", "1d"]))")
    }
    return lines
  }

  private mutating func touchSessions(_ name: String) -> [String] {
    let item = item()
    // In one partition all changes come in one order, whatever the key.
    let group = item.fields.filter { $0.name == "g" }
    let key = onePartition && item.table == "Tab" && draw.chance(2) ? group : [item.captures[0]] + (draw.chance(4) ? group : [])
    sessions.append((name, key, false))
    var lines = ["  \(name):", "    sessions: [\(key.map(\.name).joined(separator: ", "))]"]
    lines.append("    touch: \(changes(item, events: ["inserted", "changed", "changed(n)", "changed(s, g)", "inserted"]))")
    lines += limits(canBeNone: false)
    if draw.chance(3) { lines.append("    end: [\(change(item, ["removed", "changed(s)", "expired"]))]") }
    if draw.chance(2) { lines.append("    one live per: \(draw.pick(["g", "n", "s", item.captures[0].name]))") }
    lines.append("    columns: \(columns(item.plain, overItems: false, ofSessions: true))")
    return lines
  }

  private mutating func itemSessions(_ name: String) -> [String] {
    let item = item()
    sessions.append((name, item.captures, true))
    var lines = ["  \(name):", "    session: \(item.name)", "    key: [\(item.captures.map(\.name).joined(separator: ", "))]"]
    if draw.chance(3) { lines.append("    when: \"\(itemCondition(item.plain))\"") }
    if !draw.chance(4) {
      lines.append("    touch: [\"\(draw.pick(["changed", "changed(n)", "changed(s, g)"]))\"]")
    } else {
      lines.append("    touch: { change: changed(n), when: \"\(itemCondition(item.plain, prefixes: ["old.", "new."]))\" }")
    }
    var limited = limits(canBeNone: true)
    if limited.isEmpty || draw.chance(2) { limited.append("    deadline: \(draw.pick(["t", "u", "u"]))") }
    lines += limited
    if draw.chance(3) { lines.append("    end: \"when \(itemCondition(item.plain))\"") }
    if !draw.chance(3) {
      lines.append("    one live per: \(draw.pick(["g", "g", "b", item.captures[0].name]))")
      if draw.chance(2) { lines.append("    revive: touch") }
    }
    if draw.chance(3) { lines.append("    expire: delete item") }
    lines.append("    columns: \(columns(item.plain, overItems: false, ofSessions: true, isItem: true))")
    return lines
  }

  private mutating func history(_ name: String) -> [String] {
    let item = item()
    var lines = ["  \(name):", "    history: \(item.name)"]
    let elements = item.fields.filter(\.isElement)
    let list = elements.isEmpty || draw.chance(3) ? nil : draw.pick(["L", "e"])
    let isOfElements = !elements.isEmpty && draw.chance(2)
    if isOfElements {
      let named = elements.contains { $0.name == "ev" } ? "M" : list ?? "e"
      let events = draw.pick([["added"], ["removed"], ["added", "removed"], ["added", "removed"]]).map { "\($0)(\(named))" }
      lines.append("    each: [\(events.map { "\"\($0)\"" }.joined(separator: ", "))]")
      if draw.chance(3) {
        lines.append("    when: \"\(itemCondition(draw.chance(2) ? elements : item.plain, prefixes: ["", "old.", "new."]))\"")
      }
    } else if !draw.chance(4) {
      let events = ["inserted", "changed", "changed(n)", "changed(s, g)", "removed", "expired"]
      lines.append("    each: [\((0..<(1 + draw.below(3))).map { _ in change(item, events) }.joined(separator: ", "))]")
    }
    var hasWholeKey = true
    if draw.chance(3) {
      hasWholeKey = onePartition && item.table == "Tab"
      lines.append("    key: [\(keyed(item, elements: false, images: true).text)]")
    }
    let fields = isOfElements ? item.all : item.plain
    let columns = (0..<draw.below(4)).map { "c\($0): \(value(draw.pick(fields), images: true))" }
    if !columns.isEmpty { lines.append("    columns: { \(columns.joined(separator: ", ")) }") }
    var keep: [String] = []
    if hasWholeKey, draw.chance(2) { keep.append("\(1 + draw.below(4))") }
    if draw.chance(3) { keep.append(draw.pick(["1ms", "10m", "1h", "1d", "35d"])) }
    if !keep.isEmpty { lines.append("    keep: [\(keep.joined(separator: ", "))]") }
    return lines
  }

  // MARK: Effects

  mutating func drawEffects() -> [String] {
    var lines: [String] = []
    for index in 0..<draw.below(4) {
      let name = "e\(index)"
      switch draw.below(3) {
      case 0:
        let item = item()
        let isItem = draw.chance(2)
        let when = draw.chance(2) ? ", when: \"\(itemCondition(item.plain, prefixes: ["", "old.", "new."]))\"" : ""
        if isItem {
          lines.append("  \(name): { each: \"\(item.name) \(draw.pick(["changed(n)", "changed(s)"]))\"\(when), delete: item }")
        } else if let rows = selection(item.all.map { ($0.name, $0.type) }) {
          lines.append(
            "  \(name): { each: \"\(item.name) \(draw.pick(["removed", "changed(s)", "inserted", "changed(n)", "expired"]))\"\(when), delete: \(rows) }"
          )
        }
      case 1:
        guard let session = sessions.isEmpty ? nil : draw.pick(sessions) else { continue }
        let end = draw.pick(["expired", "ended", "gap", "superseded", "max", "explicit", "deadline", "removed"])
        if session.isItem, draw.chance(2) {
          lines.append("  \(name): { each: \(session.name) \(end), delete: item }")
        } else if let rows = selection(
          session.key.map { ($0.name, $0.type) } + [("started_at", "timestamp"), ("ended_at", "timestamp")])
        {
          lines.append("  \(name): { each: \(session.name) \(end), delete: \(rows) }")
        }
      default:
        guard let board = windowed.isEmpty ? nil : draw.pick(windowed) else { continue }
        if let rows = selection(board.board) { lines.append("  \(name): { each: \(board.name) closed, delete: \(rows) }") }
      }
    }
    return lines
  }

  /// `{ rows: ..., where: ... }` of a collection that has a column of a type that the trigger has too.
  private mutating func selection(_ values: [(name: String, type: String)]) -> String? {
    guard !collections.isEmpty else { return nil }
    let collection = draw.pick(collections)
    let pairs = collection.columns.flatMap { column in
      values.filter { $0.type == column.type && $0.type != "json" }.map { "\(column.name) = :\($0.name)" }
    }
    // Values of one name are equal at times.
    let named = pairs.filter { pair in pair.split(separator: " ").first == pair.split(separator: ":").last }
    if !named.isEmpty, !draw.chance(4) { return "{ rows: \(collection.name), where: \(draw.pick(named)) }" }
    return pairs.isEmpty ? nil : "{ rows: \(collection.name), where: \(draw.pick(pairs)) }"
  }
}
