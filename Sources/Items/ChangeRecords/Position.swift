/// One life of a table under its name: a table made again has another, so that a position of the old one is never
/// mistaken for one of the new. Random, 64 bits, shown as 16 hexadecimal digits.
package struct TableID: Hashable, Sendable, CustomStringConvertible {
  package let rawValue: UInt64

  package init(rawValue: UInt64) { self.rawValue = rawValue }

  package init?(_ text: some StringProtocol) {
    guard text.utf8.count == 16, let value = UInt64(text, radix: 16) else { return nil }
    rawValue = value
  }

  package var description: String {
    let digits = String(rawValue, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// Where a record stands in a table's log. Sequence numbers of a partition begin at 1 and have no gaps.
///
/// As text `table-id:partition:sequence`, the form of the `x-afterimage-position` header and of `at_least=`.
package struct Position: Hashable, Sendable, CustomStringConvertible {
  package let tableID: TableID
  package let partition: Int
  package let sequence: SequenceNumber

  package init(tableID: TableID, partition: Int, sequence: SequenceNumber) {
    self.tableID = tableID
    self.partition = partition
    self.sequence = sequence
  }

  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 3, let tableID = TableID(parts[0]), let partition = Int(parts[1]), partition >= 0,
      let sequence = SequenceNumber(parts[2])
    else { return nil }
    self.init(tableID: tableID, partition: partition, sequence: sequence)
  }

  package var description: String { "\(tableID):\(partition):\(sequence)" }

  /// Appends the text as `description` gives it, without making a string of it.
  package func append(to bytes: inout [UInt8]) {
    for shift in stride(from: 60, through: 0, by: -4) {
      let digit = UInt8(truncatingIfNeeded: tableID.rawValue >> UInt64(shift)) & 15
      bytes.append(digit < 10 ? 48 + digit : 87 + digit)
    }
    for number in [UInt64(partition), sequence.rawValue] {
      bytes.append(UInt8(ascii: ":"))
      var divisor: UInt64 = 1
      while number / divisor >= 10 { divisor *= 10 }
      while divisor > 0 {
        bytes.append(UInt8(48 + number / divisor % 10))
        divisor /= 10
      }
    }
  }

  /// The event id of DynamoDB Streams: 32 hexadecimal digits, the same each time the record is read.
  package var eventID: String {
    let place = String(UInt64(partition) << 52 | sequence.rawValue, radix: 16)
    return "\(tableID)" + String(repeating: "0", count: 16 - place.count) + place
  }

  /// The sequence number as DynamoDB Streams shows it: 21 digits, growing as integers do.
  package var streamSequenceNumber: String { Position.streamSequenceNumber(sequence) }

  package static func streamSequenceNumber(_ sequence: SequenceNumber) -> String {
    let digits = String(sequence.rawValue)
    return "1" + String(repeating: "0", count: 20 - digits.count) + digits
  }

  /// The number that `streamSequenceNumber` shows; nil for another text.
  package static func sequence(ofStream text: String) -> SequenceNumber? {
    guard text.utf8.count == 21, text.utf8.first == UInt8(ascii: "1"), text.utf8.allSatisfy({ $0 &- 48 < 10 }) else { return nil }
    return SequenceNumber(text.dropFirst())
  }
}
