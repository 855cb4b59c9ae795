package import ChangeRecords

/// A table's log of change records, wherever it is kept.
///
/// A partition is a sequence of records with numbers 1, 2, 3 ... and commit times that never go back. Sources: the
/// table store's own log and Kafka topics. All pass `ChangeLogConformance`.
package protocol ChangeLog: Sendable {
  var table: String { get }

  /// What the log is now. A log whose table was created again answers with another table id.
  func describe() async throws(LogError) -> LogDescription

  /// The records after `cursor`, in order, at most `limit` (but at least one when there is one); waits up to `wait` for
  /// the first. Returns without records when the wait is over: the batch then carries the watermark alone.
  ///
  /// Errors: `.trimmed` when the record after the cursor is no longer kept, `.recreated` when the table is not the one
  /// that the cursor belongs to, `.corrupt` for a gap in the sequence.
  func read(
    partition: Int, after cursor: LogCursor, limit: ReadLimit, wait: Duration
  ) async throws(LogError) -> RecordBatch

  /// The first and the last sequence number kept; `last` is one below `first` in an empty partition.
  func bounds(partition: Int) async throws(LogError) -> LogBounds

  /// Where each partition ends. Cheaper than bounds and a read of each where a log is far away, and cheaper still where they need not be those of this
  /// moment: then they are those of a moment ago.
  func ends(areFresh: Bool) async throws(LogError) -> [LogEnd]

  /// A cursor after which every record has a commit time of at least `time`.
  func cursor(partition: Int, time: LogTime) async throws(LogError) -> LogCursor
}

extension ChangeLog {
  package func ends(areFresh: Bool) async throws(LogError) -> [LogEnd] {
    let description = try await describe()
    var ends: [LogEnd] = []
    for partition in 0..<description.partitions {
      let last = try await bounds(partition: partition).last
      let batch = try await read(
        partition: partition, after: LogCursor(tableID: description.tableID, sequence: last),
        limit: ReadLimit(records: 1, bytes: 1), wait: .zero)
      ends.append(LogEnd(sequence: last, watermark: batch.watermark))
    }
    return ends
  }
}

/// Where a partition ends.
package struct LogEnd: Sendable, Equatable {
  /// Of the last record; `beforeAll` when there was none.
  package let sequence: SequenceNumber
  /// That of the partition at this record or a little later.
  package let watermark: LogTime

  package init(sequence: SequenceNumber, watermark: LogTime) {
    self.sequence = sequence
    self.watermark = watermark
  }
}

/// What a log is: the life of the table that it belongs to, and its partitions, numbered from 0.
package struct LogDescription: Sendable, Equatable {
  package let tableID: TableID
  package let partitions: Int
  /// The number of times that the records were written to a log of their own: a reader that a damaged log has stopped may go on when the number
  /// is another.
  package let publication: Int
  /// After how many milliseconds a record may go, counted from its commit time; nil while records are kept forever, or when that is not known.
  package let retention: Int64?

  package init(tableID: TableID, partitions: Int, publication: Int = 1, retention: Int64? = nil) {
    self.tableID = tableID
    self.partitions = partitions
    self.publication = publication
    self.retention = retention
  }
}

/// The sequence numbers that a partition keeps.
package struct LogBounds: Sendable, Equatable {
  package let first: SequenceNumber
  package let last: SequenceNumber

  package init(first: SequenceNumber, last: SequenceNumber) {
    self.first = first
    self.last = last
  }
}

/// Where a reader stands: after the record with this number; 0 is the beginning.
package struct LogCursor: Sendable, Hashable {
  package var tableID: TableID
  package var sequence: SequenceNumber
  /// The source's own place for going on quickly (a Kafka offset); 0 where unknown. A hint: the sequence decides.
  package var hint: Int64

  package init(tableID: TableID, sequence: SequenceNumber, hint: Int64 = 0) {
    self.tableID = tableID
    self.sequence = sequence
    self.hint = hint
  }
}

/// Bounds of one batch.
package struct ReadLimit: Sendable {
  package var records: Int
  package var bytes: Int

  package init(records: Int, bytes: Int) {
    self.records = records
    self.bytes = bytes
  }

  /// 4,096 records or 4 MB, whichever comes first.
  package static let standard = ReadLimit(records: 4096, bytes: 4 << 20)
}
