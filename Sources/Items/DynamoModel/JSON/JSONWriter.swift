/// Appends JSON text to a byte buffer. Commas are put by the writer; the caller closes what it opens. A member with a plain
/// value is one call (`member`); before an object, an array or a value that writes itself comes its `name`.
package struct JSONWriter: Sendable {
  package var bytes: [UInt8]
  private var needsComma = false

  package init(capacity: Int = 256) {
    bytes = []
    bytes.reserveCapacity(capacity)
  }

  /// Continues in a buffer that the caller owns; read `bytes` back when done.
  package init(continuing buffer: consuming [UInt8]) { bytes = buffer }

  package mutating func beginObject() { open(UInt8(ascii: "{")) }
  package mutating func endObject() { close(UInt8(ascii: "}")) }
  package mutating func beginArray() { open(UInt8(ascii: "[")) }
  package mutating func endArray() { close(UInt8(ascii: "]")) }

  private mutating func open(_ byte: UInt8) {
    separate()
    bytes.append(byte)
    needsComma = false
  }

  private mutating func close(_ byte: UInt8) {
    bytes.append(byte)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  /// The name of a member whose value follows: any text.
  package mutating func name(text name: String) {
    separate()
    JSONWriter.appendQuoted(name, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// The same, given as UTF-8.
  mutating func name(utf8 name: UnsafeRawBufferPointer) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    JSONWriter.appendEscaped(name, to: &bytes)
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// The same, given as the JSON text of a string.
  package mutating func name(json name: [UInt8]) {
    separate()
    bytes.append(contentsOf: name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// The name of a member whose value follows. It needs no escaping: a literal of the program.
  package mutating func name(_ name: StaticString) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  package mutating func string(_ text: String) {
    separate()
    JSONWriter.appendQuoted(text, to: &bytes)
  }

  /// A string given as UTF-8.
  package mutating func string(utf8: UnsafeRawBufferPointer) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    JSONWriter.appendEscaped(utf8, to: &bytes)
    bytes.append(UInt8(ascii: "\""))
  }

  /// A whole number of any size.
  @inlinable
  package mutating func integer(_ value: some BinaryInteger) {
    if let magnitude = UInt64(exactly: value.magnitude) {
      integer(magnitude, isNegative: value < 0)
    } else {
      raw(String(value).utf8)
    }
  }

  /// The same for the usual widths, which is faster.
  package mutating func integer(_ value: Int64) { integer(value.magnitude, isNegative: value < 0) }

  package mutating func integer(_ value: Int) { integer(UInt64(value.magnitude), isNegative: value < 0) }

  /// A whole number as its magnitude and sign.
  package mutating func integer(_ magnitude: UInt64, isNegative: Bool) {
    separate()
    if isNegative { bytes.append(UInt8(ascii: "-")) }
    Digits.append(magnitude, to: &bytes)
  }

  /// A finite double in Swift's shortest form.
  package mutating func double(_ value: Double) {
    separate()
    bytes.append(contentsOf: (value.isFinite ? "\(value)" : "null").utf8)
  }

  package mutating func number(_ value: Number) {
    separate()
    value.appendText(to: &bytes)
  }

  package mutating func bool(_ value: Bool) {
    separate()
    bytes.append(contentsOf: (value ? "true" : "false").utf8)
  }

  package mutating func null() {
    separate()
    bytes.append(contentsOf: "null".utf8)
  }

  /// Text that is JSON already.
  package mutating func raw(_ json: some Sequence<UInt8>) {
    separate()
    bytes.append(contentsOf: json)
  }

  package mutating func raw(_ json: [UInt8]) {
    separate()
    bytes.append(contentsOf: json)
  }

  /// A whole member: a name that is a literal of the program, and its value.
  package mutating func member(_ name: StaticString, _ value: String) {
    self.name(name)
    string(value)
  }

  /// As for a text.
  @inlinable
  package mutating func member(_ name: StaticString, _ value: some BinaryInteger) {
    self.name(name)
    integer(value)
  }

  /// As for a text; infinite and not-a-number are null.
  package mutating func member(_ name: StaticString, _ value: Double) {
    self.name(name)
    double(value)
  }

  /// As for a text.
  package mutating func member(_ name: StaticString, _ value: Bool) {
    self.name(name)
    bool(value)
  }

  /// As for a text; `json` is the value's JSON text.
  package mutating func member(_ name: StaticString, raw json: some Sequence<UInt8>) {
    self.name(name)
    raw(json)
  }

  /// A whole member with a name from outside.
  package mutating func member(named name: String, _ value: String) {
    self.name(text: name)
    string(value)
  }

  /// As for a text.
  @inlinable
  package mutating func member(named name: String, _ value: some BinaryInteger) {
    self.name(text: name)
    integer(value)
  }

  /// A member whose value is text that `write` appends, which needs no escaping.
  package mutating func member(_ name: StaticString, quoting write: (inout [UInt8]) -> Void) {
    self.name(name)
    separate()
    bytes.append(UInt8(ascii: "\""))
    write(&bytes)
    bytes.append(UInt8(ascii: "\""))
  }

  static func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { appendEscaped(UnsafeRawBufferPointer($0), to: &bytes) }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Copies runs that need no escape in one go.
  static func appendEscaped(_ source: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
    var runStart = 0
    var index = 0
    while index < source.count {
      if index + 8 <= source.count, !needsEscape(source.loadUnaligned(fromByteOffset: index, as: UInt64.self)) {
        index += 8
        continue
      }
      let byte = source[index]
      defer { index += 1 }
      if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { continue }
      bytes.append(contentsOf: source[runStart..<index])
      runStart = index + 1
      bytes.append(UInt8(ascii: "\\"))
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
      case 10: bytes.append(UInt8(ascii: "n"))
      case 13: bytes.append(UInt8(ascii: "r"))
      case 9: bytes.append(UInt8(ascii: "t"))
      default:
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(contentsOf: "u00".utf8)
        bytes.append(digits[Int(byte >> 4)])
        bytes.append(digits[Int(byte & 15)])
      }
    }
    bytes.append(contentsOf: source[runStart..<source.count])
  }

  /// Whether one of eight bytes may need an escape: a control character, a quote or a backslash.
  private static func needsEscape(_ eight: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    func hasZero(_ bytes: UInt64) -> UInt64 { (bytes &- ones) & ~bytes }
    let control = (eight &- ones &* 0x20) & ~eight
    return (control | hasZero(eight ^ ones &* 0x22) | hasZero(eight ^ ones &* 0x5c)) & (ones &* 0x80) != 0
  }

}
