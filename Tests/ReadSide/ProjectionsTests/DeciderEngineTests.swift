import ChangeRecords
import DynamoModel
import LiteralTestKit
import Pipelines
import ProjectionTestKit
import RandomTestKit
import RecordLiteralTestKit
import Testing

@testable import Projections

/// The decider gives the same whatever the cuts, the restarts, and the number of lanes that handed it its steps.
@Suite struct DeciderEngineTests {
  static let yaml = """
    pipeline: deciding
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      login:
        in: Tab
        match: { PK: "U:{name}", SK: "{n}" }
        fields: { room: Room optional, until: { from: Until, type: timestamp(milliseconds), optional: true }, points: Points integer optional, state: State optional }
    projections:
      logins:
        session: login
        key: [name, n]
        touch: changed(points)
        gap: 60ms
        deadline: until
        end: when state = 'closed'
        one live per: room
        expire: delete item
        columns: { points: points, touches: count }
      plays: { collection: login, key: [name, n], columns: [room] }
      hours: { leaderboard: name, each: login inserted, board: [hour of commit], score: count }
    effects:
      out: { each: logins superseded, delete: { rows: plays, where: room = :session_id } }
      passed: { each: hours closed, delete: { rows: plays, where: room = :hour } }

    """

  private func history(_ pipeline: Pipeline, _ partitions: Int, seed: UInt64) -> TestHistory {
    var random = SeededGenerator(seed: seed)
    var history = TestHistory(pipeline, partitions: partitions)
    for _ in 0..<150 {
      history.time += [0, 0, 0, 1, 5, 70].randomElement(using: &random) ?? 0
      let key: Item = [
        "PK": .string("U:\(Int.random(in: 0..<6, using: &random))"), "SK": .string("\(Int.random(in: 0..<2, using: &random))"),
      ]
      if Int.random(in: 0..<5, using: &random) == 0 {
        history.delete(key, cause: Bool.random(using: &random) ? .user : .service)
        continue
      }
      var item = key
      if Int.random(in: 0..<5, using: &random) > 0 { item["Room"] = .string(["r", "s"].randomElement(using: &random) ?? "") }
      if Int.random(in: 0..<8, using: &random) == 0 { item["State"] = .string("closed") }
      item["Points"] = .number(Number(Int64.random(in: 0..<3, using: &random)))
      if Bool.random(using: &random) {
        item["Until"] = .number(Number(history.time.rawValue + Int64.random(in: -20..<40, using: &random)))
      }
      history.put(item)
    }
    return history
  }

  private func steps(_ history: TestHistory) throws -> [SessionStep] {
    var all: [HandedStep] = []
    for partition in 0..<history.partitions {
      var engine = engine(history.pipeline, partition)
      try engine.apply(history.batch(0, partition, after: 0))
      all += engine.takeChanges().steps
    }
    all.sort { $0.step.stamp == $1.step.stamp ? $0.place < $1.place : $0.step.stamp < $1.step.stamp }
    return all.map(\.step)
  }

  /// What a store holds after the changes, without what differs by partition.
  private struct Kept {
    var rows: [String: String] = [:]
    var effects: [String] = []
    var stored: [BytesKey: StoredSession] = [:]

    mutating func take(_ changes: LaneChanges, _ sessions: Sessions) {
      for (_, all) in changes.sessions {
        for state in all.ended + all.active.map(\.state) {
          let key = BytesKey(Value.ordered(state.key))
          rows[state.key.map(\.description).joined(separator: ",") + " " + state.sessionID] =
            state.row(sessions).map(\.description).joined(separator: " ") + " \(state.stamp.time) \(state.stamp.order)"
          stored[key] = state.isActive ? .active(state) : nil
        }
        for (key, rest) in all.rests { stored[BytesKey(key)] = rest.map { .rest($0) } }
      }
      effects += changes.outbox.map { "\($0.idempotencyKey) \($0.name) \($0.time) \($0.order)" }
    }

    var all: StoredSessions {
      StoredSessions(entries: stored.map { .init(key: $0.key.bytes, session: $0.value, due: nil) })
    }
  }

  private func decide(
    _ steps: [SessionStep], _ pipeline: Pipeline, to end: Instant, cut: (() -> Int)? = nil, restarts: Bool = false
  ) throws -> Kept {
    let activations = Dictionary(uniqueKeysWithValues: EffectRules.names(of: pipeline).map { ($0, Activation.always) })
    guard case .sessions(let sessions) = pipeline.projections[0].kind else { throw StateError() }
    var kept = Kept()
    var engine = DeciderEngine(pipeline: pipeline, stored: [:], activations: activations)
    var next = 0
    while next < steps.count {
      let count = min(steps.count - next, cut?() ?? .max)
      try engine.apply(Array(steps[next..<next + count]), projection: 0)
      next += count
      // All steps below the next one are here, so its time may have passed.
      if next < steps.count, restarts || count % 2 == 0 { engine.advance(0, to: steps[next].stamp.time) }
      kept.take(engine.takeChanges(), sessions)
      if restarts { engine = DeciderEngine(pipeline: pipeline, stored: [0: kept.all], activations: activations) }
    }
    engine.advance(0, to: end)
    kept.take(engine.takeChanges(), sessions)
    return kept
  }

