internal import ChangeRecords
internal import DynamoModel
internal import LiteralTestKit
internal import Pipelines
internal import ProjectionTestKit
internal import Projections
internal import ReadModels
internal import RecordLiteralTestKit

/// The outbox: what is due, and how it goes.
extension ReadModelConformance {
  func due(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.everything)
    try Outbox.write(
      [Outbox.entry("a", at: 10), Outbox.entry("b", name: "passed", at: 20), Outbox.entry("c", at: 30, order: 7)], opened)
    try require(try Outbox.due(opened) == ["a", "c"], "\(try Outbox.due(opened))")
    try require(try Outbox.due(opened, "passed") == ["b"], "\(try Outbox.due(opened, "passed"))")
    try require(try Outbox.due(opened, "nobody").isEmpty, "effects of another name")
    try require(
      try Outbox.due(opened, before: 30) == ["a"] && Outbox.due(opened, before: 31) == ["a", "c"],
      "\(try Outbox.due(opened, before: 30))")
    try require(try Outbox.due(opened, before: 10).isEmpty, "an effect before its time")
    try require(try Outbox.due(opened, limit: 1) == ["a"], "more than the limit")
    let effect = try Outbox.effect(opened, "c")
    try require(
      effect.pending.at == 30 && effect.pending.order == 7 && effect.pending.effect == "gone" && effect.pending.attempts == 0
        && effect.state == .pending && effect.notBefore == 0 && effect.note.isEmpty, "\(effect)")
    guard case .deleteItem(let table, let key, let seen, let through) = effect.pending.action.kind else {
      throw ConformanceFailure(description: "\(effect.pending.action.json)")
    }
    try require(
      table == "Tab" && key["PK"] == .string("U:c") && seen == ["Points": .number(Number(1))] && through.sequence == 30,
      "\(effect.pending.action.json)")
    // A key that waits already is not written again, whoever brings it.
    try Outbox.write([Outbox.entry("a", at: 99)], opened)
    try require(
      try Outbox.effect(opened, "a").pending.at == 10 && Outbox.keys(opened) == ["a", "b", "c"], "\(try Outbox.keys(opened))")
    // A deadline comes after everything of its instant.
    try Outbox.write([Outbox.entry("d", at: 40, order: .afterAll, origin: .deadline(40))], opened)
    try require(
      try Outbox.effect(opened, "d").pending.order.rawValue >= UInt64(Int64.max),
      "\(try Outbox.effect(opened, "d").pending.order)")
  }

  func targets(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.everything)
    try Outbox.write(
      [
        Outbox.entry("a1", at: 1, target: "a"), Outbox.entry("b1", at: 2, target: "b"), Outbox.entry("a2", at: 3, target: "a"),
        Outbox.entry("a3", name: "passed", at: 4, target: "a"),
      ], opened)
    try require(try Outbox.due(opened) == ["a1", "b1"], "\(try Outbox.due(opened))")
    try require(try Outbox.due(opened, "passed").isEmpty, "an effect of another name goes past one on its target")
    // One that waits for another attempt holds those after it back.
    try Outbox.settle(opened, "a1", .retry(notBefore: 100, "busy"))
    try require(
      try Outbox.due(opened, now: 99) == ["b1"] && Outbox.due(opened, now: 100) == ["a1", "b1"],
      "\(try Outbox.due(opened, now: 99))")
    try Outbox.settle(opened, "a1", .done)
    try require(try Outbox.due(opened) == ["b1", "a2"], "\(try Outbox.due(opened))")
    // One that was given up holds nothing back.
    try Outbox.settle(opened, "a2", .failed("no"))
    try require(try Outbox.due(opened) == ["b1"] && Outbox.due(opened, "passed") == ["a3"], "\(try Outbox.due(opened, "passed"))")
  }

  func changing(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.everything)
    try Outbox.write(["a", "b", "c", "d", "e"].enumerated().map { Outbox.entry($1, at: Int64($0 + 1)) }, opened)
    try Outbox.settle(opened, "a", .retry(notBefore: 50, "busy"))
    var effect = try Outbox.effect(opened, "a")
    try require(
      effect.pending.attempts == 1 && effect.notBefore == 50 && effect.note == "busy" && effect.state == .pending, "\(effect)")
    for key in ["b", "c"] { try Outbox.settle(opened, key, .failed("refused")) }
    effect = try Outbox.effect(opened, "b")
    try require(effect.state == .failed && effect.note == "refused" && effect.pending.attempts == 1, "\(effect)")
    try require(try Outbox.due(opened, now: .max) == ["a", "d", "e"], "\(try Outbox.due(opened, now: .max))")
    let failed = try opened.store.effects([.failed], after: .none, limit: 100).map(\.pending.idempotencyKey)
    let pending = try opened.store.effects([.pending], after: .none, limit: 100).map(\.pending.idempotencyKey)
    try require(failed == ["b", "c"] && pending == ["a", "d", "e"], "\(failed) \(pending)")
    let counts = try opened.effectCounts()
    try require(counts == ["gone failed 2", "gone pending 3"], "\(counts)")
    let first = try opened.store.effects([.pending, .failed], after: .none, limit: 2)
    let rest = try opened.store.effects([.pending, .failed], after: try needed(first.last).pending.id, limit: 100)
    try require((first + rest).map(\.pending.idempotencyKey) == ["a", "b", "c", "d", "e"], "a page is missing")

    let tried = try Outbox.effect(opened, "a").pending
    let id = tried.id
    try require(try opened.store.change(.one(id), .retry) == 1, "one is not one")
    effect = try Outbox.effect(opened, "a")
    try require(
      effect.pending.attempts == 0 && effect.notBefore == 0 && effect.note.isEmpty && effect.pending.id == id, "\(effect)")
    try require(try opened.store.change(.all(effect: "gone", .failed), .retry) == 2, "all that were given up are not two")
    try require(try Outbox.due(opened) == ["a", "b", "c", "d", "e"], "\(try Outbox.due(opened))")
    try require(try opened.store.change(.all(effect: "passed", .pending), .discard) == 0, "another name's effects are discarded")
    try require(
      try opened.store.change(.one(id), .discard) == 1 && opened.store.change(.one(id), .discard) == 0, "discarded twice")
    try require(try opened.store.change(.one(id), .retry) == 0, "one that is gone is tried again")
    // An outcome may come again, for an effect that has left.
    try opened.store.settle([(tried, .done), (tried, .failed("late"))])
    try Outbox.settle(opened, "b", .done)
    try Outbox.settle(opened, "c", .suppressed("sent"))
    try require(try Outbox.keys(opened) == ["d", "e"], "\(try Outbox.keys(opened))")
  }

  func itemsBehindRows(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.everything)
    var history = TestHistory(opened.pipeline)
    for name in ["ana", "ben"] { history.put(StorePipelines.play(name)) }
    history.put(StorePipelines.play("cyd", room: "other"))
    history.put(StorePipelines.play("dan", room: nil))
    let order = history.order
    history.put(StorePipelines.play("eve"))
    history.time += 1
    history.put(StorePipelines.play("fay"))
    try opened.hand.checkpointAll(history)
    func items(at time: Instant, order: CommitOrder, room: Value = .string("r")) throws -> [String] {
      let table = opened.pipeline.projections[try opened.id("plays")].table
      let entry = OutboxEntry(
        idempotencyKey: "\(time) \(order) \(room)", name: "gone", time: time, order: order, origin: .deadline(time),
        action: .deleteRows([
          .init(projection: try opened.id("plays"), table: 0, equals: [(try needed(table.column(named: "room")), room)])
        ]))
      try Outbox.write([entry], opened)
      let effect = try Outbox.effect(opened, entry.idempotencyKey).pending
      guard case .deleteRows(let rows) = effect.action.kind else { throw ConformanceFailure(description: effect.action.json) }
      return try opened.store.items(of: try needed(rows.first), for: effect).map { item in
        guard case .string(let name)? = item.key["PK"] else { return "" }
        return "\(name) \(item.position.sequence)"
      }
    }
    let start = Instant(TestHistory.start)
    let later = Instant(rawValue: .max / 2)
    try require(
      try items(at: later, order: 0) == ["U:ana 1", "U:ben 2", "U:eve 5", "U:fay 6"], "\(try items(at: later, order: 1))")
    try require(try items(at: start, order: order) == ["U:ana 1", "U:ben 2", "U:eve 5"], "\(try items(at: start, order: order))")
    try require(try items(at: start, order: order - 1) == ["U:ana 1", "U:ben 2"], "\(try items(at: start, order: order - 1))")
    try require(try items(at: start, order: .afterAll).count == 3, "a deadline does not come after all of its instant")
    try require(try items(at: start - 1, order: .afterAll).isEmpty, "items of later than the instant")
    try require(try items(at: start, order: .afterAll, room: .null).isEmpty, "null equals null")
  }
}
