import DynamoModel
import Pipelines

/// One thing that happens to the tables or to the clock.
enum HistoryStep: CustomStringConvertible {
  case put(table: String, Item)
  case update(table: String, key: Item, set: Item, remove: [String])
  case delete(table: String, key: Item)
  /// Writes of different items in one transaction.
  indirect case together([HistoryStep])
  /// The table is deleted and created again.
  case recreate(table: String)
  /// Milliseconds.
  case advance(Int64)

  var description: String {
    switch self {
    case .put(let table, let item): "put \(table) \(HistoryStep.text(item))"
    case .update(let table, let key, let set, let remove):
      "update \(table) \(HistoryStep.text(key)) set \(HistoryStep.text(set)) remove \(remove)"
    case .delete(let table, let key): "delete \(table) \(HistoryStep.text(key))"
    case .together(let writes): "together:\(writes.map { "\n    \($0)" }.joined())"
    case .recreate(let table): "recreate \(table)"
    case .advance(let milliseconds): "advance \(milliseconds) ms"
    }
  }

  private static func text(_ item: Item) -> String {
    var writer = JSONWriter()
    writer.item(item)
    let text = String(decoding: writer.bytes, as: UTF8.self)
    return text.utf8.count > 1_000 ? String(text.prefix(200)) + "... (\(text.utf8.count) bytes)" : text
  }
}

/// Draws hostile histories: few keys, so that things collide; values of every type and size, at the edges of what a field takes; many
/// writes in one millisecond, and long times without any.
struct HistoryDraw {
  var draw: Draw
  /// Milliseconds since 1970: where the clock stands.
  private(set) var now: Int64

  /// Shortly before clocks go forward in Europe, before they go back, and before a year ends.
  static let starts: [Int64] = [1_774_735_200_000, 1_792_875_600_000, 1_767_220_200_000]

  private let focus: PipelineDraw.Focus
  private let keys: KeyDraw

  /// `start` is one of `starts` unless given.
  init(seed: UInt64, focus: PipelineDraw.Focus, keys: KeyDraw, start: Int64? = nil) {
    self.focus = focus
    self.keys = keys
    draw = Draw(seed: seed ^ 0x00ff_00ff)
    now = draw.pick(Self.starts)
    if let start { now = start }
  }

  mutating func steps() -> [HistoryStep] {
    let isHostile = !draw.chance(3)
    var steps = (0..<(25 + draw.below(45))).map { _ in step(isHostile) }
    if draw.chance(6) { steps.insert(.recreate(table: draw.pick(["Tab", "Box"])), at: draw.below(steps.count)) }
    return steps
  }

  private mutating func step(_ isHostile: Bool) -> HistoryStep {
    let kind = draw.below(10)
    if kind > 6 {
      let time = draw.pick(Self.times)
      now += time
      return .advance(time)
    }
    guard draw.chance(8) else { return write(kind, isHostile, to: key()) }
    var keys = [key()]
    for _ in 0..<1 + draw.below(4) {
      let other = key()
      if !keys.contains(where: { $0 == other }) { keys.append(other) }
    }
    return .together(keys.map { write(draw.below(7), isHostile, to: $0) })
  }

  private mutating func write(_ kind: Int, _ isHostile: Bool, to item: (table: String, key: Item)) -> HistoryStep {
    switch kind {
    case 0, 1, 2: put(isHostile, item)
    case 3, 4, 5: update(isHostile, item)
    default: .delete(table: item.table, key: item.key)
    }
  }

  private static let times: [Int64] = [
    1, 1, 1, 1, 999, 1_000, 1_000, 1_001, 60_000, 60_000, 300_000, 600_000, 600_000, 600_001, 1_200_000, 1_800_000, 1_800_000,
    1_800_001,
    3_600_000, 3_600_000, 3_600_001, 3_600_001, 7_200_000, 21_600_000, 21_600_000, 86_400_000, 86_400_000, 86_400_001,
    3_000_000_000,
    33_000_000_000,
  ]

  private mutating func key() -> (table: String, key: Item) {
    let focus = draw.chance(4) ? draw.pick(PipelineDraw.Focus.allCases) : focus
    return focus == .thing ? ("Box", keys.box(&draw)) : ("Tab", keys.tab(focus == .play, &draw))
  }

  private mutating func put(_ isHostile: Bool, _ of: (table: String, key: Item)) -> HistoryStep {
    var item = of.key
    for name in Self.names where !draw.chance(isHostile ? 7 : 12) { item[name] = value(name, isHostile) }
    if !draw.chance(4) { item["X"] = nil }
    return .put(table: of.table, item)
  }

  private mutating func update(_ isHostile: Bool, _ of: (table: String, key: Item)) -> HistoryStep {
    var set = Item()
    for name in draw.some(Self.names, 1 + draw.below(3)) { set[name] = value(name, isHostile) }
    return .update(table: of.table, key: of.key, set: set, remove: draw.chance(4) ? draw.some(Self.names, 1) : [])
  }

