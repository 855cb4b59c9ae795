/// RFC 3986 percent-encoding, as it stands in request targets.
package enum PercentCoding {
  /// A `%` that two hexadecimal digits do not follow stays as it is.
  package static func decode(_ bytes: some Collection<UInt8>, plusIsBlank: Bool) -> String {
    if !bytes.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) {
      return String(decoding: bytes, as: UTF8.self)
    }
    let source = Array(bytes)
    var out: [UInt8] = []
    out.reserveCapacity(source.count)
    var index = 0
    while index < source.count {
      let byte = source[index]
      if byte == UInt8(ascii: "%"), index + 2 < source.count, let high = digit(source[index + 1]),
        let low = digit(source[index + 2])
      {
        out.append(high << 4 | low)
        index += 3
      } else {
        out.append(plusIsBlank && byte == UInt8(ascii: "+") ? 0x20 : byte)
        index += 1
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// As signatures encode: all but letters, digits and `-._~`, and `/` where asked to, in capital hexadecimal.
  package static func encode(_ text: String, keepsSlash: Bool) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var out: [UInt8] = []
    for byte in text.utf8 {
      if (byte | 0x20) &- 97 < 26 || byte &- 48 < 10 || "-._~".utf8.contains(byte) || (keepsSlash && byte == UInt8(ascii: "/")) {
        out.append(byte)
      } else {
        out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case let byte where byte &- 48 < 10: byte - 48
    case let byte where (byte | 0x20) &- 97 < 6: (byte | 0x20) - 87
    default: nil
    }
  }
}
