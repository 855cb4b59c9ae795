internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import LiteralTestKit
internal import Pipelines
internal import ProjectionTestKit
internal import Projections
internal import ReadModels
internal import RecordLiteralTestKit

/// Sessions that are looked up.
extension ReadModelConformance {
  private static let lane = LaneID(table: 0, partition: 0)

  private static let yaml = """
    pipeline: found
    tables: { Tab: { key: { partition: PK string, sort: SK string } } }
    items:
      play: { in: Tab, match: { PK: "U:{name}", SK: "{n}" }, fields: { room: Room optional } }
    projections:
      sittings: { sessions: [name, n], touch: play inserted, gap: 10s, one live per: [name, room], columns: { c: count } }
      seats: { sessions: [name, n], touch: play inserted, end: play removed, columns: { c: count } }

    """

  private func play(_ name: String, _ n: Int, room: String? = nil) -> Item {
    var item: Item = ["PK": .string("U:\(name)"), "SK": .string("\(n)")]
    if let room { item["Room"] = .string(room) }
    return item
  }

  private func opened(_ fixture: StoreFixture) throws -> (Opened, ProjectionID) {
    let opened = try Opened(fixture, Self.yaml)
    var history = TestHistory(opened.pipeline)
    for (n, room) in ["x", "y", nil, "x"].enumerated() {
      history.put(play("a", n, room: room))
      // The second and the third come at one instant.
      if n != 1 { history.time += 1_000 }
    }
    try opened.hand.checkpoint(Self.lane, history)
    return (opened, try opened.id("sittings"))
  }

  private func key(_ n: Int) -> BytesKey { BytesKey(Value.ordered([.string("a"), .string("\(n)")])) }

  private func look(_ opened: Opened, _ id: ProjectionID, _ lookup: SessionLookup) throws -> FoundSessions {
    try needed(try opened.store.sessions(Self.lane, [id: lookup])[id])
  }

  func findingSessions(_ fixture: StoreFixture) throws {
    let (opened, id) = try opened(fixture)
    func names(_ found: FoundSessions) -> [String] {
      found.entries.compactMap { if case .active(let state) = $0.session { "\(state.key[1])" } else { nil } }.sorted()
    }
    // The first was superseded by the fourth.
    var keys = SessionLookup()
    for n in [0, 1, 3, 7] { keys.add(key: key(n)) }
    let byKey = try look(opened, id, keys)
    try require(names(byKey) == ["1", "3"] && byKey.dueThrough == nil, "\(byKey)")
    var groups = SessionLookup()
    for room in ["x", "y", "z"] { groups.add(group: BytesKey(Value.ordered([.string("a"), .string(room)]))) }
    try require(names(try look(opened, id, groups)) == ["1", "3"], "\(try look(opened, id, groups))")
    // Dues are 11 s, 11 s and 12 s after the start: the second and third at one instant.
    let start = Instant(TestHistory.start)
    func due(_ from: Int64, _ before: Int64, _ max: Int) throws -> FoundSessions {
      var lookup = SessionLookup()
      lookup.due = .init(from: start.advanced(by: from * 1_000_000), before: start.advanced(by: before * 1_000_000), max: max)
      return try look(opened, id, lookup)
    }
    func through(_ seconds: Int64) -> Instant { start.advanced(by: seconds * 1_000_000) }
    for (from, before, max, expected, end) in [
      (Int64(0), Int64(11), 9, [], through(11)), (0, 12, 1, ["1", "2"], through(12)), (0, 13, 1, ["1", "2"], through(12)),
      (0, 13, 3, ["1", "2", "3"], .distantFuture), (12, 13, 1, ["3"], .distantFuture), (13, 20, 1, [], .distantFuture),
    ] as [(Int64, Int64, Int, [String], Instant)] {
      let found = try due(from, before, max)
      try require(names(found) == expected && found.dueThrough == end, "from \(from) before \(before), \(max): \(found)")
    }
    // Those that never end by themselves are never due.
    let seats = try opened.id("seats")
    var lookup = SessionLookup()
    lookup.due = .init(from: .distantPast, before: .distantFuture, max: 9)
    let never = try look(opened, seats, lookup)
    try require(never.entries.isEmpty && never.dueThrough == .distantFuture, "\(never)")
    // Another lane has none of them.
    let other = try opened.store.sessions(LaneID(table: 0, partition: 1), [id: keys])
    try require(other[id]?.entries.isEmpty ?? true, "\(other)")
  }