  private static let names = ["N", "D", "S", "G", "B", "T", "U", "Y", "J", "L", "M", "K", "Q", "X", "W", "N", "N", "S", "G", "G"]

  private mutating func value(_ name: String, _ isHostile: Bool) -> AttributeValue {
    if isHostile, draw.chance(40) {
      return draw.pick([.null, .string("x"), .number(Number(1)), .bool(true), .list([]), .map([:])])
    }
    let isEdge = isHostile && draw.chance(9)
    switch name {
    case "N":
      return number(
        isEdge
          ? draw.pick(["9223372036854775807", "-9223372036854775808", "9223372036854775808", "1.5", "1E125", "5E18"])
          : draw.pick(["0", "1", "2", "3", "3", "5", "-1"]))
    case "D":
      return number(
        isEdge
          ? draw.pick([
            "1E-130", "9.9E125", "-9.9E125", "99999999999999999999999999999999999999", "0.00000000000000000000000000000000000001",
          ])
          : draw.pick(["0", "0.1", "2.50", "-3", "7", "1E2"]))
    case "S":
      return .string(
        isEdge
          ? draw.pick([
            "a\u{0}b", "\u{0}#x", String(repeating: "v", count: 1_024), String(repeating: "v", count: 1_025), "e\u{301}",
            "\u{e9}", "",
          ])
          : draw.pick(["a", "b", "r1", "so #happy", "#sad day", "A"]))
    case "G":
      return .string(
        isEdge ? draw.pick(["\u{0}", String(repeating: "g", count: 1_025), "\u{e9}"]) : draw.pick(["A", "a", "b", "b"]))
    case "B": return .bool(draw.chance(2))
    case "T":
      return .string(isEdge ? draw.pick(Self.edges) : Timestamp.text(Instant(rawValue: (now + draw.pick(Self.near)) * 1_000)))
    case "U":
      return number(
        isEdge
          ? draw.pick(Self.numberedEdges)
          : draw.chance(2) ? "\((now + draw.pick(Self.near)) / 1_000)" : "\(now + draw.pick(Self.near))")
    case "Y":
      return .binary(
        isEdge ? [UInt8](repeating: 7, count: draw.pick([1_024, 1_025])) : draw.pick([[0], [1, 2], [255], [0, 0]]))
    case "J":
      return draw.pick([
        .map(["a": .number(Number(1))]), .list([.string("x"), .null]), .string("j"), .number(Number(2)), .string("\u{0}"),
      ])
    case "L":
      if draw.chance(3) { return .stringSet(draw.pick([["a", "b"], ["b"], ["a", "b", "c"]])) }
      return .list(
        (0..<draw.below(4)).map { _ in
          isEdge ? draw.pick([.number(Number(4)), .string("\u{0}")]) : .string(draw.pick(["a", "b", "c", "a"]))
        })
    case "M":
      return .list(
        (0..<draw.below(4)).map { _ in
          var map: Item = [
            "k": .string(isEdge ? draw.pick(["a", "\u{0}"]) : draw.pick(["a", "b", "c"])),
            "v": .number(Number(Int64(draw.below(4)))),
          ]
          if draw.chance(8) { map[draw.pick(["k", "v"])] = nil }
          return .map(map)
        })
    case "W":
      return .string(
        draw.pick([
          "[1,2]", "[\"a\",\"b\",\"a\"]", "{\"a\":1,\"b\":\"x\"}", "{\"in\":{\"p\":1,\"q\":null}}", "{\"a\":1,\"a\":2}",
          "not JSON", "7", "null",
          "[]",
        ]))
    case "X": return number("\(now / 1_000 + draw.pick([1, 600, 1_800, 3_600, 86_400, 500_000_000]))")
    default: return .string(draw.pick(["a", "b"]))
    }
  }

  private static let near: [Int64] = [0, 0, 1_000, 600_000, 1_800_000, 3_600_000, 86_400_000, -1_000, -3_600_000, -86_400_000]
  private static let edges = [
    "0001-01-01T00:00:00Z", "0000-12-31T23:59:59Z", "9999-12-31T23:59:59.999999Z", "10000-01-01T00:00:00Z", "2026-03-29T02:30:00",
    "0001-01-01T00:00:00", "0001-01-01T05:00:00+05:00", "0001-01-01T04:59:59.999999+05:00", "9999-12-31T23:59:59",
    "9999-12-31T18:59:59.999999-05:00", "9999-12-31T19:00:00-05:00", "2026-10-25T02:30:00", "2026-13-01", "2026-03-29",
    "2026-03-29T01:00:00.5+01:00",
  ]

  /// In seconds, and in milliseconds: the first instant of the year 1 and the last of 9999, and those beside them.
  private static let numberedEdges = [
    "0", "-62135596800", "-62135596801", "-62135596800.000001", "253402300799", "253402300799.999999", "253402300800",
    "-62135596800000", "-62135596800001", "253402300799999", "253402300800000", "1E30", "1.5",
  ]

  private func number(_ text: String) -> AttributeValue {
    guard let number = try? Number(text) else { preconditionFailure("\(text) is a number") }
    return .number(number)
  }
}
