package import ChangeRecords
package import Pipelines

/// Where a change stands among all changes of a pipeline's tables, and the source of `_at`, `_order` and `_position`.
///
/// Ordered by commit time, then by the committer's order, which alone distinguishes two changes of one millisecond; table id, partition and
/// sequence only fix the tie between two stores, where order means nothing. The greatest of several lanes' stamps is the same in whatever
/// order they come.
package struct Stamp: Sendable, Equatable, Hashable, Comparable {
  /// The commit time.
  package var time: Instant
  package var order: CommitOrder
  package var tableID: TableID
  package var partition: Int
  package var sequence: SequenceNumber

  package init(time: Instant, order: CommitOrder, tableID: TableID, partition: Int, sequence: SequenceNumber) {
    self.time = time
    self.order = order
    self.tableID = tableID
    self.partition = partition
    self.sequence = sequence
  }

  package var position: Position { Position(tableID: tableID, partition: partition, sequence: sequence) }

  package static func < (left: Stamp, right: Stamp) -> Bool {
    if left.time != right.time { return left.time < right.time }
    if left.order != right.order { return left.order < right.order }
    if left.tableID != right.tableID { return left.tableID.rawValue < right.tableID.rawValue }
    if left.partition != right.partition { return left.partition < right.partition }
    return left.sequence < right.sequence
  }

  /// Before every record.
  package static let none = Stamp(
    time: .distantPast, order: .beforeAll, tableID: TableID(rawValue: 0), partition: 0, sequence: .beforeAll)

  /// 40 bytes that compare as stamps do.
  package var ordered: [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(Stamp.orderedBytes)
    appendOrdered(to: &out)
    return out
  }

  /// Adds the bytes of `ordered`.
  func appendOrdered(to out: inout [UInt8]) {
    func append(_ number: UInt64) { withUnsafeBytes(of: number.bigEndian) { out.append(contentsOf: $0) } }
    append(UInt64(bitPattern: time.rawValue) ^ (1 << 63))
    append(order.rawValue)
    append(tableID.rawValue)
    append(UInt64(partition))
    append(sequence.rawValue)
  }

  package static let orderedBytes = 40

  /// Nil for bytes that `ordered` does not make.
  package init?(ordered bytes: [UInt8]) {
    guard let stamp = bytes.withUnsafeBytes({ Stamp(ordered: $0) }) else { return nil }
    self = stamp
  }

  /// The same of bytes in place.
  init?(ordered bytes: UnsafeRawBufferPointer) {
    guard bytes.count == Stamp.orderedBytes else { return nil }
    func number(_ place: Int) -> UInt64 {
      UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: place * 8, as: UInt64.self))
    }
    guard let partition = Int(exactly: number(3)) else { return nil }
    self.init(
      time: Instant(rawValue: Int64(bitPattern: number(0) ^ (1 << 63))), order: CommitOrder(rawValue: number(1)),
      tableID: TableID(rawValue: number(2)), partition: partition, sequence: SequenceNumber(rawValue: number(4)))
  }
}
