import ChangeLog
import DynamoModel
import LiteralTestKit
import MemoryReadModels
import Pipelines
import Projections
import ProjectionTestKit
import ReadModels
import RecordLiteralTestKit
import Testing

@testable import Workers

/// The decider on a store: what lies below the least watermark, whole changes, and what a hand-over has to know.
@Suite struct DeciderTests {
  static let yaml = """
    pipeline: deciding
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      play: { in: Tab, match: { PK: "U:{name}", SK: "{n}" }, fields: { room: Room optional } }
    projections:
      sittings: { sessions: [name, room], touch: [play inserted, play changed], gap: 1h, one live per: room }
      plays: { collection: play, key: [name, n], columns: [room] }
      hours: { leaderboard: name, each: play inserted, board: [hour of commit], score: count }
    effects:
      passed: { each: hours closed, delete: { rows: plays, where: room = :hour } }

    """

  private struct Opened {
    let models = MemoryReadModels()
    let pipeline: Pipeline
    let generation: Generation
    let store: any GenerationStore
    let hand: LaneHand

    init() throws {
      pipeline = try ProjectionTestKit.pipeline(DeciderTests.yaml)
      generation = Generation(number: 1, fingerprint: "", state: .current, store: "g")
      store = try models.stores.generation(generation, pipeline)
      hand = LaneHand(store)
    }

    func decider(partitions: [TableIndex: Int]) throws -> Decider {
      try Decider(store, partitions: partitions, .always(EffectRules.names(of: pipeline)))
    }

    func rows(_ projection: ProjectionID) throws -> Int {
      var count = 0
      try models.reader(generation, pipeline).rows(projection, where: [], newest: nil, limit: .max) { _ in count += 1 }
      return count
    }
  }

  private func item(_ name: String) -> Item {
    ["PK": .string("U:\(name)"), "SK": .string("1"), "Room": .string("room of \(name)")]
  }

  /// Names whose items are in each of two partitions.
  private func names(_ history: TestHistory) throws -> [String] {
    try (0..<2).map { partition in
      try #require((0..<50).map { "n\($0)" }.first { history.partition(of: ["PK": .string("U:\($0)")]) == partition })
    }
  }

  @Test func `of a table whose partitions are not known no watermark holds, whatever its first lane has`() throws {
    let pipeline = try ProjectionTestKit.pipeline(DeciderTests.yaml)
    func position(_ watermark: Int64) -> LanePosition {
      LanePosition(
        cursor: LogCursor(tableID: TestHistory.tableID(0), sequence: 1), watermark: Instant(rawValue: watermark))
    }
    let first = [LaneID(table: 0, partition: 0): position(500)]
    let both = first.merging([LaneID(table: 0, partition: 1): position(300)]) { $1 }
    func least(_ partitions: [TableIndex: Int], _ lanes: [LaneID: LanePosition]) -> Instant? {
      LeastWatermark(pipeline, partitions, lanes).least(of: [0]).watermark
    }
    #expect(least([:], first) == nil && least([:], both) == nil)
    #expect(least([0: 2], first) == nil)
    #expect(least([0: 2], both) == Instant(rawValue: 300))
    #expect(least([0: 1], both) == Instant(rawValue: 500))
  }

