extension JSONWriter {
  /// Writes an item from its stored form as `item` writes the decoded one, without decoding it. Answers the item's size as DynamoDB counts it; nil,
  /// after writing a part, when the bytes are not exactly one item. Cost: one pass.
  package mutating func item(stored bytes: UnsafeRawBufferPointer) -> Int? {
    var index = 0
    let size = items(bytes, &index)
    return index == bytes.count ? size : nil
  }

  /// The names and values of a map, which ends where `index` is left.
  private mutating func items(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> Int? {
    guard let count = Varint.read(bytes, &index), count <= bytes.count else { return nil }
    var size = 0
    beginObject()
    for _ in 0..<count {
      guard let name = Varint.readBytes(bytes, &index) else { return nil }
      self.name(utf8: name)
      guard let value = attribute(stored: bytes, &index) else { return nil }
      size += name.count + value
    }
    endObject()
    return size
  }

  /// One value, its size answered.
  private mutating func attribute(stored bytes: UnsafeRawBufferPointer, _ index: inout Int) -> Int? {
    guard index < bytes.count, let tag = AttributeValue.Tag(rawValue: bytes[index]) else { return nil }
    index += 1
    guard let content = Varint.readBytes(bytes, &index) else { return nil }
    beginObject()
    var inner = 0
    var size: Int?
    switch tag {
    case .string:
      name("S")
      string(utf8: content)
      size = content.count
    case .binary:
      name("B")
      base64(content)
      size = content.count
    case .bool:
      member("BOOL", content.count == 1 && content[0] == 1)
      size = 1
    case .null:
      member("NULL", true)
      size = 1
    case .number:
      guard let number = Number(ordered: content, at: &inner) else { return nil }
      name("N")
      quoted(number)
      size = number.size
    case .map:
      name("M")
      guard let items = items(content, &inner), inner == content.count else { return nil }
      var start = 0
      size = 3 + items + (Varint.read(content, &start) ?? 0)
    case .list:
      name("L")
      size = elements(content) { writer, inner in
        writer.attribute(stored: content, &inner).map { $0 + 1 }
      }.map { $0 + 3 }
    case .stringSet:
      name("SS")
      size = elements(content) { writer, inner in
        guard let text = Varint.readBytes(content, &inner) else { return nil }
        writer.string(utf8: text)
        return text.count
      }
    case .numberSet:
      name("NS")
      size = elements(content) { writer, inner in
        guard let number = Number(ordered: content, at: &inner) else { return nil }
        writer.quoted(number)
        return number.size
      }
    case .binarySet:
      name("BS")
      size = elements(content) { writer, inner in
        guard let blob = Varint.readBytes(content, &inner) else { return nil }
        writer.base64(blob)
        return blob.count
      }
    }
    endObject()
    return size
  }

  /// An array of as many elements as the content says, the sum of their sizes answered.
  private mutating func elements(
    _ content: UnsafeRawBufferPointer, _ write: (inout JSONWriter, inout Int) -> Int?
  ) -> Int? {
    var index = 0
    guard let count = Varint.read(content, &index), count <= content.count else { return nil }
    var size = 0
    beginArray()
    for _ in 0..<count {
      guard let element = write(&self, &index) else { return nil }
      size += element
    }
    endArray()
    return size
  }
}
