package import ChangeLog
package import ChangeRecords
package import DynamoModel

/// A table with four partitions and a clock in a test's hand, and its log as a reader sees it.
package struct LogFixture: Sendable {
  package let log: any ChangeLog
  /// Puts an item with the string key `pk` and returns where its record stands.
  package let put: @Sendable (_ key: String, _ item: Item) async throws -> Position
  /// The table's clock goes on, in milliseconds.
  package let advance: @Sendable (Int64) -> Void
  /// Drops the records of a partition up to the cursor; those are older by more than `retention` than what follows.
  package let trim: @Sendable (_ partition: Int, _ through: LogCursor) async throws -> Void
  /// Deletes the table and creates it again under the same name.
  package let remake: @Sendable () async throws -> Void

  package static let partitions = 4
  /// Milliseconds.
  package static let retention: Int64 = 60_000

  package init(
    log: any ChangeLog, put: @escaping @Sendable (String, Item) async throws -> Position,
    advance: @escaping @Sendable (Int64) -> Void,
    trim: @escaping @Sendable (Int, LogCursor) async throws -> Void, remake: @escaping @Sendable () async throws -> Void
  ) {
    self.log = log
    self.put = put
    self.advance = advance
    self.trim = trim
    self.remake = remake
  }
}

/// What a log does not keep of its contract.
package struct ConformanceFailure: Error, CustomStringConvertible {
  package let description: String
}

func require(_ condition: Bool, _ text: @autoclosure () -> String, line: Int = #line) throws {
  if !condition { throw ConformanceFailure(description: "line \(line): \(text())") }
}

extension LogFixture {
  /// Writes `count` items with different keys and returns them by position.
  func fill(_ count: Int, from start: Int = 0) async throws -> [Position: Item] {
    var written: [Position: Item] = [:]
    for number in start..<(start + count) {
      let item: Item = [
        "pk": .string("key \(number)"), "n": .number(Number(Int64(number))), "text": .string("Grüße \"\(number)\""),
      ]
      written[try await put("key \(number)", item)] = item
      if number % 3 == 0 { advance(7) }
    }
    return written
  }

  /// Every record of a partition after a cursor, up to `last`.
  func records(
    _ partition: Int, after cursor: LogCursor, through last: SequenceNumber, limit: ReadLimit = .standard
  ) async throws -> (records: [ChangeRecord], batches: [RecordBatch]) {
    var records: [ChangeRecord] = []
    var batches: [RecordBatch] = []
    var cursor = cursor
    let end = ContinuousClock.now + .seconds(30)
    while cursor.sequence < last {
      try require(ContinuousClock.now < end, "partition \(partition) has not come to \(last): it stands at \(cursor.sequence)")
      let batch = try await log.read(partition: partition, after: cursor, limit: limit, wait: .seconds(5))
      records += try decode(batch)
      batches.append(batch)
      cursor = batch.end
    }
    return (records, batches)
  }

  func decode(_ batch: RecordBatch) throws -> [ChangeRecord] {
    var reader = RecordJSONReader()
    return try batch.bytes.withUnsafeBytes { raw in
      try batch.entries.map { entry in
        let bytes = UnsafeRawBufferPointer(rebasing: raw[entry.start..<entry.end])
        return batch.format == .stored
          ? try StoredRecord.decode(bytes, sequence: entry.sequence) : try reader.decode(bytes, sequence: entry.sequence)
      }
    }
  }

  /// The log's description, once there is one.
  package func description() async throws -> LogDescription {
    let end = ContinuousClock.now + .seconds(30)
    while true {
      do throws(LogError) {
        return try await log.describe()
      } catch {
        try require(ContinuousClock.now < end, "the log cannot be described: \(error)")
        try await Task.sleep(for: .milliseconds(20))
      }
    }
  }

  /// The last sequence of each partition.
  func lasts(_ positions: some Sequence<Position>) -> [SequenceNumber] {
    var lasts = [SequenceNumber](repeating: .beforeAll, count: LogFixture.partitions)
    for position in positions { lasts[position.partition] = max(lasts[position.partition], position.sequence) }
    return lasts
  }
}
