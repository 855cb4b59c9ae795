internal import DynamoModel
internal import Glibc

/// The order-preserving form of values: comparing the bytes of two values, or of two rows of values, compares the values.
///
/// A tag for the type, then: nothing; one byte; eight bytes big-endian with the sign flipped; a number's ordered form; or
/// text and bytes with each 00 written as 00 FF and ended by 00 00. Every form ends by itself, so values are simply written
/// one after the other. Tags are part of what checkpoints hold and never change their meaning.
extension Value {
  package func appendOrdered(to out: inout [UInt8]) {
    switch self {
    case .null: out.append(0x01)
    case .boolean(let flag):
      out.append(0x02)
      out.append(flag ? 1 : 0)
    case .integer(let number): Value.append(0x03, number, to: &out)
    case .decimal(let number):
      out.append(0x04)
      number.appendOrdered(to: &out)
    case .timestamp(let instant): Value.append(0x05, instant.rawValue, to: &out)
    case .string(var text):
      out.append(0x06)
      text.withUTF8 { Value.appendEscaped(UnsafeRawBufferPointer($0), to: &out) }
    case .bytes(let bytes):
      out.append(0x07)
      bytes.withUnsafeBytes { Value.appendEscaped($0, to: &out) }
    case .json(var text):
      out.append(0x08)
      text.withUTF8 { Value.appendEscaped(UnsafeRawBufferPointer($0), to: &out) }
    }
  }

  /// The ordered form of several values, one after the other: a row's key.
  package static func ordered(_ values: some Sequence<Value>) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(64)
    for value in values { value.appendOrdered(to: &out) }
    return out
  }

  /// Reads one value at `index` and moves past it; nil when the bytes are not one.
  package init?(ordered bytes: UnsafeRawBufferPointer, at index: inout Int) {
    guard index < bytes.count else { return nil }
    let tag = bytes[index]
    index += 1
    switch tag {
    case 0x01: self = .null
    case 0x02:
      guard index < bytes.count, bytes[index] <= 1 else { return nil }
      self = .boolean(bytes[index] == 1)
      index += 1
    case 0x03:
      guard let number = Value.readInteger(bytes, &index) else { return nil }
      self = .integer(number)
    case 0x04:
      guard let number = Number(ordered: bytes, at: &index) else { return nil }
      self = .decimal(number)
    case 0x05:
      guard let instant = Value.readInteger(bytes, &index) else { return nil }
      self = .timestamp(Instant(rawValue: instant))
    case 0x06, 0x07, 0x08:
      guard let content = Value.readEscaped(bytes, &index) else { return nil }
      switch tag {
      case 0x06: self = .string(String(decoding: content, as: UTF8.self))
      case 0x07: self = .bytes(content)
      default: self = .json(String(decoding: content, as: UTF8.self))
      }
    default: return nil
    }
  }

  /// Reads `count` values; nil when the bytes are not exactly these.
  package static func values(ordered bytes: [UInt8], count: Int) -> [Value]? {
    bytes.withUnsafeBytes { raw in
      var index = 0
      var values: [Value] = []
      values.reserveCapacity(count)
      for _ in 0..<count {
        guard let value = Value(ordered: raw, at: &index) else { return nil }
        values.append(value)
      }
      return index == raw.count ? values : nil
    }
  }

  private static func append(_ tag: UInt8, _ number: Int64, to out: inout [UInt8]) {
    out.append(tag)
    let flipped = UInt64(bitPattern: number) ^ (1 << 63)
    for shift in stride(from: 56, through: 0, by: -8) { out.append(UInt8(truncatingIfNeeded: flipped >> UInt64(shift))) }
  }

  private static func readInteger(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> Int64? {
    guard index + 8 <= bytes.count else { return nil }
    var flipped: UInt64 = 0
    for place in index..<(index + 8) { flipped = flipped << 8 | UInt64(bytes[place]) }
    index += 8
    return Int64(bitPattern: flipped ^ (1 << 63))
  }

  private static func appendEscaped(_ bytes: UnsafeRawBufferPointer, to out: inout [UInt8]) {
    var start = 0
    while start < bytes.count {
      let base = bytes.baseAddress! + start
      guard let zero = memchr(base, 0, bytes.count - start) else {
        out.append(contentsOf: bytes[start...])
        break
      }
      let end = start + (UnsafeRawPointer(zero) - base)
      out.append(contentsOf: bytes[start...end])
      out.append(0xff)
      start = end + 1
    }
    out.append(0)
    out.append(0)
  }

  private static func readEscaped(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> [UInt8]? {
    var content: [UInt8] = []
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      guard byte == 0 else {
        content.append(byte)
        continue
      }
      guard index < bytes.count else { return nil }
      let next = bytes[index]
      index += 1
      if next == 0 { return content }
      guard next == 0xff else { return nil }
      content.append(0)
    }
    return nil
  }
}
