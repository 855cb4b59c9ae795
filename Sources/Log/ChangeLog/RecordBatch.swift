package import ChangeRecords

/// Records of one partition, in order, their bytes in one buffer: a batch crosses an `await` whole and is decoded in place.
package struct RecordBatch: Sendable {
  package struct Entry: Sendable {
    package let sequence: SequenceNumber
    /// The commit time.
    package let time: LogTime
    package let start: Int
    package let end: Int

    package init(sequence: SequenceNumber, time: LogTime, start: Int, end: Int) {
      self.sequence = sequence
      self.time = time
      self.start = start
      self.end = end
    }
  }

  package let partition: Int
  package let format: RecordFormat
  package var bytes: [UInt8]
  package var entries: [Entry]
  /// Where to read on.
  package var end: LogCursor
  /// No record after this batch has an earlier commit time. Never below the batch's own last time.
  package var watermark: LogTime
  /// Records in the partition after this batch, as far as known when it was read.
  package var behind: UInt64
  /// Messages without our headers that stood between the records and were set aside (Kafka only).
  package var foreign: [ForeignRecord]
  /// Where the batch ends as the log's own tools count: past what ends transactions, where nothing follows it (Kafka only). For display; `end` says where
  /// to read on.
  package var place: Int64?

  package init(
    partition: Int, format: RecordFormat, bytes: [UInt8] = [], entries: [Entry] = [], end: LogCursor, watermark: LogTime,
    behind: UInt64 = 0, foreign: [ForeignRecord] = []
  ) {
    self.partition = partition
    self.format = format
    self.bytes = bytes
    self.entries = entries
    self.end = end
    self.watermark = watermark
    self.behind = behind
    self.foreign = foreign
  }
}

/// A message on the topic that is not ours: kept as a dead letter, never applied.
package struct ForeignRecord: Sendable {
  package let offset: Int64
  package let reason: String
  package let bytes: [UInt8]

  package init(offset: Int64, reason: String, bytes: [UInt8]) {
    self.offset = offset
    self.reason = reason
    self.bytes = bytes
  }
}