  func handingSessions(_ fixture: StoreFixture) throws {
    let (opened, id) = try opened(fixture)
    let start = LogCursor(tableID: TestHistory.tableID(0), sequence: 0)
    // Three are active.
    let whole = try opened.store.takeLane(Self.lane, start: start, sessionsMax: 3).sessions
    try require(whole[id]?.isWhole == true && whole[id]?.entries.count == 3, "\(whole)")
    let part = try opened.store.takeLane(Self.lane, start: start, sessionsMax: 2).sessions
    try require(part[id]?.isWhole == false && part[id]?.entries.isEmpty == true, "\(part)")
  }

  func timedSessions(_ fixture: StoreFixture) throws {
    for restarts in [false, true] {
      let opened = try Opened(
        fixture,
        """
        pipeline: timed
        tables: { Tab: { key: { partition: PK string, sort: SK string } } }
        items:
          play: { in: Tab, match: { PK: "U:{name}", SK: "{n}" }, fields: { at: At timestamp(milliseconds), n2: N integer } }
        projections:
          talks: { sessions: name, touch: play inserted, time: at, gap: 10s, lateness: 5s, columns: { c: count, s: sum(n2) } }

        """, in: "timed-\(restarts)")
      let (start, id) = (TestHistory.start.rawValue, try opened.id("talks"))
      var history = TestHistory(opened.pipeline)
      var n = 0
      func put(_ at: Int64, _ sent: Int64, _ number: Int64 = 1) {
        history.time = LogTime(rawValue: start + at)
        n += 1
        history.put([
          "PK": .string("U:a"), "SK": .string("\(n)"), "At": .number(Number(start + sent)), "N": .number(Number(number)),
        ])
      }
      func expect(_ rows: [String], kept: Bool, letters: Int = 0) throws {
        if restarts { try opened.hand.take(Self.lane) }
        try opened.hand.checkpoint(Self.lane, history)
        let found = try opened.rows("talks", ["c", "s", "status"])
        try require(found == rows.sorted(), "\(found)")
        var lookup = SessionLookup()
        lookup.add(key: BytesKey(Value.ordered([.string("a")])))
        let entries = try look(opened, id, lookup).entries
        let isKept = entries.contains { if case .timed = $0.session { $0.due != nil } else { false } }
        try require(isKept == kept && entries.isEmpty != kept, "\(entries)")
        let reader = try fixture.reader(opened.generation, opened.pipeline)
        defer { reader.close() }
        let checks = try reader.checkRows(of: opened.pipeline)
        try require(checks.allSatisfy(\.isFine), "\(checks.flatMap(\.findings))")
        var count = 0
        try reader.deadLetters(limit: 9) { _ in count += 1 }
        try require(count == letters, "\(count) dead letters")
      }
      // The second is one whose sum does not fit; a touch between them joins both, and the dead letter goes with its row.
      put(0, 0)
      put(12_000, 11_000, .max)
      put(12_000, 12_000, .max)
      try expect(["1 1 expired", "2 null active"], kept: true, letters: 1)
      put(13_000, 5_000, .min)
      put(13_000, 6_000, .min)
      try expect(["5 -1 active"], kept: true)
      history.time = LogTime(rawValue: start + 22_001)
      try expect(["5 -1 expired"], kept: true)
      history.time = LogTime(rawValue: start + 37_001)
      try expect(["5 -1 expired"], kept: false)
      opened.store.close()
    }
  }
}
