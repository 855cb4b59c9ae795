internal import DynamoModel
internal import LiteralTestKit
internal import Pipelines
internal import ProjectionTestKit
internal import Projections
internal import RandomTestKit
internal import ReadModels
internal import RecordLiteralTestKit

/// Groups and boards: merged in any order, kept and let go.
extension ReadModelConformance {
  /// The rows and dead letters of a history whose lanes' checkpoints come in an order.
  private func rows(
    _ fixture: StoreFixture, _ history: TestHistory, in folder: String, _ order: (LaneHand, TestHistory) throws -> Void
  ) throws -> [String] {
    let opened = try Opened(fixture, StorePipelines.groups, in: folder)
    defer { opened.store.close() }
    try opened.hand.takeAll(history)
    try order(opened.hand, history)
    var all: [String] = try opened.letters()
    for projection in opened.pipeline.projections {
      all += try opened.rows(projection.name, projection.table.columns.map(\.name)).map { "\(projection.name): \($0)" }
    }
    return all
  }

  func merging(_ fixture: StoreFixture) throws {
    let seed = UInt64.random(in: 0 ... .max)
    let history = try StorePipelines.random(StorePipelines.groups, seed: seed, writes: 160, partitions: 2)
    let lanes = [LaneID(table: 0, partition: 0), LaneID(table: 0, partition: 1)]
    let first = try rows(fixture, history, in: "first") { hand, history in
      for lane in lanes { try hand.checkpoint(lane, history) }
    }
    try require(first.count > 40, "seed \(seed): \(first.count) rows")
    let second = try rows(fixture, history, in: "second") { hand, history in
      for lane in lanes.reversed() { try hand.checkpoint(lane, history) }
    }
    try require(first == second, "seed \(seed): \(difference(first, second))")
    for number in 0..<3 {
      var random = SeededGenerator(seed: seed &+ UInt64(number))
      let mixed = try rows(fixture, history, in: "mixed \(number)") { hand, history in
        for _ in 0..<60 {
          let limit = Int.random(in: 1...6, using: &random)
          let lane = lanes[Int.random(in: 0..<2, using: &random)]
          // Another worker goes on with the lane at times.
          if Int.random(in: 0..<6, using: &random) == 0 { try hand.take(lane) }
          try hand.checkpoint(lane, history, limit: limit)
        }
        try hand.checkpointAll(history)
      }
      try require(first == mixed, "seed \(seed), mixed \(number): \(difference(first, mixed))")
    }
  }

  private func difference(_ one: [String], _ two: [String]) -> String {
    "\(Set(one).symmetricDifference(two).sorted().prefix(6).joined(separator: "\n"))"
  }

