import DynamoModel
import LiteralTestKit
import Pipelines
import ProjectionTestKit
@testable import Projections
import RecordLiteralTestKit
import Testing

/// Conditions over groups that turn true: when, with which row, and how often.
@Suite struct WatchFoldTests {
  static let text = """
    pipeline: watch
    tables: { Tab: { key: { partition: PK } } }
    items:
      one: { in: Tab, match: { PK: "{id}" }, fields: { room: Room, n: N integer }, when: attribute_not_exists(K) }
      other: { in: Tab, match: { PK: "{id}" }, fields: { room: Room, n: N integer } }
    projections:
      rooms: { aggregate: [room], of: [one, other], columns: { members: count, total: sum(n), kinds: distinct(n), latest: last(n by n) } }
    effects:
      filled: { each: rooms, when: "members >= 2", topic: { name: t, value: [room, members, total, kinds, latest] } }
      empty: { each: rooms, when: "members < 2", topic: { name: t, value: members } }

    """

  /// The steps of a history whose every change is one millisecond later, folded in calls of `count`.
  private func effects(_ writes: [Item], partitions: Int = 3, count: Int = .max) throws -> [String] {
    let pipeline = try pipeline(Self.text)
    var history = TestHistory(pipeline, partitions: partitions)
    for item in writes {
      history.time += 1
      if item.count > 1 { history.put(item) } else { history.delete(item) }
    }
    var steps: [SessionStep] = []
    for partition in 0..<partitions {
      var lane = engine(pipeline, partition)
      try lane.apply(history.batch(0, partition, after: 0))
      steps += lane.takeChanges().steps.map(\.step)
    }
    steps.sort { $0.stamp < $1.stamp }
    let activations = Dictionary(uniqueKeysWithValues: EffectRules.names(of: pipeline).map { ($0, Activation.always) })
    var stored: [BytesKey: [UInt8]] = [:]
    var found: [String] = []
    while !steps.isEmpty {
      // Each call is another decider, which knows what was stored alone.
      var engine = DeciderEngine(pipeline: pipeline, stored: [:], activations: activations)
      let part = Array(steps.prefix(count))
      steps.removeFirst(part.count)
      let wanted = engine.wantedGroups(part, projection: 0)
      try engine.admit(stored, wanted: wanted, projection: 0)
      try engine.apply(part, projection: 0)
      let changes = engine.takeChanges()
      for (key, state) in changes.watched[0] ?? [] { stored[BytesKey(key)] = state }
      for entry in changes.outbox {
        guard case .carryOut(.topic(_, _, let value)) = entry.action else { continue }
        found.append("\(entry.name) \(value)")
      }
    }
    return found
  }

  private func item(_ key: String, _ room: String, _ n: Int64, kind: String? = nil) -> Item {
    var item: Item = ["PK": .string(key), "Room": .string(room), "N": .number(Number(n))]
    if let kind { item["K"] = .string(kind) }
    return item
  }

  @Test(arguments: [1, 2, .max]) func `an effect comes with each turn, and with the row that the change has left`(count: Int)
    throws
  {
    let writes = [
      item("a", "x", 3), item("b", "x", 5), item("c", "x", 5), ["PK": .string("c")], ["PK": .string("b")], item("d", "x", 1),
      item("d", "y", 1), item("a", "y", 7),
    ]
    #expect(
      try effects(writes, count: count) == [
        "empty 1", #"filled ["x",2,8,2,5]"#, "empty 1", #"filled ["x",2,4,2,3]"#, "empty 1", "empty 1", #"filled ["y",2,8,2,7]"#,
      ])
  }

  @Test func `what a change takes and gives at once turns nothing`() throws {
    // The item is of another kind now, and counts as it did.
    let writes = [item("a", "x", 3), item("b", "x", 5), item("b", "x", 5, kind: "k"), item("b", "x", 6, kind: "k")]
    #expect(try effects(writes) == ["empty 1", #"filled ["x",2,8,2,5]"#])
  }

  @Test func `a state that is not what was stored is refused`() throws {
    let pipeline = try pipeline(Self.text)
    var history = TestHistory(pipeline, partitions: 1)
    history.put(item("a", "x", 3))
    var lane = engine(pipeline, 0)
    try lane.apply(history.batch(0, 0, after: 0))
    let steps = lane.takeChanges().steps.map(\.step)
    var decider = DeciderEngine(pipeline: pipeline, stored: [:], activations: [:])
    let wanted = decider.wantedGroups(steps, projection: 0)
    #expect(wanted.count == 1)
    #expect(throws: StateError.self) { try decider.admit([BytesKey(wanted[0]): [1, 2, 3]], wanted: wanted, projection: 0) }
  }
}
