/// Which record touched a row last: the source of `_at` and `_position`. The greatest of several lanes' stamps holds, by time,
/// then partition, then sequence, so it is the same whatever order they come in.
package struct RowStamp: Sendable, Equatable, Comparable {
  /// Commit time in microseconds.
  package var time: Int64
  /// Index of the table in the pipeline.
  package var table: Int
  package var partition: Int
  package var sequence: UInt64

  package init(time: Int64, table: Int, partition: Int, sequence: UInt64) {
    self.time = time
    self.table = table
    self.partition = partition
    self.sequence = sequence
  }

  package static func < (left: RowStamp, right: RowStamp) -> Bool {
    if left.time != right.time { return left.time < right.time }
    if left.table != right.table { return left.table < right.table }
    if left.partition != right.partition { return left.partition < right.partition }
    return left.sequence < right.sequence
  }

  /// Before every record.
  package static let none = RowStamp(time: .min, table: 0, partition: 0, sequence: 0)
}