  func misfits(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.groups)
    var history = TestHistory(opened.pipeline, partitions: 2)
    history.put(StorePipelines.play("ana", points: .max))
    let ana = LaneID(table: 0, partition: history.partition(of: StorePipelines.play("ana")))
    let other = try needed(
      ["ben", "cyd", "dan", "eve", "fay"].first { history.partition(of: StorePipelines.play($0)) != ana.partition })
    let lane = LaneID(table: 0, partition: 1 - ana.partition)
    try opened.hand.takeAll(history)
    try opened.hand.checkpoint(ana, history)
    try require(
      try opened.rows("rooms", ["room", "total"]) == ["r \(Int64.max)"], "\(try opened.rows("rooms", ["room", "total"]))")
    try require(try opened.letters().isEmpty, "\(try opened.letters())")
    history.put(StorePipelines.play(other, points: 1))
    let begun = try opened.hand.checkpoint(lane, history).deadLetters
    try require(
      try opened.rows("rooms", ["room", "total", "c"]) == ["r null 2"], "\(try opened.rows("rooms", ["room", "total"]))")
    try require(try opened.rows("summed", ["member"]).isEmpty, "a member without a score is on the board")
    // Of the group, of what was heard, of a score, of a score of the board that keeps its best, of one of several scores, and of a board's column.
    let letters = try opened.letters()
    try require(letters.count == 6 && begun == 6, "\(letters), \(begun) are said to have begun")
    history.time += 1
    history.put(StorePipelines.play(other, 2, who: "v", points: 0))
    let again = try opened.hand.checkpoint(lane, history).deadLetters
    try require(try opened.rows("listed", ["member"]).isEmpty, "a member without one of its scores is on the board")
    try require(
      try opened.rows("different", ["member", "score", "total"]) == ["v 1 0", "w 2 null"], "a column keeps a member off")
    try require(try opened.letters().count == 6 && again == 0, "\(try opened.letters()), \(again) are said to have begun")
    history.delete(StorePipelines.play(other))
    try opened.hand.checkpoint(lane, history)
    try require(
      try opened.rows("rooms", ["room", "total", "c"]) == ["r \(Int64.max) 2"], "\(try opened.rows("rooms", ["room", "total"]))")
    try require(
      try opened.rows("summed", ["member", "score"]) == ["v 0", "w \(Int64.max)"],
      "\(try opened.rows("summed", ["member", "score"]))")
    try require(try opened.letters().count == 1, "\(try opened.letters())")
    // A member with nothing but zeros is on the board for every reader.
    let reader = try fixture.reader(opened.generation, opened.pipeline)
    let ranks = try opened.ranks(reader, "summed", [.string("r")])
    try require(ranks == ["w \(Int64.max)", "v 0"], "\(ranks)")
    let id = try opened.id("different")
    guard case .leaderboard(let board) = opened.pipeline.projections[id].kind else { return }
    let cells = try reader.snapshot {
      try reader.memberCells(
        id, board: [.string("r")], members: ["w", "nobody", "v"].map { .string($0) }, columns: board.furtherColumns)
    }
    try require(cells == [[.integer(Int64.max)], nil, [.integer(0)]], "\(cells)")
    let none = try reader.snapshot {
      try reader.memberCells(id, board: [.string("r")], members: [], columns: board.furtherColumns)
    }
    try require(none.isEmpty, "\(none)")
    reader.close()
  }

  func keepingMembers(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.board)
    var history = TestHistory(opened.pipeline)
    let lane = LaneID(table: 0, partition: 0)
    let reader = try fixture.reader(opened.generation, opened.pipeline)
    func expect(_ members: [String]) throws {
      try opened.hand.checkpoint(lane, history)
      let rows = try opened.rows("kept", ["member", "score"])
      try require(rows == members.sorted(), "\(rows), not \(members)")
      let ranks = try opened.ranks(reader, "kept", [.string("r")])
      try require(ranks == members, "by ranks \(ranks), not \(members)")
    }
    for (name, points) in [("a", 10), ("b", 20), ("c", 30)] {
      history.time += 1
      history.put(StorePipelines.play(name, who: name, points: Int64(points)))
    }
    try expect(["c 30", "b 20"])
    history.put(StorePipelines.play("a", 2, who: "a", points: 15))
    try expect(["c 30", "a 25"])
    history.delete(StorePipelines.play("c"))
    try expect(["a 25", "b 20"])
    history.put(StorePipelines.play("c", who: "c", points: 22))
    try expect(["a 25", "c 22"])
    history.delete(StorePipelines.play("a"))
    history.delete(StorePipelines.play("c"))
    try expect(["b 20", "a 15"])
    // The first to reach a score is ahead of those who come to it.
    history.time += 1
    history.put(StorePipelines.play("d", who: "d", points: 15))
    try expect(["b 20", "a 15"])
    history.delete(StorePipelines.play("b"))
    try expect(["a 15", "d 15"])
    reader.close()
  }

  func keepingBoards(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.board)
    var history = TestHistory(opened.pipeline)
    let lane = LaneID(table: 0, partition: 0)
    let reader = try fixture.reader(opened.generation, opened.pipeline)
    func expect(_ rows: [String], latest: String?) throws {
      history.time += 1
      try opened.hand.checkpoint(lane, history)
      let found = try opened.rows("kept", ["room", "member", "score"])
      try require(found == rows.sorted(), "\(found), not \(rows)")
      let index = try opened.id("kept")
      let board = try reader.snapshot { try reader.latestBoard(index) }
      try require(
        board == latest.map { [.string($0)] }, "the latest board is \(String(describing: board)), not \(latest ?? "none")")
      for room in ["r1", "r2", "r3"] {
        let ranks = try opened.ranks(reader, "kept", [.string(room)])
        let expected = rows.filter { $0.hasPrefix(room) }.map { String($0.dropFirst(3)) }
        try require(ranks == expected, "\(room): \(ranks), not \(expected)")
      }
    }
    try expect([], latest: nil)
    for room in ["r1", "r2"] {
      history.put(StorePipelines.play("a", 1, room: room, who: "a", points: 1))
      history.delete(StorePipelines.play("a", 1))
      history.put(StorePipelines.play("a", room == "r1" ? 10 : 20, room: room, who: "a", points: 5))
    }
    try expect(["r2 a 5", "r1 a 5"], latest: "r2")
    history.put(StorePipelines.play("b", room: "r3", who: "b", points: 7))
    try expect(["r3 b 7", "r2 a 5"], latest: "r3")
    // A board that is out takes in what comes, and comes in with all of it.
    history.put(StorePipelines.play("c", room: "r1", who: "c", points: 9))
    try expect(["r1 c 9", "r1 a 5", "r3 b 7"], latest: "r1")
    history.delete(StorePipelines.play("b"))
    try expect(["r1 c 9", "r1 a 5", "r2 a 5"], latest: "r1")
    history.delete(StorePipelines.play("c"))
    history.delete(StorePipelines.play("a", 10))
    try expect(["r2 a 5"], latest: "r2")
    reader.close()
  }

  func emptyGroups(_ fixture: StoreFixture) throws {
    let lanes = [LaneID(table: 0, partition: 0), LaneID(table: 0, partition: 1)]
    for (folder, trim) in [("kept", Int64(5)), ("gone", Int64(6))] {
      let opened = try Opened(fixture, StorePipelines.groups, in: folder)
      var history = TestHistory(opened.pipeline, partitions: 2)
      let late = StorePipelines.play("ana")
      let lane = history.partition(of: late)
      let early = StorePipelines.play(
        try needed(
          ["ben", "cyd", "dan", "eve", "fay"].first {
            history.partition(of: StorePipelines.play($0)) != lane
          }))
      history.put(early)
      history.time += 4
      history.put(late)
      history.time += 1
      history.delete(late)
      let end = Instant(history.time)
      try opened.hand.takeAll(history)
      try opened.hand.checkpoint(lanes[lane], history)
      try require(try opened.rows("rooms", ["room"]).isEmpty, "an empty group has a row")
      var decider = DeciderCheckpoint(epoch: try opened.store.takeDecider(sessionsMax: .max).epoch)
      for id in opened.pipeline.projections.ids { decider.trim[id] = Instant(TestHistory.start + trim) }
      _ = try opened.store.checkpoint(decider)
      try opened.hand.checkpoint(lanes[1 - lane], history)
      // Past its own time the group is forgotten: that another lane brings an earlier change then is against the order.
      let expected = Timestamp.text(folder == "kept" ? end : Instant(TestHistory.start))
      try require(
        try opened.rows("rooms", ["room", "c", "_at"]) == ["r 1 \(expected)"], "\(folder): \(try opened.rows("rooms", ["_at"]))")
    }
  }
}

/// What must be there.
func needed<Wrapped>(_ value: Wrapped?) throws -> Wrapped {
  guard let value else { throw ConformanceFailure(description: "nothing is there") }
  return value
}
