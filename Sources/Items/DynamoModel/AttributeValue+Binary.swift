/// The stored form of values and items: compact, canonical (equal items have equal bytes), and made to be skipped: every
/// value carries its length, so one attribute is read without decoding the others.
///
/// A map is a varint count, then for each entry a varint name length, the name, and the value. A value is a tag byte, a
/// varint length, and that many bytes. Tags are part of the format on disk and never change their meaning.
extension AttributeValue {
  enum Tag: UInt8 {
    case string = 1
    case number = 2
    case binary = 3
    case bool = 4
    case null = 5
    case list = 6
    case map = 7
    case stringSet = 8
    case numberSet = 9
    case binarySet = 10
  }

  func appendBinary(to out: inout [UInt8]) {
    switch self {
    case .string(var text):
      out.append(Tag.string.rawValue)
      Varint.append(text.utf8.count, to: &out)
      text.withUTF8 { out.append(contentsOf: $0) }
    case .binary(let bytes):
      out.append(Tag.binary.rawValue)
      Varint.append(bytes.count, to: &out)
      out.append(contentsOf: bytes)
    case .bool(let flag):
      out.append(contentsOf: [Tag.bool.rawValue, 1, flag ? 1 : 0])
    case .null:
      out.append(contentsOf: [Tag.null.rawValue, 0])
    case .number(let number):
      AttributeValue.appendSized(.number, to: &out) { number.appendOrdered(to: &$0) }
    case .list(let values):
      AttributeValue.appendSized(.list, to: &out) {
        Varint.append(values.count, to: &$0)
        for value in values { value.appendBinary(to: &$0) }
      }
    case .map(let map):
      AttributeValue.appendSized(.map, to: &out) { map.appendBinary(to: &$0) }
    case .stringSet(let texts):
      AttributeValue.appendSized(.stringSet, to: &out) {
        Varint.append(texts.count, to: &$0)
        for text in texts { Varint.appendBytes(Array(text.utf8), to: &$0) }
      }
    case .numberSet(let numbers):
      AttributeValue.appendSized(.numberSet, to: &out) {
        Varint.append(numbers.count, to: &$0)
        for number in numbers { number.appendOrdered(to: &$0) }
      }
    case .binarySet(let blobs):
      AttributeValue.appendSized(.binarySet, to: &out) {
        Varint.append(blobs.count, to: &$0)
        for blob in blobs { Varint.appendBytes(blob, to: &$0) }
      }
    }
  }

  /// Writes the content after a length that is known only afterwards. The length is moved in front of it, in place.
  private static func appendSized(_ tag: Tag, to out: inout [UInt8], _ content: (inout [UInt8]) -> Void) {
    out.append(tag.rawValue)
    let start = out.count
    out.append(0)
    content(&out)
    let length = out.count - start - 1
    if length < 0x80 {
      out[start] = UInt8(length)
    } else {
      var prefix: [UInt8] = []
      Varint.append(length, to: &prefix)
      out.replaceSubrange(start...start, with: prefix)
    }
  }

  /// Reads a value and moves past it; nil when the bytes are not one.
  init?(binary bytes: UnsafeRawBufferPointer, at index: inout Int) {
    guard index < bytes.count, let tag = Tag(rawValue: bytes[index]) else { return nil }
    index += 1
    guard let length = Varint.read(bytes, &index), length <= bytes.count - index else { return nil }
    let content = UnsafeRawBufferPointer(rebasing: bytes[index..<(index + length)])
    index += length
    var inner = 0
    switch tag {
    case .string: self = .string(String(decoding: content, as: UTF8.self))
    case .binary: self = .binary(Array(content))
    case .bool: self = .bool(length == 1 && content[0] == 1)
    case .null: self = .null
    case .number:
      guard let number = Number(ordered: content, at: &inner) else { return nil }
      self = .number(number)
    case .list:
      guard let values = AttributeValue.many(content, { AttributeValue(binary: $0, at: &$1) }) else { return nil }
      self = .list(values)
    case .map:
      guard let map = AttributeMap(binary: content) else { return nil }
      self = .map(map)
    case .stringSet:
      guard let texts = AttributeValue.many(content, { Varint.readBytes($0, &$1).map { String(decoding: $0, as: UTF8.self) } })
      else { return nil }
      self = .stringSet(texts)
    case .numberSet:
      guard let numbers = AttributeValue.many(content, { Number(ordered: $0, at: &$1) }) else { return nil }
      self = .numberSet(numbers)
    case .binarySet:
      guard let blobs = AttributeValue.many(content, { Varint.readBytes($0, &$1).map { Array($0) } }) else { return nil }
      self = .binarySet(blobs)
    }
  }

