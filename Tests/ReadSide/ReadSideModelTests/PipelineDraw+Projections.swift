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
    let others = others(item())
    let item = others.item
    var key = [keyed(item, elements: true)]
    if draw.chance(2) { key.append(keyed(item, elements: true)) }
    var names = Set(key.map(\.name))
    if names.count < key.count { key.removeLast() }
    let elements = item.fields.filter(\.isElement).map(\.name)
    var columns = draw.some(item.all, 3).filter { names.insert($0.name).inserted }
    // The element belongs into the key when the list is taken apart.
    if !key.contains(where: { elements.contains($0.name) }) { columns.removeAll { elements.contains($0.name) } }
    let isLatest = draw.chance(3)
    if !others.areOfTables, !isLatest {
      collections.append((name, key.map { ($0.name, $0.type) } + columns.map { ($0.name, $0.type) }))
    }
    var lines = ["  \(name):", "    collection: \(others.text)", "    key: [\(key.map(\.text).joined(separator: ", "))]"]
    if !columns.isEmpty { lines.append("    columns: [\(columns.map(\.name).joined(separator: ", "))]") }
    if draw.chance(3) {
      lines.append(
        "    when: \"\(itemCondition(elements.isEmpty || !key.contains { elements.contains($0.name) } ? item.plain : item.all))\""
      )
    }
    if isLatest {
      let able = key.contains { elements.contains($0.name) } ? item.all : item.plain
      let fields = able.filter { field in field.type != "json" && !key.contains { $0.name == field.name } }
      if let order = fields.isEmpty ? nil : draw.pick(fields).name { lines.append("    latest by: \(order)") }
    } else if draw.chance(3) {
      lines.append("    unreadable: \(draw.pick(["keep", "keep", "drop"]))")
    }
    return lines
  }

  /// An item, at times with others beside it, and then as far as they have the same fields.
  private mutating func others(_ item: ItemDraw) -> (item: ItemDraw, text: String, areOfTables: Bool) {
    guard draw.chance(4) else { return (item, item.name, false) }
    let others = draw.some(items.filter { $0.name != item.name }, 1 + draw.below(2))
    let areSame = others.allSatisfy { $0.captures == item.captures }
    let common = item.withoutKey.fields.filter { field in
      others.allSatisfy { $0.fields.contains { $0.name == field.name && $0.type == field.type } }
    }
    let shared = ItemDraw(name: item.name, table: item.table, captures: [], fields: common)
    return (
      areSame
        ? ItemDraw(name: item.name, table: item.table, captures: item.captures, fields: common) : shared,
      "[\(([item] + others).map(\.name).joined(separator: ", "))]", others.contains { $0.table != item.table }
    )
  }

  /// `of:` or `each:`, and a `when` at times.
  private mutating func over(_ item: ItemDraw, overItems: Bool, of text: String) -> [String] {
    if overItems { return ["    of: \(text)"] + (draw.chance(3) ? ["    when: \"\(itemCondition(item.all))\""] : []) }
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
    let others = overItems ? others(item()) : nil
    let item = others?.item ?? (draw.chance(4) ? item().withoutKey : item())
    var group = [keyed(item, elements: true, images: !overItems).text]
    var calendar: [String] = []
    if draw.chance(3) {
      let period = period(of: overItems || draw.chance(2) ? "t" : "commit")
      group.append(period.text)
      calendar = period.lines
    } else if draw.chance(3), case let other = keyed(item, elements: true, images: !overItems).text, other != group[0] {
      group.append(other)
    }
    var lines = ["  \(name):", "    aggregate: [\(group.map { $0.hasPrefix("{") ? $0 : "\($0)" }.joined(separator: ", "))]"]
    lines += over(item, overItems: overItems, of: others?.text ?? item.name)
    lines += calendar
    lines.append("    columns: \(columns(item.all, overItems: overItems, ofSessions: false))")
    let plain = item.all.filter { group.contains($0.name) }
    aggregates.append((name, plain.map { ($0.name, $0.type) }, columnNames))
    return lines
  }

  private mutating func leaderboard(_ name: String) -> [String] {
    let overItems = draw.chance(2)
    let others = overItems ? others(item()) : nil
    let item = others?.item ?? (draw.chance(4) ? item().withoutKey : item())
    let member = draw.chance(2) ? keyed(item, elements: true, images: !overItems) : (name: "n", type: "integer", text: "n")
    var board: [(name: String, type: String, text: String)] = []
    if draw.chance(2) { board.append(keyed(item, elements: true, images: !overItems)) }
    var calendar: [String]?
    if draw.chance(2) {
      let period = period(of: overItems || draw.chance(3) ? draw.pick(["t", "u"]) : "commit")
      board.append((period.name, "string", period.text))
      calendar = period.lines
    }
    let numbers = item.all.filter { $0.type == "integer" || $0.type == "decimal" }
    let timed = numbers + item.all.filter { $0.type == "timestamp" }
    let counted = item.all.filter { $0.type != "json" }
    let scores = (0..<(draw.chance(3) ? 2 + draw.below(3) : 1)).map { _ in
      var all = [
        "count", "sum(\(draw.pick(numbers).name))", "avg(\(draw.pick(numbers).name))", "max(\(draw.pick(timed).name))",
        "min(\(draw.pick(timed).name))", "distinct(\(draw.pick(counted).name))",
      ]
      if !overItems { all.append("last(\(draw.pick(timed).name))") }
      return draw.pick(all) + draw.pick(["", "", "", " asc", " desc"])
    }
    var lines = ["  \(name):", "    leaderboard: \(member.text)"]
    lines += over(item, overItems: overItems, of: others?.text ?? item.name)
    if !board.isEmpty { lines.append("    board: [\(board.map(\.text).joined(separator: ", "))]") }
    if let calendar {
      windowed.append((name, board.map { ($0.name, $0.type) }))
      lines += calendar
    }
    lines.append(
      scores.count == 1
        ? "    score: \"\(scores[0])\"" : "    score: [\(scores.map { "\"\($0)\"" }.joined(separator: ", "))]")
    // A direction that no score would take is refused.
    if draw.chance(2), scores.contains(where: { $0.hasSuffix(")") || $0 == "count" }) {
      lines.append("    direction: \(draw.pick(["asc", "desc"]))")
    }
    if draw.chance(2) { lines.append("    columns: \(columns(item.all, overItems: overItems, ofSessions: false))") }
    // Over items nobody is the first to reach a number of different values.
    let isDistinct = overItems && scores.contains { $0.hasPrefix("distinct") }
    let shared = ["competition", "dense", "modified", "fractional"]
    lines.append("    ties: \(draw.pick(isDistinct ? shared : ["first_to_reach", "first_to_reach"] + shared))")
    var keep: [String] = []
    if !board.isEmpty, draw.chance(2) { keep.append("\(1 + draw.below(3)) boards") }
    if draw.chance(3) { keep.append("\(1 + draw.below(3)) members") }
    if !keep.isEmpty { lines.append("    keep: [\(keep.joined(separator: ", "))]") }
    if draw.chance(3), !["(t)", "(u)", "(v)"].contains(where: scores[0].contains) {
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
    if draw.chance(4) { lines.append("    split when: \"\(draw.pick(["old.n <> new.n", "old.g <> new.g", "new.b = true"]))\"") }
    let isTimed = draw.chance(2)
    if isTimed {
      lines.append("    time: \(draw.pick(["t", "t", "t", "u", "t - 1h"]))")
      lines.append("    lateness: \(draw.pick(["0s", "1s", "10m", "1h", "1h", "1d"]))")
      if !draw.chance(3) { lines.append("    ahead: \(draw.pick(["0s", "1s", "10m", "1h", "2d"]))") }
    } else if draw.chance(2) {
      lines.append("    one live per: \(draw.pick(["g", "n", "s", item.captures[0].name]))")
    }
    lines.append("    columns: \(columns(item.plain, overItems: false, ofSessions: true))")
    return lines
  }

  private mutating func itemSessions(_ name: String) -> [String] {
    var item = item()
    var named = item.name
    if let other = items.first(where: { $0.name != item.name && $0.captures == item.captures }), draw.chance(2) {
      named = "[\(item.name), \(other.name)]"
      item = ItemDraw(name: item.name, table: item.table, captures: item.captures, fields: item.withoutKey.fields)
    }
    sessions.append((name, item.captures, true))
    var lines = ["  \(name):", "    session: \(named)", "    key: [\(item.captures.map(\.name).joined(separator: ", "))]"]
    if draw.chance(3) { lines.append("    when: \"\(itemCondition(item.plain))\"") }
    if !draw.chance(4) {
      lines.append("    touch: [\"\(draw.pick(["changed", "changed(n)", "changed(s, g)"]))\"]")
    } else {
      lines.append("    touch: { change: changed(n), when: \"\(itemCondition(item.plain, prefixes: ["old.", "new."]))\" }")
    }
    var limited = limits(canBeNone: true)
    if limited.isEmpty || draw.chance(2) {
      limited.append("    deadline: \(draw.pick(["t", "u", "u", "max(u)", "u - 30m", "max(t + 1h)"]))")
    }
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
    let isOfElements = !elements.isEmpty && !elements.contains { $0.text.contains("json(") } && draw.chance(2)
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
      switch draw.below(5) {
      case 3: lines += record(name)
      case 4:
        guard let aggregate = aggregates.isEmpty ? nil : draw.pick(aggregates) else { continue }
        let column = draw.pick(aggregate.columns)
        let condition = draw.pick([
          "\(column) >= 2", "\(column) > 0", "\(column) = 1", "NOT \(column) < 3", "attribute_exists(\(column))",
        ])
        if draw.chance(2), let rows = selection(aggregate.groups) {
          lines.append("  \(name): { each: \(aggregate.name), when: \"\(condition)\", delete: \(rows) }")
        } else {
          let values = (aggregate.groups.map(\.name) + aggregate.columns).joined(separator: ", ")
          lines.append("  \(name): { each: \(aggregate.name), when: \"\(condition)\", topic: { name: t, value: [\(values)] } }")
        }
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

  /// An effect that publishes values of a change, of elements of a list, of a session or of a board.
  private mutating func record(_ name: String) -> [String] {
    let trigger: String
    var values: [String]
    switch draw.below(4) {
    case 0:
      guard let session = sessions.isEmpty ? nil : draw.pick(sessions) else { return [] }
      trigger = "\(session.name) \(draw.pick(["expired", "expired", "ended", "gap", "cut", "explicit", "removed"]))"
      values = session.key.map(\.name) + ["session_id", "started_at", "last_at", "ended_at", "status", "ended_by"]
    case 1:
      guard let board = windowed.isEmpty ? nil : draw.pick(windowed) else { return [] }
      trigger = "\(board.name) closed"
      values = board.board.map(\.name) + ["closed_at"]
    default:
      let item = item()
      let elements = item.fields.filter(\.isElement)
      let isOfElements = !elements.isEmpty && !elements.contains { $0.text.contains("json(") } && draw.chance(2)
      if isOfElements {
        let list = elements.contains { $0.name == "ev" } ? "M" : draw.pick(["L", "e"])
        let when = draw.chance(3) ? itemCondition(draw.chance(2) ? elements : item.plain, prefixes: ["", "old.", "new."]) : nil
        let event = "\(item.name) \(draw.pick(["added", "removed"]))(\(list))"
        trigger = when.map { "{ change: \"\(event)\", when: \"\($0)\" }" } ?? "\"\(event)\""
      } else {
        trigger = change(item)
      }
      values = item.all.map(\.name) + item.plain.flatMap { ["old.\($0.name)", "new.\($0.name)"] } + ["commit"]
    }
    values = (0..<(1 + draw.below(4))).map { _ in draw.pick(values) }
    let key = draw.chance(2) ? ", key: \(draw.pick(values))" : ""
    let order = draw.chance(3) ? ", order by: [\(values.joined(separator: ", "))]" : ""
    return ["  \(name): { each: \(trigger), topic: { name: t\(key), value: [\(values.joined(separator: ", "))] }\(order) }"]
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
