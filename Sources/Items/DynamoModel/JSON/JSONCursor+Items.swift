/// DynamoDB JSON in one pass, as `AttributeMap(json:)` reads it from a tape. Nil for whatever is wrong or unusual: the tape then reads
/// it or names the error.
extension JSONCursor {
  /// An object of names and attribute values; of the names only those in `wanted`, if it is given. The others are checked to be JSON. `depth`: where
  /// the levels of its values begin to count.
  package mutating func item(only wanted: AttributeNames?, depth: Int = AttributeValue.recordDepth) -> AttributeMap? {
    guard take(UInt8(ascii: "{")) else { return nil }
    if take(UInt8(ascii: "}")) { return AttributeMap() }
    var entries: [AttributeMap.Entry] = []
    entries.reserveCapacity(wanted?.count ?? 4)
    var last: Piece?
    var isSorted = true
    repeat {
      guard let name = name(), (1...AttributeMap.nameBytesMax).contains(name.count) else { return nil }
      let text: String
      if let wanted {
        guard let kept = wanted.name(self.text(name)) else {
          // Three levels may stand around it: the record, its images, the item.
          guard skipAttribute() else { return nil }
          continue
        }
        text = kept
      } else {
        text = String(decoding: self.text(name), as: UTF8.self)
      }
      guard let value = attribute(depth) else { return nil }
      entries.append(AttributeMap.Entry(name: text, value: value))
      if let last { isSorted = isSorted && Bytes.compare(self.text(last), self.text(name)) < 0 }
      last = name
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { return nil }
    return isSorted ? AttributeMap(sorted: entries) : AttributeMap(entries)
  }

  /// Moves past an attribute value, whatever it is; one of a text or a number in few steps.
  private mutating func skipAttribute() -> Bool {
    let start = self
    if take(text: "{\""), takeByte() != UInt8(ascii: "\""), take(text: "\":\""), body() != nil, take(text: "}") { return true }
    self = start
    return skip(depth: 3)
  }

  /// An attribute value: texts and numbers at once, everything else by a tape over its own bytes.
  private mutating func attribute(_ depth: Int) -> AttributeValue? {
    let start = self
    guard take(text: "{\"") else { return other(start, depth) }
    let type = takeByte()
    guard take(text: "\":\""), let piece = body(), piece.isPlain, take(text: "}") else { return other(start, depth) }
    switch type {
    case UInt8(ascii: "S"): return .string(String(decoding: text(piece), as: UTF8.self))
    case UInt8(ascii: "N"): return (try? Number(utf8: text(piece))).map { .number($0) }
    default: return other(start, depth)
    }
  }

  private mutating func other(_ start: JSONCursor, _ depth: Int) -> AttributeValue? {
    self = start
    guard let piece = piece(depth: 3) else { return nil }
    let source = text(piece)
    var tape = JSONTape()
    guard (try? tape.parse(unowned: source)) != nil else { return nil }
    return try? AttributeValue(json: tape, tape.root, in: source, depth: depth)
  }
}
