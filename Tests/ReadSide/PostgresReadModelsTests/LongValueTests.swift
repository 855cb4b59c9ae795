import DynamoModel
import LiteralTestKit
import MemoryReadModels
import Pipelines
import PostgresTestKit
import ProjectionTestKit
import RandomTestKit
import ReadModels
import RecordLiteralTestKit
import Testing

/// Keys and values as long as they may be, of characters that do not compress: longer than an index of PostgreSQL takes.
@Suite(.enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped))) struct LongValueTests {
  private static let text = """
    pipeline: long
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      play:
        in: Tab
        match: { PK: "{name}|{rest}", SK: "{n}" }
        fields: { a: A, b: B, c: C, who: Who optional, points: Points integer optional, amount: Amount decimal optional, flag: Flag boolean optional, raw: Raw bytes optional, doc: Doc json optional, at: At timestamp optional }
    projections:
      plays: { collection: play, key: [a, b, c], columns: [points, amount, flag, raw, doc, at] }
      named: { collection: play, key: [a], columns: [points, doc] }
      rooms:
        aggregate: [a, b, c]
        of: play
        columns: { n: count, names: distinct(who), least: min(who), most: max(at), first_who: first(who by points), last_who: last(who by who) }
      pairs: { aggregate: [a, raw], of: play, columns: { n: count, total: sum(amount), least: min(raw) } }
      greatest: { leaderboard: who, of: play, board: [a, b], score: max(points) }
      kept: { leaderboard: who, of: play, board: [a, b], score: sum(points), keep: [2 boards, 3 members] }
      logins: { session: play, key: [name, rest, n], gap: 5m, expire: delete item }
      sums: { sessions: [name, rest], touch: [play inserted, play changed], gap: 1m, columns: { points: sum(points) } }
      live: { session: play, key: [name, rest, n], one live per: [a, b], gap: 5m, expire: delete item }

    """

  private static func history(_ pipeline: Pipeline, _ random: inout SeededGenerator) throws -> TestHistory {
    var history = TestHistory(pipeline, partitions: 2)
    func letters(_ count: Int, _ random: inout SeededGenerator) -> String {
      String(
        (0..<count).map { _ in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/".randomElement(using: &random)! }
      )
    }
    let long = (0..<4).map { _ in letters(1_024, &random) }
    let texts = long + [letters(900, &random), "", "a", "ä\u{10FFFF}\u{1F600}", letters(256, &random)]
    let documents = [
      #"{ "b": 1.0, "a": [1e400, "\ud800", null], "a": 2 }"#, "[]", #""x""#, "1e-400", #"{"z":{"y":[true,false]}}"#,
    ]
    let times = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-02-28T23:59:59.123456+01:00"]
    let names = (0..<5).map { _ in letters(1_000, &random) }
    for number in 0..<160 {
      history.time += [0, 1, 40, 70_000].randomElement(using: &random) ?? 0
      func text() -> String { texts.randomElement(using: &random) ?? "" }
      let key: Item = [
        // As long as keys may be, and of two that differ only at their ends.
        "PK": .string("\(names.randomElement(using: &random) ?? "")|\(String(repeating: "k", count: 1_000))\(number % 7 / 6)"),
        "SK": .string(long[0].prefix(1_020) + "\(Int.random(in: 0..<4, using: &random))"),
      ]
      if Int.random(in: 0..<6, using: &random) == 0 {
        history.delete(key)
        continue
      }
      var item = key
      for name in ["A", "B", "C"] { item[name] = .string(text()) }
      item["Who"] = .string(text())
      item["Points"] = .number(Number(Int64.random(in: -3...3, using: &random)))
      item["Amount"] = .number(
        try Number(["-9.9999999999999999999999999999999999999e125", "1e-130", "0.10", "7"].randomElement(using: &random)!))
      item["Flag"] = .bool(number % 2 == 0)
      item["Raw"] = .binary((0..<[0, 3, 1_024][number % 3]).map { _ in UInt8.random(in: 0...1, using: &random) })
      item["Doc"] = .string(documents.randomElement(using: &random)!)
      item["At"] = .string(times.randomElement(using: &random)!)
      history.put(item)
    }
    // Everything ends.
    history.time += 3_600_000
    history.put(["PK": .string("last|1"), "SK": .string("1"), "A": .string("a"), "B": .string("b"), "C": .string("c")])
    return history
  }

  @Test func `the longest keys and values are kept as other stores keep them`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    let own = try OwnSchema(Self.text)
    let history = try Self.history(own.pipeline, &random)
    let memory = MemoryReadModels()
    let expected = LaneHand(try memory.stores.generation(own.generation, own.pipeline))
    let worker = try own.worker()
    for hand in [expected, worker] {
      try hand.takeAll(history)
      for _ in 0..<12 {
        for partition in 0..<2 { try hand.checkpoint(LaneID(table: 0, partition: partition), history, limit: 9) }
      }
      for partition in 0..<2 { try hand.checkpoint(LaneID(table: 0, partition: partition), history) }
    }
    let (found, wanted) = (try own.everything(), try own.everything(memory.reader(own.generation, own.pipeline)))
    #expect(found.count > 60, "seed \(seed)")
    let difference = Set(found).symmetricDifference(wanted).map { String($0.prefix(200)) + "..." + String($0.suffix(200)) }
    #expect(found == wanted, "seed \(seed): \(difference.sorted().prefix(4))")
    let states = Set(EffectState.allCases)
    func effects(_ hand: LaneHand) throws -> [String] {
      try hand.store.effects(states, after: .none, limit: .max).map(\.pending.idempotencyKey).sorted()
    }
    #expect(try effects(worker) == effects(expected), "seed \(seed)")
    // The decider has the same to fold, and looks its sessions up in the same way.
    let id = try #require(own.pipeline.projection(named: "live"))
    #expect(try worker.store.stepsWaiting(id) == expected.store.stepsWaiting(id))
  }

  /// As many columns as a table may have, each longer than its share of a page; and keys of more columns than an index takes.
  private static func wide() -> String {
    let names = (0..<(SQLTable.columnsMax - 5)).map { "c\($0)" }
    let fields = names.map { "\($0): \($0)" } + (0..<40).map { "n\($0): n\($0) integer" }
    let numbers = (0..<40).map { "n\($0)" }.joined(separator: ", ")
    return """
      pipeline: wide
      tables: { Tab: { key: { partition: PK string } } }
      items:
        row: { in: Tab, match: { PK: "{id}" }, fields: { \(fields.joined(separator: ", ")) } }
      projections:
        rows: { collection: row, key: [id], columns: [\(names.joined(separator: ", "))] }
        keys: { collection: row, key: [\(numbers)], columns: [c0], order: { by_number: [\(numbers)] } }
        groups: { aggregate: [\(numbers)], of: row, columns: { n: count } }
      """
  }

  @Test func `a table of the most columns and keys of more than an index takes are kept as other stores keep them`() throws {
    let own = try OwnSchema(Self.wide())
    let rows = try #require(own.pipeline.projection(named: "rows"))
    #expect(own.pipeline.projections[rows].table.sqlColumnCount == SQLTable.columnsMax)
    var random = SeededGenerator(seed: 1)
    var history = TestHistory(own.pipeline, partitions: 1)
    for number in 0..<4 {
      history.time += 1
      var item: Item = ["PK": .string("row-\(number % 3)")]
      for column in 0..<SQLTable.columnsMax {
        // What does not compress.
        let bits = (0..<50).map { _ in UInt64.random(in: 0 ... .max, using: &random) }
        item["c\(column)"] = .string(bits.map { String($0, radix: 36) }.joined())
      }
      for column in 0..<40 { item["n\(column)"] = .number(Number(Int64(column == 39 ? number : column))) }
      history.put(item)
    }
    let memory = MemoryReadModels()
    let expected = LaneHand(try memory.stores.generation(own.generation, own.pipeline))
    let worker = try own.worker()
    for hand in [expected, worker] {
      try hand.takeAll(history)
      for _ in 0..<4 { try hand.checkpoint(LaneID(table: 0, partition: 0), history, limit: 1) }
    }
    let found = try own.everything()
    #expect(found.count > 8)
    #expect(found == (try own.everything(memory.reader(own.generation, own.pipeline))))
  }
}
