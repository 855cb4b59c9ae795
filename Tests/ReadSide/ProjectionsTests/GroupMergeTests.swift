import DynamoModel
import LiteralTestKit
import MemoryReadModels
import Pipelines
import ProjectionTestKit
import RandomTestKit
import RecordLiteralTestKit
import Testing

@testable import Projections

/// Deltas of several lanes merge to one state in any order, and states survive their bytes.
@Suite struct GroupMergeTests {
  static let yaml = """
    pipeline: merging
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      play:
        in: Tab
        match: { PK: "U:{name}", SK: "{n}" }
        fields: { room: Room, points: Points integer optional, amount: Amount decimal optional, who: Who optional }
    projections:
      rooms:
        aggregate: [room]
        of: play
        columns: { c: count, total: sum(points), amounts: sum(amount), least: min(points), most: max(amount), names: distinct(who),
          first_who: first(who by points), last_who: last(who by points), mean: avg(points) }
      heard:
        aggregate: [room]
        each: [play inserted, play changed]
        columns: { c: count, total: sum(points), least: min(points), most: max(points), names: distinct(who), first_who: first(who),
          last_who: last(who), by_points: last(who by points) }
      counted: { leaderboard: room, of: play, score: count }
      summed: { leaderboard: room, of: play, score: sum(amount) }
      greatest: { leaderboard: room, of: play, score: max(points) }
      lowest: { leaderboard: room, of: play, score: min(points), direction: asc }
      heard_count: { leaderboard: room, each: [play inserted, play changed], score: count }
      heard_most: { leaderboard: room, each: [play inserted, play changed], score: max(points) }
      listed: { leaderboard: room, of: play, score: [sum(points), "min(amount) asc", count], columns: { names: distinct(who) } }
      held: { leaderboard: room, of: play, score: max(points), columns: { mean: avg(amount), c: count, last_who: last(who by points) } }
      mean: { leaderboard: room, of: play, score: avg(points) }
      heard_names: { leaderboard: room, each: [play inserted, play changed], score: distinct(amount) }
      heard_list: { leaderboard: room, each: [play inserted, play changed], score: [distinct(who), last(points), avg(amount)],
        columns: { first_who: first(who) } }
      heard_last: { leaderboard: room, each: [play inserted, play changed], score: last(points) }

    """

  private static func plan(_ projection: Projection) throws -> GroupPlan {
    switch projection.kind {
    case .aggregate(let aggregate): GroupPlan(aggregate)
    case .leaderboard(let board): GroupPlan(board)
    case .collection, .sessions, .history: throw StateError()
    }
  }

  private func history(_ pipeline: Pipeline, _ random: inout SeededGenerator) throws -> TestHistory {
    var history = TestHistory(pipeline, partitions: 4)
    for _ in 0..<60 {
      history.time += Int64.random(in: 0..<2, using: &random)
      let key: Item = [
        "PK": .string("U:\(Int.random(in: 0..<8, using: &random))"), "SK": .string("\(Int.random(in: 0..<2, using: &random))"),
      ]
      if Int.random(in: 0..<4, using: &random) == 0 {
        history.delete(key)
        continue
      }
      var item = key
      item["Room"] = .string(["r", "s"].randomElement(using: &random) ?? "")
      item["Who"] = .string(["x", "y", "z"].randomElement(using: &random) ?? "")
      if Bool.random(using: &random) { item["Points"] = .number(Number([0, 1, 2, .max].randomElement(using: &random) ?? 0)) }
      if Bool.random(using: &random) {
        item["Amount"] = .number(try Number(["0.5", "-0.5", "9e125", "-9e125"].randomElement(using: &random) ?? "0"))
      }
      history.put(item)
    }
    return history
  }

  @Test func `lanes merge to the same state in every order`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    let pipeline = try pipeline(Self.yaml)
    var compared = 0
    for _ in 0..<12 {
      let history = try history(pipeline, &random)
      let changes = try (0..<4).map { partition in
        var engine = engine(pipeline, partition)
        try engine.apply(history.batch(0, partition, after: 0))
        return engine.takeChanges()
      }
      for id in pipeline.projections.ids {
        let projection = pipeline.projections[id]
        let plan = try Self.plan(projection)
        for key in Set(changes.flatMap { changes in changes.groups[id].map { $0.sortedSlots.map($0.key) } ?? [] }) {
          let deltas = changes.compactMap { changes in changes.groups[id].flatMap { all in all.slot(of: key).map { (all, $0) } } }
          // Not compared are the counted values themselves: which of them can be dropped early depends on the order.
          var expected: (stamps: [Stamp?], contributions: Int64, shown: GroupState.Shown)?
          for order in permutations(deltas) {
            var state = GroupState(plan)
            var values = MemoryValues()
            for (deltas, slot) in order {
              try state.merge(deltas, slot, plan, values: &values)
              // It is looked at in between, as a checkpoint does.
              _ = try state.shown(plan, &values)
            }
            let shown = try state.shown(plan, &values)
            let stamps = [state.stamp, state.first, state.changed]
            if let expected {
              #expect(
                stamps == expected.stamps && state.contributions == expected.contributions && shown == expected.shown,
                "seed \(seed): \(projection.name) \(shown) \(expected.shown)")
            }
            expected = (stamps, state.contributions, shown)
            compared += 1
            #expect(try state.bytes.read { try GroupState(bytes: $0, plan) } == state, "seed \(seed): \(projection.name)")
          }
        }
      }
    }
    #expect(compared > 500)
  }

  @Test func `a state's bytes are read whole or not at all`() throws {
    let pipeline = try pipeline(Self.yaml)
    var history = TestHistory(pipeline)
    history.put([
      "PK": .string("U:a"), "SK": .string("1"), "Room": .string("r"), "Who": .string("x"), "Points": .number(Number(3)),
    ])
    var engine = engine(pipeline)
    try engine.apply(history.batch(0, 0, after: 0))
    let changes = engine.takeChanges()
    for id in pipeline.projections.ids {
      let projection = pipeline.projections[id]
      let plan = try Self.plan(projection)
      guard let deltas = changes.groups[id], let slot = deltas.sortedSlots.first else { continue }
      var state = GroupState(plan)
      var values = MemoryValues()
      try state.merge(deltas, slot, plan, values: &values)
      state.hasMisfit = true
      state.isPlaced = true
      let bytes = state.bytes
      #expect(try bytes.read { try GroupState(bytes: $0, plan) } == state)
      for length in 0..<bytes.count {
        #expect(throws: StateError.self) { try Array(bytes.prefix(length)).read { try GroupState(bytes: $0, plan) } }
      }
      #expect(throws: StateError.self) { try (bytes + [0]).read { try GroupState(bytes: $0, plan) } }
    }
  }
}
