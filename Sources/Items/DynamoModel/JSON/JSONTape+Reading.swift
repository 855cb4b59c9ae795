/// Reading values off a tape. Every function takes the index of a node; `root` is node 0.
extension JSONTape {
  package var root: Int { 0 }

  package func kind(_ node: Int) -> Kind { nodes[node].kind }

  package func isString(_ node: Int) -> Bool { nodes[node].kind == .string || nodes[node].kind == .escapedString }

  /// Calls `body` with the name node and value node of each member, in the order of the text.
  @inlinable
  package func forEachMember<E: Error>(_ object: Int, _ body: (Int, Int) throws(E) -> Void) throws(E) {
    var index = object + 1
    let end = Int(nodes[object].next)
    while index < end {
      try body(index, index + 1)
      index = Int(nodes[index + 1].next)
    }
  }

  /// Calls `body` with each element's node.
  @inlinable
  package func forEachElement<E: Error>(_ array: Int, _ body: (Int) throws(E) -> Void) throws(E) {
    var index = array + 1
    let end = Int(nodes[array].next)
    while index < end {
      try body(index)
      index = Int(nodes[index].next)
    }
  }

  /// The number of elements or members. O(count).
  package func count(_ node: Int) -> Int {
    var count = 0
    if kind(node) == .object {
      forEachMember(node) { _, _ in count += 1 }
    } else if kind(node) == .array {
      forEachElement(node) { _ in count += 1 }
    }
    return count
  }

  /// The value of the last member with this name; nil without one, or when the node is not an object. O(members).
  package func member(_ object: Int, _ name: String) -> Int? {
    guard kind(object) == .object else { return nil }
    var found: Int?
    forEachMember(object) { key, value in
      if string(key) == name { found = value }
    }
    return found
  }

  /// A string's value, unescaped. A lone surrogate escape becomes U+FFFD.
  package func string(_ node: Int) -> String {
    bytes.withUnsafeBytes { string(node, in: $0) }
  }

  /// The same from `source`, the bytes of this tape, for a caller that has them at hand and reads many strings.
  package func string(_ node: Int, in source: UnsafeRawBufferPointer) -> String {
    let range = Int(nodes[node].start)..<Int(nodes[node].end)
    if nodes[node].kind != .escapedString {
      return String(decoding: UnsafeRawBufferPointer(rebasing: source[range]), as: UTF8.self)
    }
    return String(decoding: JSONTape.unescaped(UnsafeRawBufferPointer(rebasing: source[range])), as: UTF8.self)
  }

  /// The text of a number, a boolean or null; of objects and arrays the whole source text.
  package func text(_ node: Int) -> String {
    String(decoding: bytes[Int(nodes[node].start)..<Int(nodes[node].end)], as: UTF8.self)
  }

  package func bool(_ node: Int) -> Bool? {
    kind(node) == .bool ? nodes[node].end - nodes[node].start == 4 : nil
  }

  static func unescaped(_ source: UnsafeRawBufferPointer) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(source.count)
    var index = 0
    while index < source.count {
      let byte = source[index]
      guard byte == UInt8(ascii: "\\") else {
        out.append(byte)
        index += 1
        continue
      }
      let escape = source[index + 1]
      index += 2
      switch escape {
      case UInt8(ascii: "b"): out.append(8)
      case UInt8(ascii: "f"): out.append(12)
      case UInt8(ascii: "n"): out.append(10)
      case UInt8(ascii: "r"): out.append(13)
      case UInt8(ascii: "t"): out.append(9)
      case UInt8(ascii: "u"): appendUnicode(source, &index, &out)
      default: out.append(escape)
      }
    }
    return out
  }

  private static func appendUnicode(_ source: UnsafeRawBufferPointer, _ index: inout Int, _ out: inout [UInt8]) {
    let first = Hex.value(source, index) ?? 0xfffd
    index += 4
    var scalar = Unicode.Scalar(UInt32(first))
    if first & 0xfc00 == 0xd800, index + 6 <= source.count, source[index] == UInt8(ascii: "\\"),
      source[index + 1] == UInt8(ascii: "u"), let second = Hex.value(source, index + 2), second & 0xfc00 == 0xdc00
    {
      scalar = Unicode.Scalar(0x10000 + (UInt32(first & 0x3ff) << 10 | UInt32(second & 0x3ff)))
      index += 6
    }
    out.append(contentsOf: String(scalar ?? "\u{fffd}").utf8)
  }
}