  @Test func `any cut of the steps, any restart and any number of lanes give the same changes`() throws {
    let pipeline = try pipeline(Self.yaml)
    let seed = UInt64.random(in: 0 ... .max)
    for number in 0..<10 {
      let seed = seed &+ UInt64(number)
      var random = SeededGenerator(seed: seed)
      let one = history(pipeline, 1, seed: seed)
      let end = Instant(one.time + 50)
      let steps = try steps(one)
      let whole = try decide(steps, pipeline, to: end)
      #expect(whole.rows.count > 20 && whole.effects.count > 5, "seed \(seed): \(whole.rows.count) \(whole.effects.count)")
      for restarts in [false, true] {
        for most in [1, 2, 9] {
          let cut = try decide(steps, pipeline, to: end, cut: { Int.random(in: 1...most, using: &random) }, restarts: restarts)
          #expect(cut.rows == whole.rows, "seed \(seed), at most \(most), restarts \(restarts)")
          #expect(cut.effects == whole.effects, "seed \(seed), at most \(most), restarts \(restarts)")
        }
      }
      let several = try decide(try self.steps(history(pipeline, 4, seed: seed)), pipeline, to: end)
      #expect(several.rows == whole.rows, "seed \(seed): 4 lanes")
    }
  }

  @Test func `it folds what the lanes of one table fold by themselves`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    let decided = try pipeline(Self.yaml)
    // With one partition there is nothing that several lanes could bring in another order.
    let alone = try pipeline(Self.yaml.replacing("sort: SK string } }", with: "sort: SK string }, partitions: 1 }"))
    #expect(DeciderEngine.sessions(of: decided) == [0] && DeciderEngine.sessions(of: alone).isEmpty)
    for number in 0..<10 {
      let seed = seed &+ UInt64(number)
      let history = history(decided, 1, seed: seed)
      let end = history.time + 50
      let whole = try decide(try steps(history), decided, to: Instant(end))
      guard case .sessions(let sessions) = alone.projections[0].kind else { return }
      var kept = Kept()
      var lane = engine(alone)
      try lane.apply(self.history(alone, 1, seed: seed).batch(0, 0, after: 0, watermark: end))
      kept.take(lane.takeChanges(), sessions)
      let other = kept.rows.filter { whole.rows[$0.key] != $0.value }.map { "\($0.value), not \(whole.rows[$0.key] ?? "there")" }
      #expect(other.isEmpty && kept.rows.count == whole.rows.count, "seed \(seed): \(other)")
      let effects = Set(kept.effects).symmetricDifference(whole.effects)
      #expect(effects.isEmpty && kept.effects.count == whole.effects.count, "seed \(seed): \(effects)")
    }
  }

  @Test func `a board that closes sets off what waits for it, once it is active`() throws {
    let pipeline = try pipeline(Self.yaml)
    #expect(DeciderEngine.closingBoards(of: pipeline) == [2])
    let closing = DeciderEngine.Closing(projection: 2, board: [.string("2026-01-01T00")], closedAt: 100, openedAt: 50)
    func close(_ closing: DeciderEngine.Closing, activeFrom watermark: Instant?) -> LaneChanges {
      var activations: [String: Activation] = [:]
      activations["passed"] = watermark.map { Activation(sequence: 0, watermark: $0) }
      var engine = DeciderEngine(pipeline: pipeline, stored: [:], activations: activations)
      engine.close(closing)
      return engine.takeChanges()
    }
    let active = close(closing, activeFrom: 100)
    #expect(active.outbox.map(\.time) == [100] && active.outbox[0].order == 0 && active.outbox[0].origin == .deadline(100))
    #expect(active.suppressedEffects == 0)
    for late in [close(closing, activeFrom: 101), close(closing, activeFrom: nil)] {
      #expect(late.outbox.isEmpty && late.suppressedEffects == 1)
    }
    // One that was made after its period closes when it was made, and has the same key as it had in another build.
    let late = close(.init(projection: 2, board: closing.board, closedAt: 100, openedAt: 500), activeFrom: 0)
    #expect(late.outbox.map(\.time) == [500] && late.outbox.map(\.idempotencyKey) == active.outbox.map(\.idempotencyKey))
    #expect(close(.init(projection: 0, board: [], closedAt: 1, openedAt: 1), activeFrom: 0).isEmpty)
  }
}
