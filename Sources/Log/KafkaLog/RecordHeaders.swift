package import ChangeRecords
package import Kafka

/// What a message on a table's topic says about itself beside its value.
///
/// `afterimage-format` 2, `afterimage-table-id` (16 hexadecimal digits), `afterimage-position` (`partition:sequence`),
/// `afterimage-order` (the order of the committer).
package struct RecordHeaders: Sendable, Equatable {
  package static let format = 2
  package static let formatName: StaticString = "afterimage-format"
  package static let tableIDName: StaticString = "afterimage-table-id"
  package static let positionName: StaticString = "afterimage-position"

  package static let orderName: StaticString = "afterimage-order"

  package let tableID: TableID
  package let partition: Int
  package let sequence: SequenceNumber
  package let order: CommitOrder

  package enum Reading {
    case ours(RecordHeaders)
    /// None of our headers is there.
    case foreign
    /// Ours, but not to be read by this program.
    case unreadable(String)
  }

  package static func read(_ message: KafkaMessage) -> Reading {
    guard let headers = message.headers else { return .foreign }
    // As the relay writes them. Four headers of four names: each is the last of its name.
    if headers.count == 4, let format = headers.value(at: 0, named: formatName),
      let tableID = headers.value(at: 1, named: tableIDName), let position = headers.value(at: 2, named: positionName),
      let order = headers.value(at: 3, named: orderName)
    {
      return read(format, tableID: tableID, position: position, order: order)
    }
    let format = headers.last(formatName)
    let tableID = headers.last(tableIDName)
    let position = headers.last(positionName)
    if format == nil, tableID == nil, position == nil { return .foreign }
    return read(format, tableID: tableID, position: position, order: headers.last(orderName))
  }

  private static func read(
    _ format: UnsafeRawBufferPointer?, tableID: UnsafeRawBufferPointer?, position: UnsafeRawBufferPointer?,
    order: UnsafeRawBufferPointer?
  ) -> Reading {
    guard let format, let number = decimal(format, 0..<format.count) else {
      return .unreadable("its header afterimage-format is missing or no number")
    }
    guard number == RecordHeaders.format else {
      return .unreadable(
        "it has format \(number), this program reads format \(RecordHeaders.format): \(number > RecordHeaders.format ? "use a newer afterimage" : "publish the table again with this one")"
      )
    }
    guard let tableID, let life = hexadecimal(tableID) else {
      return .unreadable("its header afterimage-table-id is missing or not 16 hexadecimal digits")
    }
    guard let position, let colon = position.firstIndex(of: UInt8(ascii: ":")),
      let partition = decimal(position, 0..<colon), let sequence = decimal(position, colon + 1..<position.count),
      partition <= UInt64(Int32.max), sequence > 0
    else { return .unreadable("its header afterimage-position is missing or not of the form partition:sequence") }
    guard let order, let rank = decimal(order, 0..<order.count) else {
      return .unreadable("its header afterimage-order is missing or not a number")
    }
    return .ours(
      RecordHeaders(
        tableID: TableID(rawValue: life), partition: Int(partition), sequence: SequenceNumber(rawValue: sequence),
        order: CommitOrder(rawValue: rank)))
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
