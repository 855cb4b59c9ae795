import ChangeLog
import ChangeRecords
import Foundation
import Pipelines
import Postgres
import PostgresReadModels
import PostgresTestKit
import ProjectionTestKit
import Projections
import ReadModelConformance
import ReadModels
import RecordLiteralTestKit
import Testing

/// Several processes on one pipeline's read models: who leads, who may write, who carries out an effect.
@Suite(.timeLimit(.minutes(1)), .enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped)))
struct SharingTests {
  private let lane = LaneID(table: TableIndex(rawValue: 0), partition: 0)
  private let start = LogCursor(tableID: TestHistory.tableID(TableIndex(rawValue: 0)), sequence: .beforeAll)

  /// A process of its own: another name in what it claims.
  private func milliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

  private func process(_ own: OwnSchema) -> PostgresDatabase { PostgresDatabase(own.settings, namespace: own.database.namespace) }

  @Test func `a generation that was just begun is not given up for a third definition, but when nobody has led it for a while`()
    throws
  {
    let own = try OwnSchema(StorePipelines.groups)
    let second = try process(own).stores.pipeline("p").generation(for: "second", definition: StorePipelines.groups)
    #expect(second.state == .building)
    let third = try process(own).stores.pipeline("p")
    func begin() throws -> Int { try third.generation(for: "third", definition: StorePipelines.groups).number }
    guard case .held(let reason)? = refusal({ _ = try begin() }) else {
      Issue.record("the second was given up")
      return
    }
    #expect(reason.hasPrefix("generation \(second.number) is being built by another definition of the pipeline"), "\(reason)")
    // A worker leads it at once, and then it is protected as ever.
    let worker = try process(own).stores.pipeline("p")
    #expect(try worker.lead(second, for: .seconds(60)))
    try worker.stopLeading(second)
    #expect(refusal { _ = try begin() } != nil)
    let schema = PostgresConnection.identifier(String(own.database.schema(of: own.generation).dropLast(2)))
    try own.execute("UPDATE \(schema).leads SET until = clock_timestamp() - interval '11 seconds'")
    #expect(try begin() == second.number + 1)
    #expect(try third.generations().map(\.fingerprint) == [own.generation.fingerprint, "third"])
  }

  @Test func `one process leads, another when its time is over or it stops`() throws {
    let own = try OwnSchema(StorePipelines.groups)
    let first = try process(own).stores.pipeline("p")
    let second = try process(own).stores.pipeline("p")
    #expect(try first.lead(own.generation, for: .seconds(60)))
    #expect(try first.lead(own.generation, for: .seconds(60)))
    #expect(try !second.lead(own.generation, for: .seconds(60)))
    try second.stopLeading(own.generation)
    #expect(try !second.lead(own.generation, for: .seconds(60)), "who does not lead takes nothing away")
    try first.stopLeading(own.generation)
    #expect(try second.lead(own.generation, for: .milliseconds(0)))
    // Its time was over at once.
    #expect(try first.lead(own.generation, for: .seconds(60)))
    #expect(try !second.lead(own.generation, for: .seconds(60)))
  }

