package import ChangeRecords
package import Kafka

/// What a message on a table's topic says about itself beside its value.
///
/// `afterimage-format` 1, `afterimage-table-id` (16 hexadecimal digits), `afterimage-position` (`partition:sequence`).
package struct RecordHeaders: Sendable, Equatable {
  package static let format = 1
  package static let formatName: StaticString = "afterimage-format"
  package static let tableIDName: StaticString = "afterimage-table-id"
  package static let positionName: StaticString = "afterimage-position"

  package let tableID: TableID
  package let partition: Int
  package let sequence: UInt64

  package enum Reading {
    case ours(RecordHeaders)
    /// None of our headers is there.
    case foreign
    /// Ours, but not to be read by this program.
    case unreadable(String)
  }

  package static func read(_ message: KafkaMessage) -> Reading {
    guard let headers = message.headers else { return .foreign }
    // As the relay writes them. Three headers of three names: each is the last of its name.
    if headers.count == 3, let format = headers.value(at: 0, named: formatName),
      let tableID = headers.value(at: 1, named: tableIDName), let position = headers.value(at: 2, named: positionName)
    {
      return read(format, tableID, position)
    }
    let format = headers.last(formatName)
    let tableID = headers.last(tableIDName)
    let position = headers.last(positionName)
    if format == nil, tableID == nil, position == nil { return .foreign }
    return read(format, tableID, position)
  }

  private static func read(
    _ format: UnsafeRawBufferPointer?, _ tableID: UnsafeRawBufferPointer?, _ position: UnsafeRawBufferPointer?
  ) -> Reading {
    guard let format, let number = decimal(format, 0..<format.count) else {
      return .unreadable("its header afterimage-format is missing or no number")
    }
    guard number == RecordHeaders.format else {
      return .unreadable("it has format \(number), this program reads format \(RecordHeaders.format): use a newer afterimage")
    }
    guard let tableID, let life = hexadecimal(tableID) else {
      return .unreadable("its header afterimage-table-id is missing or not 16 hexadecimal digits")
    }
    guard let position, let colon = position.firstIndex(of: UInt8(ascii: ":")),
      let partition = decimal(position, 0..<colon), let sequence = decimal(position, colon + 1..<position.count),
      partition <= UInt64(Int32.max), sequence > 0
    else { return .unreadable("its header afterimage-position is missing or not of the form partition:sequence") }
    return .ours(RecordHeaders(tableID: TableID(rawValue: life), partition: Int(partition), sequence: sequence))
  }

  private static func decimal(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> UInt64? {
    guard (1...19).contains(range.count) else { return nil }
    var value: UInt64 = 0
    for index in range {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) else { return nil }
      value = value * 10 + UInt64(bytes[index] - UInt8(ascii: "0"))
    }
    return value
  }

  private static func hexadecimal(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
    guard bytes.count == 16 else { return nil }
    var value: UInt64 = 0
    for byte in bytes {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      default: return nil
      }
      value = value << 4 | UInt64(digit)
    }
    return value
  }
}
