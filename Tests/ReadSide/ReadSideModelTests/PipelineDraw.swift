/// Draws the text of a pipeline file. Most of what it draws the loader accepts; what it refuses is drawn again.
///
/// Two tables: `Tab`, with a sort key and a TTL, holds plays and chats; `Box`, with a partition key only, holds things. Keys are of the types
/// that `KeyDraw` says. Attributes have short names that say their type (`N` a number, `S` a text, ...), and `HistoryDraw` writes anything into them.
struct PipelineDraw {
  /// A field of an item, as the projections may use it.
  struct FieldDraw: Equatable {
    let name: String
    let type: String
    let text: String
    var isElement = false
  }

  struct ItemDraw {
    let name: String
    let table: String
    /// Parts of the key, partition key first.
    let captures: [FieldDraw]
    let fields: [FieldDraw]

    /// What items of several kinds have in common.
    var withoutKey: ItemDraw {
      ItemDraw(name: name, table: table, captures: [], fields: fields.filter { !$0.isElement && $0.name != "mood" })
    }

    var plain: [FieldDraw] { captures + fields.filter { !$0.isElement } }
    var all: [FieldDraw] { captures + fields }
  }

  /// As many bytes as a name in SQL has at most.
  static let nameBytesMax = 63

  var draw: Draw
  /// A name of one byte too many that the file has: the loader is to refuse the file for it.
  private(set) var overlong: (name: String, inSQL: String)?
  private(set) var onePartition = false
  private var hasSeasons = false
  /// Of the columns that were drawn last.
  private(set) var columnNames: [String] = []
  var items: [ItemDraw] = []
  /// Collections that effects may delete the rows of: name, and columns with their types.
  var collections: [(name: String, columns: [(name: String, type: String)])] = []
  var sessions: [(name: String, key: [FieldDraw], isItem: Bool)] = []
  /// Aggregates, with names of their columns and of groups that are fields.
  var aggregates: [(name: String, groups: [(name: String, type: String)], columns: [String])] = []
  var windowed: [(name: String, board: [(name: String, type: String)])] = []