  @Test func `what processes report is known to all: of a lane what its last owner says, of a process what it says last`() throws
  {
    let own = try OwnSchema(StorePipelines.groups)
    let (first, second) = (process(own), process(own))
    let (a, b) = (try first.stores.pipeline("p"), try second.stores.pipeline("p"))
    let nothing = try #require(try a.reported())
    let now = try #require(nothing.now)
    #expect(nothing == ReportedWork(now: now) && abs(now - milliseconds()) < 60_000)
    func lane(_ partition: Int, sequence: SequenceNumber, stopped: String? = nil, retention: Int64? = nil) -> WorkReport.Lane {
      WorkReport.Lane(
        generation: own.generation.number, table: "T\0 'x'", partition: partition, sequence: sequence, behind: .max,
        watermark: sequence > 5 ? Instant(rawValue: 7) : .distantPast, deadLetters: 3, retention: retention, stopped: stopped)
    }
    let held = HeldProjection(projection: "logins", table: "T", partition: 1, waiting: 9)
    try a.report(
      WorkReport(
        lanes: [lane(1, sequence: 2, stopped: "broken \0"), lane(0, sequence: 1)], held: [1: [held, held], 2: []],
        stopped: ["this", "that"]))
    // A generation that there is not is nobody's.
    let gone = WorkReport.Lane(
      generation: 99, table: "T", partition: 0, sequence: 1, behind: 0, watermark: .distantPast, deadLetters: 0, retention: nil,
      stopped: nil)
    try b.report(WorkReport(lanes: [lane(1, sequence: 6, retention: 5), gone]))
    let work = try #require(try b.reported())
    #expect(work.lanes.map(\.worker) == [first.worker, second.worker])
    let least = lane(0, sequence: 1)
    #expect(work.lanes[0].report.behind == UInt64(Int64.max) && work.lanes[0].report.watermark == .distantPast)
    #expect(work.lanes[0].report.table == least.table && work.lanes[0].report.retention == nil)
    #expect(work.lanes[1].report.sequence == 6 && work.lanes[1].report.stopped == nil && work.lanes[1].report.retention == 5)
    #expect(work.lanes.allSatisfy { $0.age < .seconds(60) && $0.age >= .zero })
    let said = try #require(work.workers.first { $0.name == first.worker })
    #expect(said.stopped == ["this", "that"] && said.held == [1: [held, held]])
    try a.report(WorkReport())
    let later = try #require(try a.reported())
    #expect(later.workers.allSatisfy { $0.stopped.isEmpty && $0.held.isEmpty } && later.workers.count == 2)
    #expect(later.lanes.count == 2, "what was said of lanes stays until somebody else says something of them")
  }

