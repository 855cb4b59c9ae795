/// RFC 4648 base64 with padding, as DynamoDB JSON carries bytes; nothing else is taken.
package enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xff, count: 256)
    for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
    return values
  }()

  /// Appends the encoding of `bytes` as ASCII: RFC 4648, padded, without line ends.
  package static func append(_ bytes: some Collection<UInt8>, to out: inout [UInt8]) {
    var pending: UInt32 = 0
    var count = 0
    for byte in bytes {
      pending = pending << 8 | UInt32(byte)
      count += 1
      if count == 3 {
        for shift in [18, 12, 6, 0] as [UInt32] { out.append(alphabet[Int(pending >> shift & 63)]) }
        pending = 0
        count = 0
      }
    }
    if count == 1 {
      out.append(alphabet[Int(pending >> 2 & 63)])
      out.append(alphabet[Int(pending << 4 & 63)])
      out.append(contentsOf: "==".utf8)
    } else if count == 2 {
      out.append(alphabet[Int(pending >> 10 & 63)])
      out.append(alphabet[Int(pending >> 4 & 63)])
      out.append(alphabet[Int(pending << 2 & 63)])
      out.append(UInt8(ascii: "="))
    }
  }

  package static func encode(_ bytes: some Collection<UInt8>) -> String {
    var out: [UInt8] = []
    append(bytes, to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  /// Nil when the text is not base64 with its padding.
  package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    var out: [UInt8] = []
    out.reserveCapacity(text.count / 4 * 3)
    var pending: UInt32 = 0
    var count = 0
    var padding = 0
    for byte in text {
      if byte == UInt8(ascii: "=") {
        padding += 1
        pending <<= 6
      } else {
        let value = values[Int(byte)]
        guard padding == 0, value != 0xff else { return nil }
        pending = pending << 6 | UInt32(value)
      }
      count += 1
      if count == 4 {
        guard padding <= 2 else { return nil }
        for index in 0..<(3 - padding) { out.append(UInt8(truncatingIfNeeded: pending >> UInt32(16 - 8 * index))) }
        pending = 0
        count = 0
      }
    }
    return out
  }
}
