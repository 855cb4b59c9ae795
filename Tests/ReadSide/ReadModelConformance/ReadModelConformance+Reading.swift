internal import ChangeRecords
internal import DynamoModel
internal import LiteralTestKit
internal import Pipelines
internal import ProjectionTestKit
internal import Projections
internal import RandomTestKit
internal import ReadModels
internal import RecordLiteralTestKit

/// Readers: one moment, ranks that follow, and dead letters that end somewhere.
extension ReadModelConformance {
  private static let lane = LaneID(table: 0, partition: 0)

  func snapshots(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.everything)
    var history = TestHistory(opened.pipeline)
    history.put(StorePipelines.play("ana", points: 1))
    try opened.hand.checkpoint(Self.lane, history)
    let reader = try fixture.reader(opened.generation, opened.pipeline)
    let (plays, best) = (try opened.id("plays"), try opened.id("best"))
    func seen() throws -> [String] {
      var all = try reader.places().map { "\($0.table) \($0.position) \($0.watermark)" }
      all +=
        try opened.rows(reader, "plays", ["name", "points"]) + opened.rows(reader, "sittings", ["name", "last_at", "status"])
      all += try reader.top(best, board: [.string("r")], limit: 10).map { "\($0)" }
      all += try (reader.ranks(best)?.board([.string("r")])?.page(from: 0, limit: 10) ?? []).map { "\($0)" }
      all += try reader.decided().map { "\($0)" }
      return all + (try reader.deadLetterCounts().map { "\($0)" })
    }
    try reader.snapshot {
      let before = try seen()
      history.time += 5
      history.put(StorePipelines.play("ben", points: 2))
      var bad = StorePipelines.play("ana")
      bad["Points"] = .string("x")
      history.put(bad)
      try opened.hand.checkpoint(Self.lane, history)
      var decider = DeciderCheckpoint(epoch: try opened.store.takeDecider(sessionsMax: .max).epoch)
      decider.decided[try opened.id("logins")] = 3
      _ = try opened.store.checkpoint(decider)
      try require(try seen() == before, "\(try seen()), not \(before)")
      try require(before.contains("ana 1") && !before.contains("ben 2"), "\(before)")
    }
    let after = try reader.snapshot { try seen() }
    try require(after.contains("ben 2") && !after.contains("ana 1"), "\(after)")
    let place = try needed(try reader.places().first)
    try require(
      place.table == "Tab" && place.position.sequence == 3 && place.watermark == Instant(history.time), "\(place)"
    )
    // Rows by their columns, and at most `limit`.
    let table = opened.pipeline.projections[plays].table
    var found: [[AnswerCell]] = []
    let name = try needed(table.column(named: "name"))
    try reader.rows(plays, where: [(name, .string("ben"))], newest: table.column(named: "_order"), limit: 10) { found.append($0) }
    try require(found.count == 1 && found[0][name] == .text("ben"), "\(found)")
    for index in 0..<5 { history.put(StorePipelines.play("p\(index)", 2)) }
    try opened.hand.checkpoint(Self.lane, history)
    found = []
    try reader.rows(plays, where: [], newest: table.column(named: "_order"), limit: 2) { found.append($0) }
    try require(found.map { $0[name].description } == ["p4", "p3"], "\(found)")
    reader.close()
  }

  func ranks(_ fixture: StoreFixture) throws {
    let seed = UInt64.random(in: 0 ... .max)
    let history = try StorePipelines.random(StorePipelines.groups, seed: seed, writes: 120, partitions: 2)
    let opened = try Opened(fixture, StorePipelines.groups)
    try opened.hand.takeAll(history)
    let follower = try fixture.reader(opened.generation, opened.pipeline)
    let boards = opened.pipeline.projections.filter { if case .leaderboard = $0.kind { true } else { false } }.map(\.name)
    for _ in 0..<30 {
      for partition in 0..<2 { try opened.hand.checkpoint(LaneID(table: 0, partition: partition), history, limit: 2) }
      let fresh = try fixture.reader(opened.generation, opened.pipeline)
      for name in boards {
        for room in 0..<4 {
          let board = [Value.string("r\(room)")]
          let followed = try opened.ranks(follower, name, board)
          let loaded = try opened.ranks(fresh, name, board)
          try require(followed == loaded, "seed \(seed), \(name) \(board): \(followed), not \(loaded)")
          let rows = try opened.rows(fresh, name, ["room", "member", "score"]).filter { $0.hasPrefix("r\(room) ") }
          try require(rows == followed.map { "r\(room) \($0)" }.sorted(), "seed \(seed), \(name): \(followed), rows \(rows)")
        }
      }
      fresh.close()
    }
    try require(try follower.ranks(try opened.id("rooms")) == nil, "an aggregate has ranks")
    follower.close()
  }

  func trimmedJournal(_ fixture: StoreFixture) throws {
    let opened = try Opened(fixture, StorePipelines.board)
    var history = TestHistory(opened.pipeline)
    let follower = try fixture.reader(opened.generation, opened.pipeline)
    func expect(_ members: [String]) throws {
      history.time += 1
      try opened.hand.checkpoint(Self.lane, history)
      let ranks = try opened.ranks(follower, "greatest", [.string("r")])
      try require(ranks == members, "\(ranks), not \(members)")
    }
    history.put(StorePipelines.play("a", who: "a", points: 1))
    history.put(StorePipelines.play("b", who: "b", points: 2))
    try expect(["b 2", "a 1"])
    history.delete(StorePipelines.play("b"))
    try opened.hand.checkpoint(Self.lane, history)
    try fixture.outgrowJournal(opened.generation)
    history.put(StorePipelines.play("c", who: "c", points: 3))
    try expect(["c 3", "a 1"])
    history.put(StorePipelines.play("d", who: "d", points: 2))
    try expect(["c 3", "d 2", "a 1"])
    follower.close()
  }

  func deadLetters(_ fixture: StoreFixture) throws {
    var letters = (1...(fixture.deadLettersMax + 60)).map { number in
      DeadLetter(
        projection: "kept", table: "Tab", partition: number % 3, sequence: SequenceNumber(number),
        time: Instant(TestHistory.start),
        path: "Points", reason: "is not a number")
    }
    var kept: [[String]] = []
    for (folder, parts) in [("whole", 1), ("parts", 3)] {
      let opened = try Opened(fixture, StorePipelines.board, in: folder)
      let size = letters.count / parts + 1
      for start in stride(from: 0, to: letters.count, by: size) {
        let checkpoint = try opened.hand.prepare(Self.lane, TestHistory(opened.pipeline))
        var changes = checkpoint.changes
        changes.deadLetters = Array(letters[start..<min(start + size, letters.count)])
        // One of another projection has its own place.
        if start == 0 {
          changes.deadLetters.append(
            DeadLetter(
              projection: "greatest", table: "Tab", partition: 0, sequence: 1, time: 0, path: "Who", reason: "is missing"))
        }
        let result = try opened.store.checkpoint(LaneCheckpoint(Self.lane, from: checkpoint.old, to: checkpoint.new, changes))
        try require(result.deadLetters == changes.deadLetters.count, "\(result)")
        try opened.hand.take(Self.lane)
      }
      kept.append(try opened.letters())
      letters.reverse()
    }
    let ofKept = kept[0].filter { $0.hasPrefix("letter: kept") }
    try require(ofKept.count == fixture.deadLettersMax, "\(ofKept.count) of \(letters.count) are kept")
    try require(kept[0].suffix(2) == ["letters of greatest: 1", "letters of kept: \(letters.count)"], "\(kept[0].suffix(2))")
    try require(kept[0] == kept[1], "other letters are kept in another order")
  }
}
