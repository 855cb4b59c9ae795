/// JSON text taken apart in one pass into a flat array of nodes, without a tree and without a string for any value.
///
/// A node is a kind, the byte range of its text, and the index of the node after it, so that a value of any size is
/// skipped in one step. Strings are unescaped only when asked for. The tape keeps its storage between parses: use one
/// for many documents. Objects hold name and value nodes in turn; names are string nodes. Numbers keep their text.
///
/// Strict RFC 8259: no trailing commas, no comments, no raw control characters, valid UTF-8, nothing after the value.
/// Cost: one pass over the bytes, 16 bytes a node.
package struct JSONTape: Sendable {
  package enum Kind: UInt8, Sendable {
    case object, array, string, escapedString, number, bool, null
  }

  package struct Node: Sendable {
    package var kind: Kind
    /// The text: of a string what stands between the quotes, of everything else the whole.
    package var start: UInt32
    package var end: UInt32
    /// The node after this value and everything in it.
    package var next: UInt32
  }

  package static let depthMax = 256

  package private(set) var nodes: [Node] = []
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package init(_ bytes: [UInt8]) throws(JSONError) {
    try parse(bytes)
  }

  /// Replaces the tape's content. After an error the content is not to be used.
  package mutating func parse(_ source: [UInt8]) throws(JSONError) {
    nodes.removeAll(keepingCapacity: true)
    bytes = source
    var nodes = self.nodes
    self.nodes = []
    let result: Result<Void, JSONError> = source.withUnsafeBytes { raw in
      var parser = JSONParser(raw)
      do throws(JSONError) {
        try parser.document(into: &nodes)
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    self.nodes = nodes
    try result.get()
  }

  /// Parses bytes that outlive the tape's use; the accessors then take the same buffer. For the record path: no copy.
  package mutating func parse(unowned source: UnsafeRawBufferPointer) throws(JSONError) {
    nodes.removeAll(keepingCapacity: true)
    bytes = []
    var parser = JSONParser(source)
    try parser.document(into: &nodes)
  }
}

/// Where and why a text is not JSON.
package struct JSONError: Error, Equatable, CustomStringConvertible {
  package let offset: Int
  package let reason: String

  package var description: String { "at byte \(offset): \(reason)" }
}

private struct JSONParser {
  let bytes: UnsafeRawBufferPointer
  var index = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  func failure(_ reason: String) -> JSONError { JSONError(offset: index, reason: reason) }

  mutating func document(into nodes: inout [JSONTape.Node]) throws(JSONError) {
    guard bytes.count < Int(UInt32.max) else { throw JSONError(offset: 0, reason: "longer than 4 GiB") }
    skipBlanks()
    try value(into: &nodes, depth: 0)
    skipBlanks()
    guard index == bytes.count else { throw failure("text after the value") }
  }

  @inline(__always) mutating func skipBlanks() {
    while index < bytes.count {
      let byte = bytes[index]
      guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return }
      index += 1
    }
  }

  mutating func value(into nodes: inout [JSONTape.Node], depth: Int) throws(JSONError) {
    guard index < bytes.count else { throw failure("unexpected end") }
    switch bytes[index] {
    case UInt8(ascii: "\""): try string(into: &nodes)
    case UInt8(ascii: "{"): try object(into: &nodes, depth: depth)
    case UInt8(ascii: "["): try array(into: &nodes, depth: depth)
    case UInt8(ascii: "t"): try word("true", .bool, into: &nodes)
    case UInt8(ascii: "f"): try word("false", .bool, into: &nodes)
    case UInt8(ascii: "n"): try word("null", .null, into: &nodes)
    default: try number(into: &nodes)
    }
  }

  mutating func object(into nodes: inout [JSONTape.Node], depth: Int) throws(JSONError) {
    guard depth < JSONTape.depthMax else { throw failure("nested deeper than \(JSONTape.depthMax) levels") }
    let node = open(.object, into: &nodes)
    skipBlanks()
    if index < bytes.count, bytes[index] == UInt8(ascii: "}") {
      index += 1
      return close(node, &nodes)
    }
    while true {
      skipBlanks()
      guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { throw failure("a member name is expected") }
      try string(into: &nodes)
      skipBlanks()
      guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { throw failure("':' is expected") }
      index += 1
      skipBlanks()
      try value(into: &nodes, depth: depth + 1)
      skipBlanks()
      guard index < bytes.count else { throw failure("unexpected end") }
      let byte = bytes[index]
      guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") else { throw failure("',' or '}' is expected") }
      index += 1
      if byte == UInt8(ascii: "}") { return close(node, &nodes) }
    }
  }

  mutating func array(into nodes: inout [JSONTape.Node], depth: Int) throws(JSONError) {
    guard depth < JSONTape.depthMax else { throw failure("nested deeper than \(JSONTape.depthMax) levels") }
    let node = open(.array, into: &nodes)
    skipBlanks()
    if index < bytes.count, bytes[index] == UInt8(ascii: "]") {
      index += 1
      return close(node, &nodes)
    }
    while true {
      skipBlanks()
      try value(into: &nodes, depth: depth + 1)
      skipBlanks()
      guard index < bytes.count else { throw failure("unexpected end") }
      let byte = bytes[index]
      guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") else { throw failure("',' or ']' is expected") }
      index += 1
      if byte == UInt8(ascii: "]") { return close(node, &nodes) }
    }
  }

  mutating func open(_ kind: JSONTape.Kind, into nodes: inout [JSONTape.Node]) -> Int {
    nodes.append(.init(kind: kind, start: UInt32(index), end: 0, next: 0))
    index += 1
    return nodes.count - 1
  }

  func close(_ node: Int, _ nodes: inout [JSONTape.Node]) {
    nodes[node].end = UInt32(index)
    nodes[node].next = UInt32(nodes.count)
  }

  mutating func append(_ kind: JSONTape.Kind, _ start: Int, _ end: Int, into nodes: inout [JSONTape.Node]) {
    nodes.append(.init(kind: kind, start: UInt32(start), end: UInt32(end), next: UInt32(nodes.count + 1)))
  }

  mutating func word(_ word: StaticString, _ kind: JSONTape.Kind, into nodes: inout [JSONTape.Node]) throws(JSONError) {
    let count = word.utf8CodeUnitCount
    guard index + count <= bytes.count else { throw failure("unexpected end") }
    for offset in 0..<count where bytes[index + offset] != word.utf8Start[offset] { throw failure("not a JSON value") }
    append(kind, index, index + count, into: &nodes)
    index += count
  }

  mutating func number(into nodes: inout [JSONTape.Node]) throws(JSONError) {
    let start = index
    if bytes[index] == UInt8(ascii: "-") { index += 1 }
    let whole = digits()
    guard whole > 0 else { throw JSONError(offset: start, reason: "not a JSON value") }
    if whole > 1, bytes[index - whole] == UInt8(ascii: "0") { throw JSONError(offset: start, reason: "a leading zero") }
    if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
      index += 1
      guard digits() > 0 else { throw failure("a digit is expected") }
    }
    if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") { index += 1 }
      guard digits() > 0 else { throw failure("a digit is expected") }
    }
    append(.number, start, index, into: &nodes)
  }

  mutating func digits() -> Int {
    let start = index
    while index < bytes.count, bytes[index] &- 48 < 10 { index += 1 }
    return index - start
  }

  mutating func string(into nodes: inout [JSONTape.Node]) throws(JSONError) {
    index += 1
    let start = index
    var kind = JSONTape.Kind.string
    while true {
      guard index < bytes.count else { throw failure("unterminated string") }
      let byte = bytes[index]
      if byte == UInt8(ascii: "\"") { break }
      if byte < 0x20 { throw failure("a control character in a string") }
      if byte == UInt8(ascii: "\\") {
        kind = .escapedString
        try escape()
      } else if byte < 0x80 {
        index += 1
      } else {
        guard let length = UTF8Scalar.length(bytes, at: index) else { throw failure("not valid UTF-8") }
        index += length
      }
    }
    append(kind, start, index, into: &nodes)
    index += 1
  }

  mutating func escape() throws(JSONError) {
    guard index + 1 < bytes.count else { throw failure("unterminated string") }
    switch bytes[index + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
      UInt8(ascii: "r"), UInt8(ascii: "t"):
      index += 2
    case UInt8(ascii: "u"):
      guard index + 6 <= bytes.count, Hex.value(bytes, index + 2) != nil else { throw failure("bad \\u escape") }
      index += 6
    default: throw failure("unknown escape")
    }
  }
}

