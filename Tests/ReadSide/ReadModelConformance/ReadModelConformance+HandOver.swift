internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import LiteralTestKit
internal import Pipelines
internal import ProjectionTestKit
internal import Projections
internal import ReadModels
internal import RecordLiteralTestKit

/// The outbox of a generation whose place another takes.
extension ReadModelConformance {
  /// Where an old generation stood, and what it had waiting.
  private func old(_ opened: Opened, sequence: SequenceNumber, firedThrough: Instant, decided: [String: Instant] = [:]) throws
    -> OldGeneration
  {
    var position = try needed(opened.hand.positions[Outbox.lane])
    position.cursor.sequence = sequence
    position.firedThrough = firedThrough
    return OldGeneration(
      lanes: [Outbox.lane: position], decided: decided,
      outbox: try opened.store.effects(Set(EffectState.allCases), after: .none, limit: .max))
  }

  /// The old one has carried out `done`, has `p` waiting and `f` given up, and somebody discarded `x`.
  private func before(_ fixture: StoreFixture) throws -> Opened {
    let opened = try Opened(fixture, StorePipelines.everything, in: "old")
    try Outbox.write(["done", "p", "f", "x"].enumerated().map { Outbox.entry($1, at: Int64($0 + 1)) }, opened)
    try Outbox.settle(opened, "done", .done)
    try Outbox.settle(opened, "p", .retry(notBefore: 70, "busy"))
    try Outbox.settle(opened, "f", .failed("refused"))
    _ = try opened.store.change(.one(try Outbox.effect(opened, "x").pending.id), .discard)
    return opened
  }

  /// The new one has made the same again, and more since the cut.
  private func after(_ fixture: StoreFixture, _ folder: String = "new") throws -> Opened {
    let opened = try Opened(fixture, StorePipelines.everything, in: folder)
    try Outbox.write(
      ["done", "p", "f", "x", "later"].enumerated().map { Outbox.entry($1, at: Int64($0 + 1)) } + [
        Outbox.entry("fired", at: 90, origin: .deadline(90)), Outbox.entry("fires", at: 100, origin: .deadline(100)),
      ], opened)
    return opened
  }

  func handingOver(_ fixture: StoreFixture) throws {
    let old = try self.old(try before(fixture), sequence: 4, firedThrough: 100)
    let new = try after(fixture)
    try Outbox.write([Outbox.entry("another lane", at: 1)], new, lane: LaneID(table: 0, partition: 1))
    var decider = DeciderCheckpoint(epoch: try new.store.takeDecider(sessionsMax: .max).epoch)
    decider.changes.outbox = [
      Outbox.entry("decided", name: "logins", at: 30, origin: .deadline(30)),
      Outbox.entry("decides", name: "logins", at: 40, origin: .deadline(40)),
      Outbox.entry("decided record", name: "logins", at: 39), Outbox.entry("decides record", name: "logins", at: 41),
      Outbox.entry("closed", name: "passed", at: 59, origin: .deadline(59)),
      Outbox.entry("closes", name: "passed", at: 60, origin: .deadline(60)),
    ]
    _ = try new.store.checkpoint(decider)
    try new.store.handOver(
      OldGeneration(lanes: old.lanes, decided: ["logins": 40, "hours": 60, "sittings": 99], outbox: old.outbox))
    let keys = try Outbox.keys(new).sorted()
    try require(
      keys == ["another lane", "closes", "decides", "decides record", "f", "fires", "later", "p"],
      "after the hand-over there are \(keys)")
    let waiting = try Outbox.effect(new, "p")
    try require(
      waiting.notBefore == 70 && waiting.note == "busy" && waiting.pending.attempts == 1 && waiting.state == .pending
        && waiting.pending.at == 2, "\(waiting)")
    try require(try Outbox.effect(new, "f").state == .failed, "what was given up begins again")
    try require(try Outbox.due(new, now: 69).sorted() == ["another lane", "fires", "later"], "\(try Outbox.due(new))")
    try require(try Outbox.due(new, "logins") == ["decides", "decides record"], "\(try Outbox.due(new, "logins"))")
    try Outbox.settle(new, "p", .done)
    try require(try !Outbox.keys(new).contains("p"), "what was handed over cannot be settled")

    // Another definition numbers its tables in another way: a lane is that of its table and partition.
    let renumbered = try after(fixture, "renumbered")
    try renumbered.store.handOver(
      OldGeneration(lanes: [LaneID(table: 4, partition: 0): try needed(old.lanes[Outbox.lane])], decided: [:], outbox: old.outbox)
    )
    try require(try Outbox.keys(renumbered) == ["p", "f", "later", "fires"], "\(try Outbox.keys(renumbered))")

    // A lane of a table that was re-created meanwhile has nothing that the old one has made.
    let other = try after(fixture, "re-created")
    let lanes = old.lanes.mapValues { position in
      var other = position
      other.cursor.tableID = TestHistory.tableID(9)
      return other
    }
    try other.store.handOver(OldGeneration(lanes: lanes, decided: [:], outbox: []))
    try require(try Outbox.keys(other).count == 7, "\(try Outbox.keys(other))")
  }

  func handedOverFirst(_ fixture: StoreFixture) throws {
    let old = try Opened(fixture, StorePipelines.everything, in: "old")
    try Outbox.write([Outbox.entry("first", at: 1, target: "t"), Outbox.entry("second", at: 2, target: "t")], old)
    let new = try Opened(fixture, StorePipelines.everything, in: "new")
    try Outbox.write(
      [
        Outbox.entry("first", at: 1, target: "t"), Outbox.entry("second", at: 2, target: "t"),
        Outbox.entry("third", at: 3, target: "t"),
      ], new)
    try new.store.handOver(try self.old(old, sequence: 2, firedThrough: 0))
    try require(try Outbox.keys(new) == ["first", "second", "third"], "\(try Outbox.keys(new))")
    for key in ["first", "second", "third"] {
      let due = try Outbox.due(new)
      try require(due == [key], "due is \(due), not \(key)")
      try Outbox.settle(new, key, .done)
    }
    // What comes later has its own numbers.
    try Outbox.write([Outbox.entry("fourth", at: 4, target: "t"), Outbox.entry("fifth", at: 5, target: "t")], new)
    try require(try Outbox.keys(new) == ["fourth", "fifth"] && Outbox.due(new) == ["fourth"], "\(try Outbox.keys(new))")
  }

  func handingOverAgain(_ fixture: StoreFixture) throws {
    let old = try self.old(try before(fixture), sequence: 4, firedThrough: 100)
    let new = try after(fixture)
    try new.store.handOver(old)
    let once = try Outbox.keys(new)
    try new.store.handOver(old)
    try require(try Outbox.keys(new) == once && once == ["p", "f", "later", "fires"], "\(once), then \(try Outbox.keys(new))")
    try require(try Outbox.effect(new, "p").notBefore == 70, "\(try Outbox.effect(new, "p"))")
    // The old one went on before the second time.
    try new.store.handOver(OldGeneration(lanes: old.lanes, decided: [:], outbox: []))
    try require(try Outbox.keys(new) == ["later", "fires"], "\(try Outbox.keys(new))")
  }
}
