internal import ChangeRecords
internal import LiteralTestKit
internal import Pipelines
internal import ProjectionTestKit
internal import Projections
internal import RandomTestKit
internal import ReadModels
internal import RecordLiteralTestKit
internal import Workers

/// Row hashes and digests: equal for equal rows, and unequal for others.
extension ReadModelConformance {
  /// The digests of a history's rows, made by lanes that are worked in some way.
  private func digests(
    _ fixture: StoreFixture, _ history: TestHistory, _ text: String, in folder: String,
    _ work: (inout Replay) async throws -> Void,
    batch: Int = 4_096, restartEvery: Int? = nil, checkpointEvery: Int? = nil
  ) async throws -> [Digest] {
    let opened = try Opened(fixture, text, in: folder)
    defer { opened.store.close() }
    var replay = Replay(
      store: opened.store, logs: history.logs, batchRecords: batch, restartEvery: restartEvery, checkpointEvery: checkpointEvery)
    try await work(&replay)
    let reader = try fixture.reader(opened.generation, opened.pipeline)
    defer { reader.close() }
    let checks = try reader.checkRows(of: opened.pipeline)
    try require(checks.allSatisfy { $0.findings.isEmpty && $0.isFine }, "\(folder): \(checks.flatMap(\.findings))")
    try require(try reader.digests() == checks.map(\.found), "\(folder): the digests are not those of the rows")
    try require(try reader.storageFaults(limit: 3).isEmpty, "\(folder): the store finds faults")
    return checks.map(\.found)
  }

  func digestsOfRows(_ fixture: StoreFixture) async throws {
    let seed = UInt64.random(in: 0 ... .max)
    for (name, text) in [("groups", StorePipelines.groups), ("everything", StorePipelines.everything)] {
      var expected: [Digest]?
      for partitions in [1, 3] {
        var history = try StorePipelines.random(text, seed: seed, writes: 120, partitions: partitions)
        // Sessions end, and hours close.
        history.time += 7_200_000
        history.put(StorePipelines.play("late"))
        history.time += 7_200_000
        let ways: [(batch: Int, restart: Int?, checkpoint: Int?, mixes: Bool)] = [
          (4_096, nil, nil, false), (1, 1, nil, false), (3, nil, 2, true), (7, 5, nil, true),
        ]
        for (number, way) in ways.enumerated() {
          let found = try await digests(
            fixture, history, text, in: "\(name)-\(partitions)-\(number)",
            { replay in
              var random = SeededGenerator(seed: seed &+ UInt64(number))
              if way.mixes { replay.choose = { Int.random(in: 0..<$0, using: &random) } }
              try await replay.catchUp()
            }, batch: way.batch, restartEvery: way.restart, checkpointEvery: way.checkpoint)
          // A board of sums may come out empty: none of them fits.
          try require(found.count { $0.rows > 0 } >= found.count - 2, "seed \(seed), \(name): \(found)")
          try require(found == expected ?? found, "seed \(seed), \(name), \(partitions) partitions, way \(number): \(found)")
          expected = found
        }
      }
    }
  }

  func tamperedRows(_ fixture: StoreFixture) throws {
    for tampering in StoreFixture.Tampering.allCases {
      let opened = try Opened(fixture, StorePipelines.everything, in: "\(tampering)")
      var history = TestHistory(opened.pipeline)
      for name in ["ana", "ben", "cyd"] { history.put(StorePipelines.play(name, 2)) }
      try opened.hand.checkpoint(LaneID(table: 0, partition: 0), history)
      let reader = try fixture.reader(opened.generation, opened.pipeline)
      defer { reader.close() }
      let before = try reader.checkRows(of: opened.pipeline)
      try require(before.allSatisfy(\.isFine), "\(before.flatMap(\.findings))")
      try fixture.tamper(opened.generation, tampering)
      let checks = try reader.checkRows(of: opened.pipeline)
      let plays = try needed(checks.first)
      try require(checks.dropFirst().allSatisfy(\.isFine), "\(tampering): \(checks.flatMap(\.findings))")
      try require(!plays.isFine && checks.digest != before.digest, "\(tampering) is not found")
      let expected =
        switch tampering {
        case .changed: ["plays: the row name=ben, n=2 does not match its hash"]
        case .removed: ["plays: there are 2 rows, and checkpoints have written 3"]
        case .added:
          ["plays: the row name=zoe, n=2 does not match its hash", "plays: there are 4 rows, and checkpoints have written 3"]
        }
      try require(plays.findings == expected, "\(tampering): \(plays.findings)")
    }
  }
}
