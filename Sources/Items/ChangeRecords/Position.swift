internal import DynamoModel

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
    Digits.append(hexadecimal: tableID.rawValue, to: &bytes)
    for number in [UInt64(partition), sequence.rawValue] {
      bytes.append(UInt8(ascii: ":"))
      Digits.append(number, to: &bytes)
    }
  }

  /// The event id of DynamoDB Streams: 32 hexadecimal digits, the same each time the record is read.
  package var eventID: String {
    var bytes: [UInt8] = []
    appendEventID(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends `eventID`.
  func appendEventID(to bytes: inout [UInt8]) {
    Digits.append(hexadecimal: tableID.rawValue, to: &bytes)
    Digits.append(hexadecimal: UInt64(partition) << 52 | sequence.rawValue, to: &bytes)
  }

  /// The sequence number as DynamoDB Streams shows it: 21 digits, growing as integers do.
  package var streamSequenceNumber: String { Position.streamSequenceNumber(sequence) }

  package static func streamSequenceNumber(_ sequence: SequenceNumber) -> String {
    var bytes: [UInt8] = []
    appendStreamSequenceNumber(sequence, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends `streamSequenceNumber`.
  static func appendStreamSequenceNumber(_ sequence: SequenceNumber, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "1"))
    Digits.append(sequence.rawValue, digits: 20, to: &bytes)
  }

  /// The number that `streamSequenceNumber` shows; nil for another text.
  package static func sequence(ofStream text: String) -> SequenceNumber? {
    guard text.utf8.count == 21, text.utf8.first == UInt8(ascii: "1"), text.utf8.allSatisfy({ $0 &- 48 < 10 }) else { return nil }
    return SequenceNumber(text.dropFirst())
  }
}
