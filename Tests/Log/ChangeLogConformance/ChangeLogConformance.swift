internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import RecordLiteralTestKit

/// The contract of `ChangeLog`, as checks that every source passes.
package enum ChangeLogConformance: String, CaseIterable, Sendable {
  case recordsAreReadInOrderWithoutGaps
  case aReadWaitsForARecordAndReturnsWhenTheWaitIsOver
  case limitsAreKeptAndOneRecordAlwaysComes
  case everyCursorResumes
  case readersOfOnePartitionDoNotDisturbEachOther
  case noRecordIsEarlierThanAWatermarkBeforeIt
  case theWatermarkOfAQuietTableMoves
  case boundsAreThoseOfWhatIsKept
  case aCursorIsFoundByTime
  case whatIsTrimmedIsToldSo
  case aPositionBehindTheEndIsRefused
  case aTableMadeAnewIsNotTheOldOne

  package func run(_ fixture: LogFixture) async throws {
    switch self {
    case .recordsAreReadInOrderWithoutGaps: try await order(fixture)
    case .aReadWaitsForARecordAndReturnsWhenTheWaitIsOver: try await waiting(fixture)
    case .limitsAreKeptAndOneRecordAlwaysComes: try await limits(fixture)
    case .everyCursorResumes: try await resuming(fixture)
    case .readersOfOnePartitionDoNotDisturbEachOther: try await severalReaders(fixture)
    case .noRecordIsEarlierThanAWatermarkBeforeIt: try await watermarks(fixture)
    case .theWatermarkOfAQuietTableMoves: try await quiet(fixture)
    case .boundsAreThoseOfWhatIsKept: try await bounds(fixture)
    case .aCursorIsFoundByTime: try await times(fixture)
    case .whatIsTrimmedIsToldSo: try await trimming(fixture)
    case .aPositionBehindTheEndIsRefused: try await behindTheEnd(fixture)
    case .aTableMadeAnewIsNotTheOldOne: try await remaking(fixture)
    }
  }

  private func order(_ fixture: LogFixture) async throws {
    let description = try await fixture.description()
    try require(description.partitions == LogFixture.partitions, "\(description.partitions) partitions")
    let written = try await fixture.fill(200)
    let lasts = fixture.lasts(written.keys)
    for partition in 0..<LogFixture.partitions {
      let start = LogCursor(tableID: description.tableID, sequence: .beforeAll)
      let (records, batches) = try await fixture.records(
        partition, after: start, through: lasts[partition], limit: ReadLimit(records: 7, bytes: 1 << 20))
      try require(records.map(\.sequence) == Array(1...max(1, lasts[partition])), "sequences \(records.map(\.sequence))")
      try require(records.map(\.time) == records.map(\.time).sorted(), "times went back")
      try require(batches.flatMap(\.entries).map(\.time) == records.map(\.time), "an entry has another time than its record")
      for record in records {
        let position = Position(tableID: description.tableID, partition: partition, sequence: record.sequence)
        try require(record.newImage == written[position] && record.oldImage == nil, "another image at \(position)")
        try require(record.kind == .insert && record.keys["pk"] == written[position]?["pk"], "another key at \(position)")
      }
    }
  }

  private func waiting(_ fixture: LogFixture) async throws {
    let tableID = try await fixture.description().tableID
    let first = try await fixture.put("a", ["pk": .string("a")])
    let cursor = try await fixture.records(
      first.partition, after: LogCursor(tableID: tableID, sequence: .beforeAll), through: first.sequence
    ).batches.last!.end
    let clock = ContinuousClock()
    let empty = try await clock.measure {
      let batch = try await fixture.log.read(partition: first.partition, after: cursor, limit: .standard, wait: .milliseconds(30))
      try require(batch.entries.isEmpty && batch.end == cursor, "records out of nothing")
    }
    try require(empty >= .milliseconds(30) && empty < .seconds(10), "an empty read took \(empty)")
    async let waiting = fixture.log.read(partition: first.partition, after: cursor, limit: .standard, wait: .seconds(30))
    let begin = clock.now
    let second = try await fixture.put("a", ["pk": .string("a"), "n": .bool(true)])
    // A wake-up may come from another partition's record: then the batch is empty and the reader reads on.
    var batch = try await waiting
    while batch.entries.isEmpty {
      batch = try await fixture.log.read(partition: first.partition, after: batch.end, limit: .standard, wait: .seconds(5))
    }
    try require(batch.entries.map(\.sequence) == [second.sequence], "\(batch.entries)")
    try require(clock.now - begin < .seconds(20), "a waiting read was not woken")
  }

  private func limits(_ fixture: LogFixture) async throws {
    let tableID = try await fixture.description().tableID
    let lasts = fixture.lasts(try await fixture.fill(60).keys)
    let start = LogCursor(tableID: tableID, sequence: .beforeAll)
    _ = try await fixture.records(0, after: start, through: lasts[0])
    let three = try await fixture.log.read(
      partition: 0, after: start, limit: ReadLimit(records: 3, bytes: 1 << 20), wait: .seconds(5))
    try require(three.entries.count <= 3 && !three.entries.isEmpty, "\(three.entries.count) records for a limit of 3")
    let one = try await fixture.log.read(partition: 0, after: start, limit: ReadLimit(records: 100, bytes: 1), wait: .seconds(5))
    try require(one.entries.map(\.sequence) == [1], "a limit of one byte gave \(one.entries.count) records")
    try require(one.behind > 0, "no records are said to follow the first of many")
  }

  private func resuming(_ fixture: LogFixture) async throws {
    let tableID = try await fixture.description().tableID
    let lasts = fixture.lasts(try await fixture.fill(60).keys)
    let start = LogCursor(tableID: tableID, sequence: .beforeAll)
    let single = ReadLimit(records: 1, bytes: 1)
    let (_, batches) = try await fixture.records(1, after: start, through: lasts[1], limit: single)
    for (index, batch) in batches.enumerated() where !batch.entries.isEmpty {
      let sequence = batch.end.sequence
      // A lane looks at its last record again.
      var before = batch.end
      before.sequence -= 1
      before.hint = max(0, before.hint - 1)
      let again = try await fixture.log.read(partition: 1, after: before, limit: single, wait: .seconds(5))
      try require(
        again.entries.first?.sequence == sequence && again.bytes == batch.bytes, "record \(sequence) read again is another")
      guard sequence < lasts[1], index % 4 == 0 else { continue }
      // A wrong hint and none.
      for hint in [0, batch.end.hint + 1_000_000, max(0, batch.end.hint - 3)] {
        let cursor = LogCursor(tableID: tableID, sequence: sequence, hint: hint)
        let next = try await fixture.log.read(partition: 1, after: cursor, limit: single, wait: .seconds(5))
        try require(next.entries.first?.sequence == sequence + 1, "after \(sequence), hint \(hint): \(next.entries)")
      }
    }
  }

  private func severalReaders(_ fixture: LogFixture) async throws {
    let tableID = try await fixture.description().tableID
    let lasts = fixture.lasts(try await fixture.fill(80).keys)
    let start = LogCursor(tableID: tableID, sequence: .beforeAll)
    try await withThrowingTaskGroup(of: [SequenceNumber].self) { group in
      for reader in 1...3 {
        group.addTask {
          try await fixture.records(2, after: start, through: lasts[2], limit: ReadLimit(records: reader, bytes: 1 << 20))
            .records.map(\.sequence)
        }
      }
      for try await sequences in group { try require(sequences == Array(1...lasts[2]), "\(sequences)") }
    }
  }

  private func watermarks(_ fixture: LogFixture) async throws {
    let tableID = try await fixture.description().tableID
    var seen: [(partition: Int, sequence: SequenceNumber, watermark: LogTime)] = []
    var times: [[LogTime]] = Array(repeating: [], count: LogFixture.partitions)
    var cursors = (0..<LogFixture.partitions).map { _ in LogCursor(tableID: tableID, sequence: .beforeAll) }
    var lasts = [SequenceNumber](repeating: .beforeAll, count: LogFixture.partitions)
    func read(_ partition: Int, _ wait: Duration) async throws {
      let batch = try await fixture.log.read(
        partition: partition, after: cursors[partition], limit: ReadLimit(records: 3, bytes: 1 << 20), wait: wait)
      times[partition] += batch.entries.map(\.time)
      if let last = batch.entries.last { try require(batch.watermark >= last.time, "a watermark below its batch's last time") }
      seen.append((partition, batch.end.sequence, batch.watermark))
      cursors[partition] = batch.end
    }
    for round in 0..<40 {
      for (partition, last) in fixture.lasts(try await fixture.fill(3, from: round * 3).keys).enumerated() {
        lasts[partition] = max(lasts[partition], last)
      }
      fixture.advance(Int64(round % 5))
      for partition in 0..<LogFixture.partitions { try await read(partition, round % 4 == 0 ? .milliseconds(5) : .zero) }
    }
    for partition in 0..<LogFixture.partitions {
      while cursors[partition].sequence < lasts[partition] { try await read(partition, .seconds(5)) }
    }
    for (partition, sequence, watermark) in seen {
      for later in times[partition].dropFirst(Int(sequence.rawValue)) {
        try require(
          later >= watermark,
          "after \(sequence) of partition \(partition) stands \(later), earlier than the watermark \(watermark)"
        )
      }
    }
  }

  private func quiet(_ fixture: LogFixture) async throws {
    let tableID = try await fixture.description().tableID
    let position = try await fixture.put("a", ["pk": .string("a")])
    for partition in 0..<LogFixture.partitions {
      let start = LogCursor(tableID: tableID, sequence: .beforeAll)
      let last = partition == position.partition ? position.sequence : .beforeAll
      var cursor =
        last == .beforeAll ? start : try await fixture.records(partition, after: start, through: last).batches.last!.end
      let first = try await fixture.log.read(partition: partition, after: cursor, limit: .standard, wait: .zero).watermark
      fixture.advance(5_000)
      let end = ContinuousClock.now + .seconds(20)
      while true {
        let batch = try await fixture.log.read(partition: partition, after: cursor, limit: .standard, wait: .milliseconds(50))
        cursor = batch.end
        try require(batch.behind == 0, "a quiet partition is said to have more records")
        if batch.watermark >= later(first, by: 5_000) { break }
        try require(ContinuousClock.now < end, "the watermark of partition \(partition) stays at \(batch.watermark)")
      }
    }
  }

  private func bounds(_ fixture: LogFixture) async throws {
    let tableID = try await fixture.description().tableID
    let empty = try await fixture.log.bounds(partition: 3)
    try require(empty == LogBounds(first: 1, last: 0), "an empty partition has the bounds \(empty)")
    let lasts = fixture.lasts(try await fixture.fill(40).keys)
    for partition in 0..<LogFixture.partitions {
      _ = try await fixture.records(
        partition, after: LogCursor(tableID: tableID, sequence: .beforeAll), through: lasts[partition])
      let bounds = try await fixture.log.bounds(partition: partition)
      try require(bounds == LogBounds(first: 1, last: lasts[partition]), "\(bounds), not 1 to \(lasts[partition])")
    }
    let ends = try await fixture.log.ends(areFresh: true)
    try require(ends.map(\.sequence) == lasts, "\(ends), not \(lasts)")
    // Whatever is written later has a time of at least an end's watermark.
    fixture.advance(10)
    let later = try await fixture.fill(8, from: 1_000)
    for position in later.keys {
      let cursor = LogCursor(tableID: position.tableID, sequence: position.sequence.previous)
      let read = try await fixture.records(position.partition, after: cursor, through: position.sequence)
      let end = ends[position.partition]
      try require(read.records.allSatisfy { $0.time >= end.watermark }, "a record before the watermark \(end.watermark)")
    }
    let error = await failure { _ = try await fixture.log.bounds(partition: LogFixture.partitions) }
    try require(error?.kind == .configuration, "a partition that is not there: \(String(describing: error))")
  }

  private func later(_ time: LogTime, by milliseconds: Int64) -> LogTime { LogTime(rawValue: time.rawValue + milliseconds) }

  private func times(_ fixture: LogFixture) async throws {
    let tableID = try await fixture.description().tableID
    let lasts = fixture.lasts(try await fixture.fill(60).keys)
    let (records, _) = try await fixture.records(
      0, after: LogCursor(tableID: tableID, sequence: .beforeAll), through: lasts[0])
    let first = records[0].time
    for time in [
      LogTime.zero, first, later(first, by: 1), records[records.count / 2].time, later(records[records.count / 2].time, by: 1),
      later(records.last!.time, by: 1),
    ] {
      let cursor = try await fixture.log.cursor(partition: 0, time: time)
      let expected = records.filter { $0.time < time }.count
      try require(cursor.sequence == SequenceNumber(expected), "time \(time): after \(cursor.sequence), not \(expected)")
      guard expected < records.count else { continue }
      let batch = try await fixture.log.read(partition: 0, after: cursor, limit: .standard, wait: .seconds(5))
      try require(batch.entries.first?.sequence == SequenceNumber(expected + 1), "the cursor of time \(time) does not read on")
    }
  }

  private func trimming(_ fixture: LogFixture) async throws {
    let tableID = try await fixture.description().tableID
    let start = LogCursor(tableID: tableID, sequence: .beforeAll)
    let old = fixture.lasts(try await fixture.fill(40).keys)
    let cursor = try await fixture.records(0, after: start, through: old[0]).batches.last!.end
    fixture.advance(LogFixture.retention * 2)
    let new = fixture.lasts(try await fixture.fill(40, from: 40).keys)
    _ = try await fixture.records(0, after: cursor, through: new[0])
    try await fixture.trim(0, cursor)
    let bounds = try await fixture.log.bounds(partition: 0)
    try require(bounds == LogBounds(first: old[0] + 1, last: new[0]), "after trimming \(old[0]): \(bounds)")
    for sequence in [0, old[0] - 1] {
      for hint in [0, Int64(1)] where sequence > 0 || hint == 0 {
        let error = await failure {
          _ = try await fixture.log.read(
            partition: 0, after: LogCursor(tableID: tableID, sequence: sequence, hint: hint), limit: .standard,
            wait: .seconds(5))
        }
        try require(error?.kind == .trimmed, "after \(sequence), hint \(hint): \(String(describing: error))")
      }
    }
    let (records, _) = try await fixture.records(0, after: cursor, through: new[0])
    try require(records.first?.sequence == old[0] + 1, "the first record kept is not read")
  }

  private func behindTheEnd(_ fixture: LogFixture) async throws {
    let tableID = try await fixture.description().tableID
    let lasts = fixture.lasts(try await fixture.fill(20).keys)
    _ = try await fixture.records(0, after: LogCursor(tableID: tableID, sequence: .beforeAll), through: lasts[0])
    let error = await failure {
      _ = try await fixture.log.read(
        partition: 0, after: LogCursor(tableID: tableID, sequence: lasts[0] + 5), limit: .standard, wait: .zero)
    }
    try require(error?.kind == .trimmed, "\(String(describing: error))")
  }

  private func remaking(_ fixture: LogFixture) async throws {
    let old = try await fixture.description().tableID
    let first = try await fixture.put("a", ["pk": .string("a")])
    let cursor = try await fixture.records(
      first.partition, after: LogCursor(tableID: old, sequence: .beforeAll), through: first.sequence
    ).batches.last!.end
    try await fixture.remake()
    var new = old
    let end = ContinuousClock.now + .seconds(30)
    while new == old {
      try require(ContinuousClock.now < end, "the log still answers with the old table id")
      new = try await fixture.description().tableID
    }
    let again = try await fixture.put("a", ["pk": .string("a"), "life": .number(Number(2))])
    try require(again.tableID == new && again.sequence == 1, "the new life begins with \(again)")
    let (records, _) = try await fixture.records(
      again.partition, after: LogCursor(tableID: new, sequence: .beforeAll), through: 1)
    try require(records.map { $0.newImage?["life"] } == [.number(Number(2))], "the new life's first record is another")
    // A reader of the old life sees its end, then an error or nothing; never the new life.
    var place = cursor
    let error = await failure {
      for _ in 0..<5 {
        let batch = try await fixture.log.read(
          partition: first.partition, after: place, limit: .standard, wait: .milliseconds(500))
        for record in try fixture.decode(batch) where record.kind != .truncate {
          throw LogError(.corrupt, table: "", "a record of the new life")
        }
        place = batch.end
      }
    }
    try require(error == nil || error?.kind == .recreated, "\(String(describing: error))")
    try require(place.sequence <= cursor.sequence + 1, "the old life has more than its end")
  }

  private func failure(_ body: () async throws -> Void) async -> LogError? {
    do {
      try await body()
      return nil
    } catch {
      return error as? LogError ?? LogError(.corrupt, table: "", "\(error)")
    }
  }
}