  @Test func `it waits for every lane, and for the one that is furthest back`() throws {
    let opened = try Opened()
    var history = TestHistory(opened.pipeline, partitions: 2)
    let names = try names(history)
    history.put(item(names[0]))
    history.time += 10
    history.put(item(names[1]))
    history.time += 10
    let decider = try opened.decider(partitions: [0: 2])
    try opened.hand.checkpoint(LaneID(table: 0, partition: 0), history)
    // Nothing is known of the other lane.
    #expect(try !decider.round() && opened.rows(0) == 0 && !decider.hasWritten)
    let held = [Decider.Hold(projection: 0, lane: LaneID(table: 0, partition: 1), waiting: 1)]
    #expect(decider.holds == held)
    // It is taken, and stands at the first record's time: what lies at that time waits.
    try opened.hand.checkpoint(LaneID(table: 0, partition: 1), history, limit: 0, watermark: TestHistory.start)
    #expect(try !decider.round() && opened.rows(0) == 0)
    #expect(decider.holds == held)
    try opened.hand.checkpoint(LaneID(table: 0, partition: 1), history)
    #expect(try !decider.round())
    #expect(try opened.rows(0) == 2 && decider.hasWritten)
    #expect(decider.holds.isEmpty)
    #expect(try opened.store.decided()[0] == Instant(history.time))
    #expect(try !decider.round() && !decider.hasWritten)
  }

  @Test func `a round folds a limited number of steps, and no change twice`() throws {
    let opened = try Opened()
    var history = TestHistory(opened.pipeline)
    let count = Decider.stepsMax + 700
    for number in 0..<count { history.put(item("n\(number)")) }
    history.time += 10
    try opened.hand.checkpointAll(history)
    let decider = try opened.decider(partitions: [0: 1])
    var waiting: [Int] = []
    repeat { waiting.append(try opened.store.stepsWaiting(0)) } while try decider.round()
    // The last change of a full round may have more steps: it is left to the next.
    #expect(waiting == [count, 701])
    #expect(try opened.store.stepsWaiting(0) == 0 && opened.rows(0) == count)
    #expect(try opened.store.decided()[0] == Instant(history.time))
  }

  @Test func `a closed board is said to be decided, so that a rebuild does not close it again`() throws {
    let opened = try Opened()
    var history = TestHistory(opened.pipeline)
    history.put(item("a"))
    history.time += 3_600_000
    try opened.hand.checkpointAll(history)
    let decider = try opened.decider(partitions: [0: 1])
    while try decider.round() {}
    let end = Instant(history.time)
    #expect(try opened.store.decided()[2] == end + 1)
    var effects = try opened.store.dueEffects(DueEffects(effect: "passed", now: 0, limit: 10))
    #expect(effects.map(\.at) == [end])
    // Somebody discards it; another generation makes it again, and hands it over.
    #expect(try opened.store.change(.one(effects[0].id), .discard) == 1)
    let rebuilt = try Opened()
    try rebuilt.hand.checkpointAll(history)
    let again = try rebuilt.decider(partitions: [0: 1])
    while try again.round() {}
    let projections = opened.pipeline.projections
    let decided = Dictionary(uniqueKeysWithValues: try opened.store.decided().map { (projections[$0.key].name, $0.value) })
    try rebuilt.store.handOver(OldGeneration(lanes: try opened.store.lanes(), decided: decided, outbox: []))
    effects = try rebuilt.store.dueEffects(DueEffects(effect: "passed", now: 0, limit: 10))
    #expect(effects.isEmpty, "\(effects.map(\.at))")
  }

  @Test func `a decider that was taken over commits nothing more`() throws {
    let opened = try Opened()
    var history = TestHistory(opened.pipeline)
    history.put(item("a"))
    history.time += 1
    try opened.hand.checkpointAll(history)
    let old = try opened.decider(partitions: [0: 1])
    let new = try opened.decider(partitions: [0: 1])
    #expect(throws: ReadModelError.self) { try old.round() }
    #expect(try opened.rows(0) == 0)
    while try new.round() {}
    #expect(try opened.rows(0) == 1)
  }

  @Test func `logs that stand still are folded to their ends`() throws {
    let opened = try Opened()
    var history = TestHistory(opened.pipeline)
    history.put(item("a"))
    try opened.hand.checkpointAll(history)
    let decider = try opened.decider(partitions: [0: 1])
    #expect(try !decider.round() && opened.rows(0) == 0)
    while try decider.round(isSettled: true) {}
    #expect(try opened.rows(0) == 1)
  }
}