  static let zones = ["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]

  /// What most of the file and of its history is about.
  let focus: Focus
  private let keys: KeyDraw

  enum Focus: CaseIterable {
    case play, chat, thing
  }

  init(seed: UInt64, focus: Focus, keys: KeyDraw) {
    draw = Draw(seed: seed)
    self.keys = keys
    self.focus = focus
  }

  /// An item that a projection or effect is about.
  mutating func item() -> ItemDraw {
    if !draw.chance(4), let item = items.last(where: { $0.name == "\(focus)" }) { return item }
    return draw.pick(items)
  }

  mutating func text() -> String {
    onePartition = draw.chance(6)
    var lines = ["pipeline: drawn", "tables:"]
    lines.append(
      "  Tab: { key: { partition: PK \(KeyDraw.word(keys.partition)), sort: SK \(KeyDraw.word(keys.sort)) }, ttl: X\(onePartition ? ", partitions: 1" : "") }"
    )
    lines.append("  Box: { key: { partition: PK \(KeyDraw.word(keys.box)) }\(draw.chance(2) ? ", ttl: X" : "") }")
    lines.append("items:")
    let box = keys.form("box", keys.box, mark: nil)
    var kinds: [(name: String, table: String, match: String, captures: [FieldDraw])] = [
      tabKind("play", ["who", "what"], ("P:", "1")), tabKind("chat", ["room", "note"], ("C:", "2")),
      ("thing", "Box", "PK: \"\(box.text)\"", [FieldDraw(name: "box", type: box.type, text: "")]),
    ]
    // An item whose `K` changes is of another kind.
    let hasClasses = draw.chance(2)
    if hasClasses { kinds.insert(("game", "Tab", kinds[0].match, kinds[0].captures), at: 0) }
    for item in kinds {
      let fields = drawFields()
      items.append(ItemDraw(name: item.0, table: item.1, captures: item.3, fields: fields))
      lines.append("  \(item.0):")
      lines.append("    in: \(item.1)")
      lines.append("    match: { \(item.2) }")
      lines.append(
        "    fields: { \(fields.filter { $0.name != "mood" }.map { $0.text.hasPrefix("{") ? "\($0.name): \($0.text)" : "\($0.name): \"\($0.text)\"" }.joined(separator: ", ")) }"
      )
      if let mood = fields.first(where: { $0.name == "mood" }) { lines.append("    capture: { mood: \(mood.text) }") }
      if item.name == "game" {
        lines.append("    when: \"K = 'a'\"")
      } else if item.name == "play", keys.sign == .attribute {
        lines.append("    when: \"attribute_exists(Q)\"")
      } else if draw.chance(3) {
        lines.append("    when: \"\(itemCondition(fields.filter { !$0.isElement }))\"")
      }
    }
    lines.append("projections:")
    let count = 3 + draw.below(4)
    for index in 0..<count { lines += projection(index) }
    let effects = drawEffects()
    if !effects.isEmpty { lines += ["effects:"] + effects }
    if hasSeasons {
      let ends = draw.chance(2) ? ", ends: 2026-01-01T11:00:00Z" : ""
      lines.append(
        "seasons: { one: { starts: 2025-01-01T00:00:00Z\(ends) }, two: 2026-01-01T12:00:00Z, last: 2026-01-03T00:00:00+01:00 }")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A kind of item of `Tab`, with what its key begins with where that tells kinds apart.
  private func tabKind(
    _ name: String, _ names: [String], _ mark: (text: String, digit: String)
  ) -> (name: String, table: String, match: String, captures: [FieldDraw]) {
    let partition = keys.form(names[0], keys.partition, mark: keys.sign == .partition ? mark : nil)
    let sort = keys.form(names[1], keys.sort, mark: keys.sign == .sort ? mark : nil)
    return (
      name, "Tab", "PK: \"\(partition.text)\", SK: \"\(sort.text)\"",
      [FieldDraw(name: names[0], type: partition.type, text: ""), FieldDraw(name: names[1], type: sort.type, text: "")]
    )
  }

  /// At times a name that is as long as it may be together with what SQL adds to it, and rarely one byte longer.
  mutating func named(_ name: String, and added: String = "") -> String {
    guard draw.chance(12) else { return name }
    let isOverlong = added != "_sort" && draw.chance(8)
    let long = name + String(repeating: "x", count: Self.nameBytesMax - name.utf8.count - added.utf8.count + (isOverlong ? 1 : 0))
    if isOverlong { overlong = (long, long + added) }
    return long
  }

  private mutating func drawFields() -> [FieldDraw] {
    func optional(_ yes: Bool) -> String { yes ? " optional" : "" }
    var fields: [FieldDraw] = []
    fields.append(
      draw.chance(5)
        ? FieldDraw(name: "n", type: "integer", text: "{ from: N, type: integer, default: 7 }")
        : FieldDraw(name: "n", type: "integer", text: "N integer\(optional(!draw.chance(3)))"))
    fields.append(FieldDraw(name: "d", type: "decimal", text: "D decimal\(optional(!draw.chance(4)))"))
    fields.append(FieldDraw(name: "s", type: "string", text: "S\(optional(!draw.chance(4)))"))
    fields.append(FieldDraw(name: "g", type: "string", text: "\(draw.chance(4) ? "lower(G)" : "G")\(optional(!draw.chance(4)))"))
    fields.append(FieldDraw(name: "b", type: "boolean", text: "B boolean optional"))
    let form = draw.pick(["timestamp(UTC)", "timestamp(UTC)", "timestamp(Europe/Paris)", "timestamp"])
    fields.append(FieldDraw(name: "t", type: "timestamp", text: "T \(form) optional"))
    fields.append(
      FieldDraw(name: "u", type: "timestamp", text: "U \(draw.pick(["timestamp(seconds)", "timestamp(milliseconds)"])) optional"))
    fields.append(FieldDraw(name: "bin", type: "bytes", text: "Y bytes optional"))
    fields.append(FieldDraw(name: "j", type: "json", text: "J json optional"))
    if draw.chance(3) {
      fields.append(
        FieldDraw(
          name: "a", type: "decimal",
          text: draw.pick(["D * 2 decimal optional", "D / N optional", "(D - N) * (D + 0.5) optional"])))
      fields.append(FieldDraw(name: "v", type: "timestamp", text: "T \(draw.pick(["+", "-"])) 1h30m timestamp(UTC) optional"))
    }
    switch draw.below(6) {
    case 2:
      fields.append(
        FieldDraw(
          name: "e", type: "string", text: "explode(json(W), \(draw.pick(["key", "value"]))) any optional", isElement: true))
      fields.append(FieldDraw(name: "ev", type: "integer", text: "explode(json(W), ordinal) integer", isElement: true))
    case 3:
      fields.append(
        FieldDraw(name: "e", type: "string", text: "{ from: \"explode(json(W, 'in'), key)\", optional: true }", isElement: true))
    case 0: fields.append(FieldDraw(name: "e", type: "string", text: "explode(L)\(optional(!draw.chance(3)))", isElement: true))
    case 1:
      fields.append(FieldDraw(name: "e", type: "string", text: "explode(M, 'k') optional", isElement: true))
      fields.append(
        FieldDraw(
          name: "ev", type: "integer", text: "{ from: \"explode(M, 'v')\", type: integer, optional: true }", isElement: true))
    default: break
    }
    if draw.chance(3) {
      fields.append(
        FieldDraw(name: "mood", type: "string", text: "{ from: s, pattern: '#(?<w>\\w+)', group: w, optional: true }"))
    }
    return fields
  }

  /// A condition about an item. `prefixes` are put before names at random.
  mutating func itemCondition(_ fields: [FieldDraw], prefixes: [String] = [""]) -> String {
    func one(_ draw: inout Draw) -> String {
      let prefix = draw.pick(prefixes)
      let field = draw.pick(fields.filter { ["integer", "decimal", "string", "boolean"].contains($0.type) })
      // An element is of the image alone.
      let name = field.isElement ? field.name : prefix + field.name
      switch draw.below(6) {
      case 0 where !field.isElement: return "K = '\(draw.pick(["a", "b"]))'"
      case 1 where !field.isElement: return "attribute_exists(\(prefix)\(draw.pick(["K", "Q"])))"
      case 2 where !field.isElement: return "NOT \(prefix)K = 'a'"
      default:
        switch field.type {
        case "integer", "decimal": return "\(name) \(draw.pick([">", "<", ">=", "<>"])) \(draw.pick(["0", "3", "-1"]))"
        case "boolean": return "\(name) = \(draw.pick(["true", "false"]))"
        default: return "\(name) \(draw.pick(["=", "<>", "<"])) '\(draw.pick(["a", "b", "r1"]))'"
        }
      }
    }
    let first = one(&draw)
    return draw.chance(3) ? "\(first) \(draw.pick(["AND", "OR"])) \(one(&draw))" : first
  }

  /// A value that may stand in a key, group, board or member, with its name and type; `nil` names itself.
  /// With `images`, in rules over changes, it may be of the old or the new image.
  mutating func keyed(_ item: ItemDraw, elements: Bool, images: Bool = false) -> (name: String, type: String, text: String) {
    let fields = (elements ? item.all : item.plain).filter { $0.type != "json" }
    // Few different values make groups meet.
    let likely = fields.filter { ["g", "who", "room", "box", "n", "e", "b"].contains($0.name) }
    let field = draw.chance(4) ? draw.pick(fields) : draw.pick(likely)
    if field.type == "string", !field.isElement, draw.chance(8) {
      let name = named("up_\(field.name)")
      return (name, "string", "{ \(name): upper(\(field.name)) }")
    }
    if images, !field.isElement, draw.chance(5) {
      return ("of_\(field.name)", field.type, "{ of_\(field.name): \(draw.pick(["old", "new"])).\(field.name) }")
    }
    return (field.name, field.type, field.name)
  }

  /// A field as a value of a rule over changes: of the image that the change leaves, or of one of both by name.
  mutating func value(_ field: FieldDraw, images: Bool) -> String {
    images && !field.isElement && draw.chance(4) ? "\(draw.pick(["old", "new"])).\(field.name)" : field.name
  }

  private static let periods = [
    "hour", "day", "week", "month", "quarter", "year", "hour", "day", "week", "month", "season", "1m", "15m", "30m",
  ]
  /// A column of periods of a time, and what may be said beside it of the zone and of when days and weeks start.
  mutating func period(of time: String) -> (name: String, text: String, lines: [String]) {
    let unit = draw.pick(Self.periods)
    if unit == "season" {
      hasSeasons = true
      return (unit, "\(unit) of \(time)", [])
    }
    var lines = draw.chance(2) ? ["    zone: \(draw.pick(Self.zones))"] : []
    if unit.hasSuffix("m") { return ("slot", "{ slot: \(unit) of \(time) }", lines) }
    if unit != "hour", draw.chance(3) { lines.append("    day starts: \"\(draw.pick(["06:00", "00:01", "02:30", "23:59"]))\"") }
    if unit == "week", draw.chance(2) { lines.append("    week starts: \(draw.pick(["sunday", "thursday"]))") }
    return (unit, "\(unit) of \(time)", lines)
  }

  /// `count: ...` and the like of an aggregate or of sessions.
  mutating func columns(_ fields: [FieldDraw], overItems: Bool, ofSessions: Bool, isItem: Bool = false) -> String {
    let numbers = fields.filter { $0.type == "integer" || $0.type == "decimal" }
    let ordered = fields.filter { $0.type != "json" }
    let images = !overItems && !isItem
    var columns: [String] = []
    var names: [String] = []
    for index in 0..<(1 + draw.below(4)) {
      let text: String
      switch draw.below(ofSessions ? 11 : 8) {
      case 0: text = "count"
      case 1: text = numbers.isEmpty ? "count" : "sum(\(value(draw.pick(numbers), images: images)))"
      case 2: text = "min(\(value(draw.pick(ordered), images: images)))"
      case 3: text = "max(\(value(draw.pick(ordered), images: images)))"
      case 4: text = "distinct(\(value(draw.pick(ordered), images: images)))"
      case 5, 6:
        let by = overItems || draw.chance(2) ? " by \(value(draw.pick(ordered), images: images))" : ""
        text = "\(draw.pick(["first", "last"]))(\(value(draw.pick(fields), images: images))\(by))"
      case 7: text = numbers.isEmpty ? "count" : "avg(\(value(draw.pick(numbers), images: images)))"
      case 8: text = draw.pick(["duration", "duration(ms)"])
      default: text = value(draw.pick(fields), images: images)
      }
      // A decimal has a second column in SQL, `_sort`.
      let name = named("c\(index)", and: text == "count" ? "" : "_sort")
      names.append(name)
      columns.append("\(name): \"\(text)\"")
    }
    columnNames = names
    return "{ \(columns.joined(separator: ", ")) }"
  }

  /// A change as `each`, `touch` and effects name it, with a `when` at times.
  mutating func change(
    _ item: ItemDraw, _ events: [String] = ["inserted", "changed", "changed(n)", "changed(s, g)", "removed", "expired"],
    when: Bool = true
  )
    -> String
  {
    let event = "\(item.name) \(draw.pick(events))"
    guard when, draw.chance(3) else { return "\"\(event)\"" }
    return "{ change: \"\(event)\", when: \"\(itemCondition(item.plain, prefixes: ["", "old.", "new."]))\" }"
  }

  mutating func changes(
    _ item: ItemDraw, events: [String] = ["inserted", "changed", "changed(n)", "changed(s, g)", "removed", "expired"]
  ) -> String {
    var all = (0..<(1 + draw.below(2))).map { _ in change(item, events) }
    // Fields of two kinds of item have the same names, captures of the key only where the kinds share them.
    if let other = items.first(where: { $0.name != item.name && $0.captures == item.captures }), draw.chance(2) {
      all.append(change(other, events))
    }
    return "[\(all.joined(separator: ", "))]"
  }
}