  private static func many<Element>(
    _ bytes: UnsafeRawBufferPointer, _ read: (UnsafeRawBufferPointer, inout Int) -> Element?
  ) -> [Element]? {
    var index = 0
    guard let count = Varint.read(bytes, &index), count <= bytes.count else { return nil }
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for _ in 0..<count {
      guard let element = read(bytes, &index) else { return nil }
      elements.append(element)
    }
    return elements
  }
}

extension AttributeMap {
  /// The canonical bytes of the map.
  package var binary: [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(256)
    appendBinary(to: &out)
    return out
  }

  package func appendBinary(to out: inout [UInt8]) {
    Varint.append(count, to: &out)
    for entry in entries {
      var name = entry.name
      Varint.append(name.utf8.count, to: &out)
      name.withUTF8 { out.append(contentsOf: $0) }
      entry.value.appendBinary(to: &out)
    }
  }

  /// Reads a whole map; nil when the bytes are not exactly one.
  package init?(binary bytes: UnsafeRawBufferPointer) {
    var index = 0
    guard let count = Varint.read(bytes, &index), count <= bytes.count else { return nil }
    var entries: [Entry] = []
    entries.reserveCapacity(count)
    for _ in 0..<count {
      guard let name = Varint.readBytes(bytes, &index), let value = AttributeValue(binary: bytes, at: &index) else { return nil }
      entries.append(Entry(name: String(decoding: name, as: UTF8.self), value: value))
    }
    guard index == bytes.count else { return nil }
    self.init(entries)
  }

  package init?(binary bytes: [UInt8]) {
    let map = bytes.withUnsafeBytes { AttributeMap(binary: $0) }
    guard let map else { return nil }
    self = map
  }

  /// Reads only the named attributes; the others are skipped by their lengths.
  package init?(binary bytes: UnsafeRawBufferPointer, only wanted: AttributeNames) {
    var index = 0
    guard let count = Varint.read(bytes, &index), count <= bytes.count else { return nil }
    var entries: [Entry] = []
    entries.reserveCapacity(wanted.count)
    for _ in 0..<count {
      guard let name = Varint.readBytes(bytes, &index) else { return nil }
      if let wantedName = wanted.name(name) {
        guard let value = AttributeValue(binary: bytes, at: &index) else { return nil }
        entries.append(Entry(name: wantedName, value: value))
      } else {
        index += 1
        guard let length = Varint.read(bytes, &index), length <= bytes.count - index else { return nil }
        index += length
      }
    }
    self.init(entries)
  }
}

/// Unsigned LEB128 lengths.
package enum Varint {
  /// Appends a number that is not negative: one byte for each seven bits, the lowest first.
  @inlinable
  package static func append(_ value: Int, to out: inout [UInt8]) {
    var rest = UInt64(value)
    while rest >= 0x80 {
      out.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    out.append(UInt8(rest))
  }

  /// Nil at the end of the bytes or past nine of them.
  package static func read(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> Int? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while index < bytes.count, shift < 63 {
      let byte = bytes[index]
      index += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return Int(value) }
      shift += 7
    }
    return nil
  }

  /// A length and that many bytes.
  @inlinable
  package static func appendBytes(_ bytes: some Collection<UInt8>, to out: inout [UInt8]) {
    append(bytes.count, to: &out)
    out.append(contentsOf: bytes)
  }

  /// A length and that many bytes, in place; `index` moves past them. Nil, with the bytes not passed over, when fewer are left.
  package static func readBytes(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> UnsafeRawBufferPointer? {
    guard let length = read(bytes, &index), length <= bytes.count - index else { return nil }
    defer { index += length }
    return UnsafeRawBufferPointer(rebasing: bytes[index..<(index + length)])
  }
}