  @Test func `definitions side by side: the third waits, the one that was replaced too`() throws {
    let own = try OwnSchema(StorePipelines.groups)
    let text = StorePipelines.groups
    let (a, b, c) = (
      try process(own).stores.pipeline("p"), try process(own).stores.pipeline("p"), try process(own).stores.pipeline("p")
    )
    #expect(try a.lead(own.generation, for: .seconds(60)))
    let new = try b.generation(for: "b", definition: text)
    #expect(new.state == .building)
    #expect(try b.lead(new, for: .seconds(60)))
    guard case .held? = refusal({ _ = try c.generation(for: "c", definition: text) }) else {
      Issue.record("a third definition is built beside two others")
      return
    }
    #expect(try a.generation(for: own.pipeline.fingerprint, definition: text) == own.generation)
    #expect(
      try b.generations().map(\.number) == [own.generation.number, new.number], "the old one's workers leave the new one alone")
    try b.makeCurrent(new)
    guard case .held? = refusal({ _ = try a.generation(for: own.pipeline.fingerprint, definition: text) }) else {
      Issue.record("an old worker builds its generation again")
      return
    }
    // Between two leaders there is a moment without one.
    try b.stopLeading(new)
    guard case .held? = refusal({ _ = try a.generation(for: own.pipeline.fingerprint, definition: text) }) else {
      Issue.record("an old worker builds its generation again while new ones change their leader")
      return
    }
    let server = try PostgresConnection(own.settings)
    defer { server.close() }
    let schema = PostgresConnection.identifier("\(own.database.namespace.name).p")
    try server.execute("UPDATE \(schema).leads SET until = until - interval '9 seconds' WHERE generation = \(new.number)")
    guard case .held? = refusal({ _ = try a.generation(for: own.pipeline.fingerprint, definition: text) }) else {
      Issue.record("9 seconds without a leader are enough")
      return
    }
    try server.execute("UPDATE \(schema).leads SET until = until - interval '1 second' WHERE generation = \(new.number)")
    #expect(try a.generation(for: own.pipeline.fingerprint, definition: text).state == .building)
  }

  private func refusal(_ body: () throws -> Void) -> ReadModelError? {
    do {
      try body()
      return nil
    } catch {
      return error as? ReadModelError
    }
  }

  @Test func `a frozen generation takes no checkpoint and gives no lane, until it thaws`() throws {
    let own = try OwnSchema(StorePipelines.groups)
    let worker = try PostgresGeneration(process(own), own.generation, pipeline: own.pipeline)
    let catalog = try process(own).stores.pipeline("p")
    let taken = try worker.takeLane(lane, start: start, sessionsMax: 0)
    _ = try worker.takeDecider(sessionsMax: 0)
    try catalog.freeze(own.generation, for: .seconds(60))
    guard case .superseded? = refusal({ _ = try worker.checkpoint(step(taken.position)) }),
      case .held? = refusal({ _ = try worker.takeLane(lane, start: start, sessionsMax: 0) }),
      case .held? = refusal({ _ = try worker.takeDecider(sessionsMax: 0) })
    else {
      Issue.record("a frozen generation is written")
      return
    }
    try catalog.thaw(own.generation)
    _ = try worker.checkpoint(step(try worker.takeLane(lane, start: start, sessionsMax: 0).position))
    try catalog.freeze(own.generation, for: .zero)
    _ = try worker.takeLane(lane, start: start, sessionsMax: 0)
  }

  private func step(_ old: LanePosition) -> LaneCheckpoint {
    var new = old
    new.watermark = Instant(rawValue: old.watermark == .distantPast ? 1 : old.watermark.rawValue + 1)
    return LaneCheckpoint(lane, from: old, to: new, LaneChanges())
  }

  @Test func `a lane that is being taken when the generation freezes is taken before or not at all`() throws {
    let own = try OwnSchema(StorePipelines.groups)
    let worker = try PostgresGeneration(process(own), own.generation, pipeline: own.pipeline)
    let catalog = try process(own).stores.pipeline("p")
    for _ in 0..<40 {
      let position = try worker.takeLane(lane, start: start, sessionsMax: 0).position
      nonisolated(unsafe) let freezing = catalog
      let thread = Thread { try? freezing.freeze(own.generation, for: .seconds(60)) }
      thread.start()
      var taken = position
      while let again = try? worker.takeLane(lane, start: start, sessionsMax: 0) { taken = again.position }
      guard case .superseded? = refusal({ _ = try worker.checkpoint(step(taken)) }) else {
        Issue.record("a lane was taken after the freeze")
        return
      }
      while !thread.isFinished { sched_yield() }
      try catalog.thaw(own.generation)
    }
  }

  @Test func `an effect is one process's until its claim is over, is given back, or is settled`() throws {
    let own = try OwnSchema(StorePipelines.groups)
    let first = try PostgresGeneration(process(own), own.generation, pipeline: own.pipeline)
    let second = try PostgresGeneration(process(own), own.generation, pipeline: own.pipeline)
    for number in 1...3 { try SharingTests.insert(number, into: own) }
    let query = DueEffects(effect: "e", now: .max, limit: 10)
    let due = try first.dueEffects(query)
    #expect(due.count == 3)
    #expect(try first.claim(due, for: .seconds(60)) == Set(due.map(\.id)))
    #expect(try first.dueEffects(query).count == 3)
    #expect(try second.dueEffects(query).isEmpty)
    #expect(try second.claim(due, for: .seconds(60)).isEmpty)
    // What another has claimed is not to be tried before the claim is over.
    #expect(try second.effects([.pending], after: .none, limit: 10).allSatisfy { $0.notBefore > 0 })
    try second.giveBack(due)
    #expect(try second.dueEffects(query).isEmpty, "who has no claim gives none back")
    try first.giveBack([due[0]])
    #expect(try second.claim(due, for: .milliseconds(0)) == [due[0].id])
    // Its time was over at once: the first has it again, and what the second says of its failure counts no more.
    #expect(try first.claim([due[0]], for: .seconds(60)) == [due[0].id])
    try second.settle([(due[0], .failed("late"))])
    #expect(try first.effects([.failed], after: .none, limit: 10).isEmpty)
    try first.settle([(due[0], .retry(notBefore: 0, "again")), (due[1], .failed("given up"))])
    #expect(try second.dueEffects(query).map(\.id) == [due[0].id])
    try second.settle([(due[2], .done)])
    #expect(try first.effects([.pending, .failed], after: .none, limit: 10).map(\.pending.id) == [due[0].id, due[1].id])
    // No one begins effects of a generation that is frozen, or not current.
    let catalog = try process(own).stores.pipeline("p")
    try catalog.freeze(own.generation, for: .seconds(60))
    #expect(try second.claim([due[0]], for: .seconds(60)).isEmpty)
    try catalog.thaw(own.generation)
    #expect(try second.claim([due[0]], for: .seconds(60)) == [due[0].id])
    try second.giveBack([due[0]])
    // Nor of one that somebody has paused since it was found due.
    try catalog.activate(["e"], at: [])
    #expect(try catalog.setPaused("e", true))
    #expect(try second.claim([due[0]], for: .seconds(60)).isEmpty)
    #expect(try catalog.setPaused("e", false))
    #expect(try second.claim([due[0]], for: .seconds(60)) == [due[0].id])
    try second.giveBack([due[0]])
    _ = try catalog.giveUpCurrent()
    #expect(try second.claim([due[0]], for: .seconds(60)).isEmpty)
  }

  @Test func `an effect that has the number of another, as after a failover, is left as it is`() throws {
    let own = try OwnSchema(StorePipelines.groups)
    let store = try PostgresGeneration(process(own), own.generation, pipeline: own.pipeline)
    try SharingTests.insert(1, into: own)
    let query = DueEffects(effect: "e", now: .max, limit: 10)
    let lost = try store.dueEffects(query)
    #expect(try store.claim(lost, for: .seconds(60)).count == 1)
    // The standby has not received it, and gives its number to the next.
    try own.execute("DELETE FROM _outbox; ALTER TABLE _outbox ALTER COLUMN id RESTART WITH \(lost[0].id.rawValue)")
    try SharingTests.insert(2, into: own)
    let other = try store.dueEffects(query)
    #expect(other.map(\.id) == lost.map(\.id) && other.map(\.idempotencyKey) == ["k2"])
    #expect(try store.claim(lost, for: .seconds(60)).isEmpty)
    #expect(try store.claim(other, for: .seconds(60)).count == 1)
    for outcome in [EffectOutcome.done, .suppressed("sent"), .retry(notBefore: .max, "busy"), .failed("no")] {
      try store.settle([(lost[0], outcome)])
    }
    try store.giveBack(lost)
    let claims = try own.connection().run("SELECT count(*) FROM _outbox WHERE claimed_until IS NOT NULL").int64(0, 0)
    #expect(try claims == 1 && store.dueEffects(query).map(\.idempotencyKey) == ["k2"])
    try store.settle([(other[0], .done)])
    #expect(try store.dueEffects(query).isEmpty)
  }

  private static func insert(_ number: Int, into own: OwnSchema) throws {
    try own.execute(
      """
      INSERT INTO _outbox (key_id, idempotency_key, effect, at, change_order, action, state, attempts, not_before, note, table_number, partition,
      is_handed_over, target) VALUES ('k\(number)', 'k\(number)', 'e', 1, 1, '\(action(number))', 'pending', 0, 0, '', 0, 0, false,
      't\(number)')
      """)
  }

  private static func action(_ number: Int) -> String {
    let position = Position(
      tableID: TestHistory.tableID(TableIndex(rawValue: 0)), partition: 0, sequence: SequenceNumber(rawValue: 1))
    return #"{"deleteItem":"Tab","key":{"PK":{"S":"\#(number)"},"SK":{"S":"1"}},"seen":{},"seenThrough":"\#(position)"}"#
  }
}
