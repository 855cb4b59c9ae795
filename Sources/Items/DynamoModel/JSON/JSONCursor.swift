internal import Glibc

/// Reads JSON in one pass and keeps nothing: for texts of a known shape of which little is wanted. It checks what it skips as strictly
/// as `JSONTape` does, but reports only that something is not as asked for; the tape then says what.
///
/// Every call skips the blanks before what it reads and moves past it; after a failed one the cursor is not to be used further.
/// The bytes must outlive it.
package struct JSONCursor {
  package let bytes: UnsafeRawBufferPointer
  private var index = 0

  /// What stands between the quotes of a string, or the text of a number.
  package struct Piece {
    package let start: Int
    package let end: Int
    /// There is no escape in it.
    package let isPlain: Bool

    package var count: Int { end - start }
  }

  package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  @inline(__always) private mutating func skipBlanks() {
    // Programs write JSON without blanks.
    if index < bytes.count, bytes[index] > 0x20 { return }
    skipSeveralBlanks()
  }

  private mutating func skipSeveralBlanks() {
    while index < bytes.count {
      let byte = bytes[index]
      guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return }
      index += 1
    }
  }

  /// The next byte that is not a blank; 0 at the end.
  @inline(__always) package mutating func peek() -> UInt8 {
    skipBlanks()
    return index < bytes.count ? bytes[index] : 0
  }

  /// Moves past `byte` if it comes next.
  @inline(__always) package mutating func take(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    index += 1
    return true
  }

  /// Moves past these very bytes if they come next; blanks are not passed over.
  @inline(__always) package mutating func take(text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard index + count <= bytes.count, memcmp(bytes.baseAddress! + index, text.utf8Start, count) == 0 else { return false }
    index += count
    return true
  }

  /// Moves past `count` digits of lower case hexadecimal.
  package mutating func takeHexadecimal(_ count: Int) -> Bool {
    guard index + count <= bytes.count else { return false }
    var isRight = true
    for place in index..<(index + count) {
      let byte = bytes[place]
      isRight = isRight && (byte &- 48 < 10 || byte &- 97 < 6)
    }
    index += count
    return isRight
  }

  /// Moves past one or more digits.
  package mutating func takeDigits() -> Bool { skipDigits() > 0 }

  /// The byte that comes next, whatever it is, and moves past it; 0 at the end.
  @inline(__always) mutating func takeByte() -> UInt8 {
    guard index < bytes.count else { return 0 }
    index += 1
    return bytes[index - 1]
  }

  /// Only blanks are left.
  package mutating func isAtEnd() -> Bool {
    skipBlanks()
    return index == bytes.count
  }

  package func text(_ piece: Piece) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[piece.start..<piece.end])
  }

  /// Whether a piece is these bytes; one with escapes never is.
  @inline(__always) package func holds(_ piece: Piece, _ text: StaticString) -> Bool {
    guard piece.count == text.utf8CodeUnitCount, piece.isPlain else { return false }
    return piece.count == 0 || memcmp(bytes.baseAddress! + piece.start, text.utf8Start, piece.count) == 0
  }

  /// A member's name that holds no escape, and the colon after it.
  package mutating func name() -> Piece? {
    guard let name = string(), name.isPlain, take(UInt8(ascii: ":")) else { return nil }
    return name
  }

  /// A string, well-formed UTF-8.
  package mutating func string() -> Piece? {
    take(UInt8(ascii: "\"")) ? body() : nil
  }

  /// What is left of a string whose first quote was taken.
  mutating func body() -> Piece? {
    let start = index
    var isPlain = true
    while true {
      skipOrdinary()
      guard index < bytes.count else { return nil }
      let byte = bytes[index]
      if byte == UInt8(ascii: "\"") { break }
      if byte < 0x20 { return nil }
      if byte == UInt8(ascii: "\\") {
        isPlain = false
        guard escape() else { return nil }
      } else {
        guard let length = UTF8Scalar.length(bytes, at: index) else { return nil }
        index += length
      }
    }
    index += 1
    return Piece(start: start, end: index - 1, isPlain: isPlain)
  }

  /// Moves to the next byte that is a quote, a backslash, a control character or beyond ASCII, eight bytes at a time. A byte of
  /// `found` is marked where the byte is one of these; a borrow can only mark bytes after the first true one.
  @inline(__always) private mutating func skipOrdinary() {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    while index + 8 <= bytes.count {
      let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      let quotes = word ^ (ones &* 0x22)
      let slashes = word ^ (ones &* 0x5c)
      let found =
        (((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes) | ((word &- ones &* 0x20) & ~word) | word) & tops
      guard found == 0 else {
        index += found.trailingZeroBitCount / 8
        return
      }
      index += 8
    }
    while index < bytes.count {
      let byte = bytes[index]
      if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
      index += 1
    }
  }

  private mutating func escape() -> Bool {
    guard index + 1 < bytes.count else { return false }
    switch bytes[index + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
      UInt8(ascii: "r"), UInt8(ascii: "t"):
      index += 2
    case UInt8(ascii: "u"):
      guard index + 6 <= bytes.count, Hex.value(bytes, index + 2) != nil else { return false }
      index += 6
    default: return false
    }
    return true
  }

  /// A number without fraction and exponent, of at most 18 digits.
  package mutating func integer() -> Int64? {
    skipBlanks()
    let start = index
    guard number() else { return nil }
    var digits = start
    let isNegative = bytes[start] == UInt8(ascii: "-")
    if isNegative { digits += 1 }
    guard index - digits <= 18 else { return nil }
    var value: Int64 = 0
    for place in digits..<index {
      guard bytes[place] &- 48 < 10 else { return nil }
      value = value * 10 + Int64(bytes[place] &- 48)
    }
    return isNegative ? -value : value
  }

  private mutating func number() -> Bool {
    if index < bytes.count, bytes[index] == UInt8(ascii: "-") { index += 1 }
    let whole = skipDigits()
    guard whole > 0, whole == 1 || bytes[index - whole] != UInt8(ascii: "0") else { return false }
    if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
      index += 1
      guard skipDigits() > 0 else { return false }
    }
    if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") { index += 1 }
      guard skipDigits() > 0 else { return false }
    }
    return true
  }

  private mutating func skipDigits() -> Int {
    let start = index
    while index < bytes.count, bytes[index] &- 48 < 10 { index += 1 }
    return index - start
  }

  private mutating func word(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard index + count <= bytes.count else { return false }
    for offset in 0..<count where bytes[index + offset] != word.utf8Start[offset] { return false }
    index += count
    return true
  }

  /// Moves past a value of any kind.
  package mutating func skip(depth: Int = 0) -> Bool {
    switch peek() {
    case UInt8(ascii: "\""): return string() != nil
    case UInt8(ascii: "{"): return skipObject(depth)
    case UInt8(ascii: "["): return skipArray(depth)
    case UInt8(ascii: "t"): return word("true")
    case UInt8(ascii: "f"): return word("false")
    case UInt8(ascii: "n"): return word("null")
    default: return number()
    }
  }

  private mutating func skipObject(_ depth: Int) -> Bool {
    guard depth < JSONTape.depthMax else { return false }
    index += 1
    if take(UInt8(ascii: "}")) { return true }
    repeat {
      guard string() != nil, take(UInt8(ascii: ":")), skip(depth: depth + 1) else { return false }
    } while take(UInt8(ascii: ","))
    return take(UInt8(ascii: "}"))
  }

  private mutating func skipArray(_ depth: Int) -> Bool {
    guard depth < JSONTape.depthMax else { return false }
    index += 1
    if take(UInt8(ascii: "]")) { return true }
    repeat {
      guard skip(depth: depth + 1) else { return false }
    } while take(UInt8(ascii: ","))
    return take(UInt8(ascii: "]"))
  }

  /// Moves past a value and answers where it stood.
  mutating func piece(depth: Int) -> Piece? {
    skipBlanks()
    let start = index
    guard skip(depth: depth) else { return nil }
    return Piece(start: start, end: index, isPlain: true)
  }
}
