internal import ChangeRecords
internal import DynamoModel

/// An item as the items family keeps it: the sequence number of the record that wrote it (8 bytes), then its stored form.
/// The number lets an effect delete exactly what it saw.
enum StoredItem {
  static let versionBytes = 8

  static func bytes(version: SequenceNumber, _ item: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(item.count + versionBytes)
    KeyBytes.append64(version.rawValue, to: &out)
    out.append(contentsOf: item)
    return out
  }

  static func version(_ bytes: UnsafeRawBufferPointer) -> SequenceNumber {
    SequenceNumber(rawValue: KeyBytes.read64(bytes, at: 0))
  }

  static func version(_ bytes: [UInt8]) -> SequenceNumber { bytes.withUnsafeBytes { version($0) } }

  static func item(_ bytes: UnsafeRawBufferPointer) -> Item? {
    guard bytes.count > versionBytes else { return nil }
    return Item(binary: UnsafeRawBufferPointer(rebasing: bytes[versionBytes...]))
  }

  static func item(_ bytes: [UInt8]) -> Item? { bytes.withUnsafeBytes { item($0) } }
}