enum Hex {
  /// Four hexadecimal digits at `index`.
  static func value(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> UInt16? {
    var value: UInt16 = 0
    for offset in 0..<4 {
      let digit: UInt8
      switch bytes[index + offset] {
      case let byte where byte &- 48 < 10: digit = byte - 48
      case let byte where (byte | 0x20) &- 97 < 6: digit = (byte | 0x20) - 87
      default: return nil
      }
      value = value << 4 | UInt16(digit)
    }
    return value
  }
}

enum UTF8Scalar {
  /// The length of the well-formed multi-byte sequence at `index`; nil when it is not one (RFC 3629).
  static func length(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int? {
    let first = bytes[index]
    func continues(_ offset: Int, _ low: UInt8 = 0x80, _ high: UInt8 = 0xbf) -> Bool {
      index + offset < bytes.count && bytes[index + offset] >= low && bytes[index + offset] <= high
    }
    switch first {
    case 0xc2...0xdf: return continues(1) ? 2 : nil
    case 0xe0: return continues(1, 0xa0) && continues(2) ? 3 : nil
    case 0xed: return continues(1, 0x80, 0x9f) && continues(2) ? 3 : nil
    case 0xe1...0xef: return continues(1) && continues(2) ? 3 : nil
    case 0xf0: return continues(1, 0x90) && continues(2) && continues(3) ? 4 : nil
    case 0xf4: return continues(1, 0x80, 0x8f) && continues(2) && continues(3) ? 4 : nil
    case 0xf1...0xf3: return continues(1) && continues(2) && continues(3) ? 4 : nil
    default: return nil
    }
  }
}
