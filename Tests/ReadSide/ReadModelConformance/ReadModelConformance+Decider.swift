internal import ChangeRecords
internal import DynamoModel
internal import LiteralTestKit
internal import Pipelines
internal import ProjectionTestKit
internal import Projections
internal import ReadModels
internal import RecordLiteralTestKit

/// The decider: steps of several lanes in one order, closings, and what is trimmed for good.
extension ReadModelConformance {
  func watched(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.everything)
    let plays = try opened.id("plays")
    let taken = try opened.store.takeDecider(sessionsMax: .max)
    // Longer than what an index takes.
    let keys: [[UInt8]] = [[6, 97, 0, 0], [6, 98, 0, 0], [6] + [UInt8](repeating: 99, count: 900) + [0, 0]]
    func write(_ states: [[UInt8]?], epoch: Epoch) throws {
      var checkpoint = DeciderCheckpoint(epoch: epoch)
      checkpoint.changes.watched[plays] = Array(zip(keys, states))
      _ = try opened.store.checkpoint(checkpoint)
    }
    try write([[1], [2], [3]], epoch: taken.epoch)
    try write([[4], nil, [5]], epoch: taken.epoch)
    let found = try opened.store.watched(plays, keys + [[6, 100, 0, 0]])
    try require(found == [BytesKey(keys[0]): [4], BytesKey(keys[2]): [5]], "\(found)")
    try require(try opened.store.watched(try opened.id("logins"), keys).isEmpty, "groups of another projection")
    _ = try opened.store.takeDecider(sessionsMax: .max)
    do {
      try write([[6], [6], [6]], epoch: taken.epoch)
      throw ConformanceFailure(description: "a decider whose place was taken has written")
    } catch ReadModelError.superseded {}
  }

  func steps(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.everything)
    let logins = try opened.id("logins")
    var history = TestHistory(opened.pipeline, partitions: 3)
    for number in 0..<30 {
      if number % 4 == 0 { history.time += 1 }
      history.put(StorePipelines.play("p\(number)"))
    }
    let stamp = history.time
    try opened.hand.takeAll(history)
    for partition in [2, 0, 1] { try opened.hand.checkpoint(LaneID(table: 0, partition: partition), history) }
    try require(try opened.store.stepsWaiting(logins) == 30, "\(try opened.store.stepsWaiting(logins)) steps wait")
    let all = try opened.store.steps(logins, below: .distantFuture, limit: 100)
    let stamps = all.map(\.step.stamp)
    try require(stamps == stamps.sorted() && stamps.map(\.order.rawValue) == Array(1...30), "\(stamps.map(\.order))")
    let below = try opened.store.steps(logins, below: Instant(stamp), limit: 100)
    try require(
      below.map(\.step) == all.filter { $0.step.stamp.time < Instant(stamp) }.map(\.step), "\(below.count) below")
    let few = try opened.store.steps(logins, below: .distantFuture, limit: 7)
    try require(few.map(\.step) == all.prefix(7).map(\.step), "\(few.count) for a limit of 7")
    try require(
      try opened.store.steps(try opened.id("plays"), below: .distantFuture, limit: 7).isEmpty, "steps of another projection")

    let taken = try opened.store.takeDecider(sessionsMax: .max)
    try require(taken.decided.isEmpty && taken.sessions.isEmpty, "\(taken)")
    var engine = DeciderEngine(pipeline: opened.pipeline, stored: taken.sessions, activations: [:])
    try engine.apply(few.map(\.step), projection: logins)
    var checkpoint = DeciderCheckpoint(epoch: taken.epoch)
    checkpoint.folded[logins] = few.last?.step.stamp
    checkpoint.decided[logins] = 17
    checkpoint.changes = engine.takeChanges()
    _ = try opened.store.checkpoint(checkpoint)
    try require(try opened.store.stepsWaiting(logins) == 23, "\(try opened.store.stepsWaiting(logins)) wait after 7 of 30")
    let left = try opened.store.steps(logins, below: .distantFuture, limit: 100)
    try require(left.map(\.step) == all.dropFirst(7).map(\.step), "other steps are left")
    try require(try opened.store.decided() == [logins: 17], "\(try opened.store.decided())")
    // One lives: the others were superseded. The next decider has it.
    let rows = try opened.rows("logins", ["name", "status"])
    try require(rows.count == 7 && rows.count { $0.hasSuffix("active") } == 1, "\(rows)")
    let next = try opened.store.takeDecider(sessionsMax: .max)
    try require(next.epoch == taken.epoch.next && next.decided == [logins: 17], "\(next)")
    let active = next.sessions[logins]?.entries.filter { if case .active = $0.session { true } else { false } } ?? []
    try require(active.count == 1 && next.sessions[logins]?.entries.count == 7, "\(next.sessions)")
    try require(
      try opened.store.takeLane(
        LaneID(table: 0, partition: 0), start: opened.hand.positions[LaneID(table: 0, partition: 0)]!.cursor, sessionsMax: .max
      )
      .sessions[logins] == nil, "a lane has the decider's sessions")
  }

  func twoDeciders(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.everything)
    let logins = try opened.id("logins")
    var history = TestHistory(opened.pipeline)
    history.put(StorePipelines.play("ana"))
    try opened.hand.checkpointAll(history)
    let old = try opened.store.takeDecider(sessionsMax: .max)
    let other = try opened.another()
    let new = try other.store.takeDecider(sessionsMax: .max)
    let before = try opened.everything()
    var late = DeciderCheckpoint(epoch: old.epoch)
    late.folded[logins] = try opened.store.steps(logins, below: .distantFuture, limit: 1).last?.step.stamp
    late.decided[logins] = 5
    late.trim[logins] = 5
    guard case .superseded? = failure({ _ = try opened.store.checkpoint(late) }) else {
      throw ConformanceFailure(description: "the decider that was superseded commits")
    }
    try require(try opened.everything() == before && opened.store.decided().isEmpty, "it changed something")
    var right = DeciderCheckpoint(epoch: new.epoch)
    right.folded = late.folded
    right.decided = late.decided
    // A step that fails leaves nothing either.
    if try fixture.fail(opened.generation, .outbox) {
      right.changes.outbox = [Outbox.entry("key", at: 1)]
      guard case .storage? = failure({ _ = try other.store.checkpoint(right) }) else {
        throw ConformanceFailure(description: "the decider's checkpoint does not fail")
      }
      _ = try fixture.fail(opened.generation, nil)
      try require(try opened.everything() == before && opened.store.decided().isEmpty, "a failed checkpoint changed something")
    }
    _ = try other.store.checkpoint(right)
    try require(try opened.store.stepsWaiting(logins) == 0 && opened.store.decided() == [logins: 5], "it was not committed")
    other.store.close()
  }

  /// Three hours with a play each, then what comes late to the first.
  private func hours(_ opened: Opened) throws -> (history: TestHistory, names: [String]) {
    var history = TestHistory(opened.pipeline)
    for hour in 0..<3 {
      history.put(StorePipelines.play("h\(hour)", who: "w\(hour)"))
      history.time += 3_600_000
    }
    return (history, ["2026-01-01T00", "2026-01-01T01", "2026-01-01T02"])
  }

  func closingBoards(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.everything)
    let index = try opened.id("hours")
    let (history, names) = try hours(opened)
    try opened.hand.checkpointAll(history)
    let hour: Int64 = 3_600_000_000
    let start = Instant(TestHistory.start)
    func open(_ time: Instant, _ limit: Int = 10) throws -> [String] {
      try opened.store.boardsToClose(index, at: time, limit: limit).map { $0.board.map(\.description).joined() }
    }
    try require(try open(start + hour - 1).isEmpty, "a board closes before its hour has passed")
    try require(try open(start + hour) == [names[0]], "\(try open(start + hour))")
    try require(try open(.distantFuture) == names, "\(try open(.distantFuture))")
    try require(try open(.distantFuture, 2) == Array(names.prefix(2)), "\(try open(.distantFuture, 2))")
    try require(
      try opened.store.boardsToClose(try opened.id("best"), at: .distantFuture, limit: 10).isEmpty,
      "a board without a period closes")
    let closing = try needed(try opened.store.boardsToClose(index, at: .distantFuture, limit: 10).last)
    try require(closing.closedAt == start + 3 * hour && closing.openedAt == start + 2 * hour, "\(closing)")
    let reader = try fixture.reader(opened.generation, opened.pipeline)
    try require(try reader.closedAt(index, board: closing.board) == nil, "an open board is closed")
    var checkpoint = DeciderCheckpoint(epoch: try opened.store.takeDecider(sessionsMax: .max).epoch)
    checkpoint.closings = [closing]
    let result = try opened.store.checkpoint(checkpoint)
    try require(result.boards == [index], "\(result.boards)")
    try require(try reader.closedAt(index, board: closing.board) == closing.closedAt, "a closed board is open")
    try require(try open(.distantFuture) == Array(names.prefix(2)), "a board closes twice")
    let closed = Timestamp.text(closing.closedAt)
    try require(
      try opened.rows("hours", ["member", "closed_at"]) == ["w2 \(closed)"],
      "\(try opened.rows("hours", ["member", "closed_at"]))")
    // What is written to it later stays in a closed board.
    var late = history
    late.time -= 1
    late.put(StorePipelines.play("late", who: "x"))
    try opened.hand.checkpointAll(late)
    let rows = try opened.rows("hours", ["member", "closed_at"])
    try require(rows == ["w2 \(closed)", "x \(closed)"], "\(rows)")
    reader.close()
  }

  /// How many dead letters of sums there are, by a reader that is closed again.
  private func misfits(_ fixture: StoreFixture, _ opened: Opened) throws -> Int {
    let reader = try fixture.reader(opened.generation, opened.pipeline)
    defer { reader.close() }
    var count = 0
    try reader.deadLetters(limit: 100) { _ in count += 1 }
    return count
  }

  func trimmingBoards(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.summedHours)
    let index = try opened.id("hours")
    var (history, names) = try hours(opened)
    // A sum that does not fit, on the board that will be dropped for good.
    history.time = TestHistory.start + 1
    for number in 2...3 { history.put(StorePipelines.play("h0", number, who: "w0", points: .max)) }
    try opened.hand.checkpointAll(history)
    try require(try misfits(fixture, opened) == 1, "\(try misfits(fixture, opened)) dead letters")
    var checkpoint = DeciderCheckpoint(epoch: try opened.store.takeDecider(sessionsMax: .max).epoch)
    checkpoint.trim[index] = .distantFuture
    _ = try opened.store.checkpoint(checkpoint)
    try require(try opened.store.boardsToClose(index, at: .distantFuture, limit: 10).count == 3, "an open board is dropped")
    // The first two close: of closed boards the later one is kept, the earlier one is dropped.
    checkpoint.closings = Array(try opened.store.boardsToClose(index, at: .distantFuture, limit: 2))
    _ = try opened.store.checkpoint(checkpoint)
    let reader = try fixture.reader(opened.generation, opened.pipeline)
    try require(try reader.closedAt(index, board: [.string(names[0])]) == nil, "a board that is left out for good is still there")
    try require(try misfits(fixture, opened) == 0, "the dead letter of a dropped member's sum stays")
    try require(try reader.closedAt(index, board: [.string(names[1])]) != nil, "a board was dropped too early")
    try require(
      try opened.rows("hours", ["hour", "member"]) == ["\(names[2]) w2"], "\(try opened.rows("hours", ["hour", "member"]))")
    try require(try reader.latestBoard(index) == [.string(names[2])], "another board is the latest")
    reader.close()
  }
}
