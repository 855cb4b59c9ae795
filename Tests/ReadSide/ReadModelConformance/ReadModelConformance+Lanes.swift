internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import LiteralTestKit
internal import Pipelines
internal import ProjectionTestKit
internal import Projections
internal import ReadModels
internal import RecordLiteralTestKit

/// Lanes: epochs, compare-and-set, and all or nothing.
extension ReadModelConformance {
  private static let lane = LaneID(table: 0, partition: 0)

  /// A history whose checkpoint has something of everything.
  private func everything(_ opened: Opened) -> TestHistory {
    var history = TestHistory(opened.pipeline)
    history.put(StorePipelines.play("ana", points: 3))
    history.put(StorePipelines.play("ben", points: 4))
    history.delete(StorePipelines.play("ben"))
    var bad = StorePipelines.play("cyd")
    bad["Points"] = .string("many")
    history.put(bad)
    return history
  }

  func taking(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.everything)
    let start = LogCursor(tableID: TestHistory.tableID(0), sequence: 0)
    let first = try opened.store.takeLane(Self.lane, start: start, sessionsMax: .max)
    try require(first.position == LanePosition(cursor: start, epoch: 1) && first.sessions.isEmpty, "\(first)")
    try opened.hand.checkpoint(Self.lane, everything(opened))
    let position = try opened.store.lanes()[Self.lane]
    try require(position?.epoch == 2 && position?.cursor.sequence == 4, "\(String(describing: position))")
    let again = try opened.store.takeLane(Self.lane, start: start, sessionsMax: .max)
    var expected = try needed(position)
    expected.epoch = 3
    try require(again.position == expected, "\(again.position), not \(expected)")
    let sittings = try opened.id("sittings")
    try require(
      again.sessions[sittings]?.entries.map(\.key) == [Value.ordered([.string("ana")]), Value.ordered([.string("ben")])],
      "\(again.sessions)")
    // The decider's sessions, and another lane's, are not this one's.
    try require(Array(again.sessions.keys) == [sittings], "\(again.sessions.keys)")
    let other = try opened.store.takeLane(LaneID(table: 0, partition: 1), start: start, sessionsMax: .max)
    try require(other.sessions.isEmpty && other.position.epoch == 1, "\(other)")
  }

  func comparing(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.everything)
    let history = everything(opened)
    try opened.hand.checkpoint(Self.lane, history, limit: 1)
    let good = try opened.hand.prepare(Self.lane, history)
    let before = try opened.everything()
    var wrongs: [LanePosition] = []
    for change in 0..<5 {
      var wrong = good.old
      switch change {
      case 0: wrong.cursor.sequence += 1
      case 1: wrong.firedThrough -= 1
      case 2: wrong.epoch = wrong.epoch.next
      case 3: wrong.epoch = Epoch(rawValue: wrong.epoch.rawValue - 1)
      default: wrong.cursor.tableID = TableID(rawValue: 7)
      }
      wrongs.append(wrong)
    }
    for wrong in wrongs {
      let error = failure { _ = try opened.store.checkpoint(LaneCheckpoint(good.lane, from: wrong, to: good.new, good.changes)) }
      guard case .superseded(let table, 0)? = error, table == "Tab" else {
        throw ConformanceFailure(description: "from \(wrong): \(String(describing: error))")
      }
      try require(try opened.everything() == before, "a checkpoint from \(wrong) changed something")
    }
    let untaken = LaneCheckpoint(LaneID(table: 0, partition: 3), from: good.old, to: good.new, good.changes)
    guard case .superseded? = failure({ _ = try opened.store.checkpoint(untaken) }) else {
      throw ConformanceFailure(description: "a lane that nobody took has a checkpoint")
    }
    try require(try opened.everything() == before, "a lane that nobody took changed something")
    // What the hint and the watermark were does not matter; the right one goes through, and once.
    _ = try opened.store.checkpoint(good)
    let after = try opened.everything()
    try require(after != before, "the right one changed nothing")
    guard case .superseded? = failure({ _ = try opened.store.checkpoint(good) }) else {
      throw ConformanceFailure(description: "a checkpoint went through twice")
    }
    try require(try opened.everything() == after, "a repeated checkpoint changed something")
  }

  func failing(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.everything)
    let history = everything(opened)
    let checkpoint = try opened.hand.prepare(Self.lane, history)
    let changes = checkpoint.changes
    try require(
      !changes.collections.isEmpty && !changes.groups.isEmpty && !changes.sessions.isEmpty && !changes.steps.isEmpty
        && !changes.deadLetters.isEmpty && !changes.outbox.isEmpty, "the checkpoint has not something of everything")
    let before = try opened.everything()
    var failed: [StoreFixture.Part] = []
    for part in StoreFixture.Part.allCases where try fixture.fail(opened.generation, part) {
      guard case .storage? = failure({ _ = try opened.store.checkpoint(checkpoint) }) else {
        throw ConformanceFailure(description: "the checkpoint does not fail at \(part)")
      }
      _ = try fixture.fail(opened.generation, nil)
      try require(try opened.everything() == before, "a checkpoint that failed at \(part) left something")
      failed.append(part)
    }
    try require(failed.count >= 7, "the store can be made to fail at \(failed) only")
    let result = try opened.store.checkpoint(checkpoint)
    try require(result.effects == 1 && result.deadLetters >= 1 && result.rows > 0, "\(result)")
    try require(try opened.rows("plays", ["name", "n", "points"]) == ["ana 1 3"], "\(try opened.rows("plays", ["name"]))")
  }

  func twoWorkers(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.everything)
    let history = everything(opened)
    try opened.hand.checkpoint(Self.lane, history, limit: 1)
    let late = try opened.hand.prepare(Self.lane, history)
    let other = try opened.another()
    try other.take(Self.lane)
    guard case .superseded? = failure({ _ = try opened.store.checkpoint(late) }) else {
      throw ConformanceFailure(description: "the worker that lost its lane commits")
    }
    try other.checkpoint(Self.lane, history)
    let rows = try opened.everything()
    guard case .superseded? = failure({ _ = try opened.store.checkpoint(late) }) else {
      throw ConformanceFailure(description: "the worker that lost its lane commits later")
    }
    try require(try opened.everything() == rows, "the worker that lost its lane changed something")
    // It takes the lane again and goes on from what is there.
    try opened.hand.take(Self.lane)
    var longer = history
    longer.put(StorePipelines.play("dan"))
    try opened.hand.checkpoint(Self.lane, longer)
    try require(try opened.rows("plays", ["name"]) == ["ana", "dan"], "\(try opened.rows("plays", ["name"]))")
    other.store.close()
    // Nobody has taken it since: it is taken back under another epoch where it was left, and what was prepared before that is void.
    let left = try needed(opened.store.lanes()[Self.lane])
    var taken = left
    taken.epoch = left.epoch.next
    let before = try opened.rows("plays", ["name"])
    _ = try opened.store.checkpoint(LaneCheckpoint(Self.lane, from: left, to: taken, LaneChanges()))
    try require(try opened.store.lanes()[Self.lane] == taken, "\(try opened.store.lanes())")
    let void = LaneCheckpoint(Self.lane, from: left, to: left, LaneChanges())
    guard case .superseded? = failure({ _ = try opened.store.checkpoint(void) }) else {
      throw ConformanceFailure(description: "the epoch before goes on")
    }
    try require(try opened.rows("plays", ["name"]) == before, "taking a lane back changed rows")
  }

  func untakenLanes(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.groups)
    var history = TestHistory(opened.pipeline, partitions: 2)
    let names = ["ana", "ben", "cyd", "dan", "eve", "fay"]
    let first = try needed(names.first { history.partition(of: StorePipelines.play($0)) == 0 })
    let other = try needed(names.first { history.partition(of: StorePipelines.play($0)) == 1 })
    // One score four times; in between another, in a lane that comes late.
    for number in 0..<4 {
      history.time += 10
      history.put(StorePipelines.play(first, number, points: 5))
      if number != 1 { continue }
      history.time += 5
      history.put(StorePipelines.play(other, points: 7))
    }
    history.time += 10
    let start = LogCursor(tableID: TestHistory.tableID(0), sequence: 0)
    let lanes = (0..<2).map { LaneID(table: 0, partition: $0) }
    try opened.store.addLanes([lanes[0]: start, lanes[1]: start])
    try require(
      try opened.store.lanes() == [lanes[0]: LanePosition(cursor: start), lanes[1]: LanePosition(cursor: start)],
      "\(try opened.store.lanes())")
    let reader = try fixture.reader(opened.generation, opened.pipeline)
    try opened.hand.checkpoint(lanes[0], history)
    try require(try reader.places().map(\.watermark).min() == .distantPast, "a watermark holds before every lane has come")
    try opened.hand.checkpoint(lanes[1], history)
    // The score holds since the first of those after the other one.
    let reached = Timestamp.text(Instant(TestHistory.start + 35))
    try require(
      try opened.rows("heard_last", ["member", "score", "reached_at"]) == ["w 5 \(reached)"],
      "\(try opened.rows("heard_last", ["member", "score", "reached_at"])), not \(reached)")
    // Lanes that are known keep their places.
    let before = try opened.store.lanes()
    try opened.store.addLanes([lanes[0]: start, lanes[1]: start])
    try require(try opened.store.lanes() == before && before.values.allSatisfy { $0.epoch == 1 }, "\(try opened.store.lanes())")
    reader.close()
  }

  func closing(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.everything)
    let history = everything(opened)
    try opened.hand.checkpoint(Self.lane, history, limit: 2)
    let checkpoint = try opened.hand.prepare(Self.lane, history)
    opened.store.close()
    opened.store.close()
    guard case .storage? = failure({ _ = try opened.store.checkpoint(checkpoint) }) else {
      throw ConformanceFailure(description: "a closed store takes a checkpoint")
    }
    guard case .storage? = failure({ _ = try opened.store.lanes() }) else {
      throw ConformanceFailure(description: "a closed store answers")
    }
    let again = try opened.another()
    try require(try again.store.lanes()[Self.lane] == checkpoint.old, "closing changed where the lane stands")
    try again.checkpoint(Self.lane, history)
    try require(try opened.rows("plays", ["name"]) == ["ana"], "\(try opened.rows("plays", ["name"]))")
    again.store.close()
  }
}
