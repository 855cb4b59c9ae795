import DynamoModel
import Testing

@Suite struct ItemCodecTests {
  let item: Item = [
    "id": .string("Grüße \"x\" \\ \u{1}\n🙂"), "n": .number(Number(-125)), "b": .binary([0, 255, 7]), "t": .bool(true), "z": .null,
    "l": .list([.string(""), .number(.zero), .list([])]), "m": .map(["inner": .map([:]), "a": .bool(false)]),
    "ss": .stringSet(["a", "b"]), "ns": .numberSet([Number(1), Number(2)]), "bs": .binarySet([[1], [2, 3]]),
    "long": .string(String(repeating: "x", count: 300)),
  ]

  @Test func `an item survives JSON`() throws {
    var writer = JSONWriter()
    writer.item(item)
    let tape = try JSONTape(writer.bytes)
    #expect(try Item(json: tape, tape.root) == item)
  }

  @Test func `an item survives the stored form and equal items have equal bytes`() throws {
    #expect(Item(binary: item.binary) == item)
    var other = Item()
    for entry in item.entries.reversed() { other[entry.name] = entry.value }
    #expect(other.binary == item.binary)
  }

  @Test func `only named attributes are decoded`() throws {
    let names = AttributeNames(["n", "nope", "m"])
    let part = item.binary.withUnsafeBytes { Item(binary: $0, only: names) }
    #expect(part?.names == ["m", "n"])
  }

  @Test func `every prefix of the stored form is refused`() {
    let bytes = item.binary
    for count in 0..<bytes.count { #expect(Item(binary: Array(bytes[..<count])) == nil) }
  }

  @Test func `31 lists in one another are taken and 32 refused`() throws {
    func nested(_ levels: Int) throws -> Item {
      let text =
        "{\"a\":" + String(repeating: "{\"L\":[", count: levels) + "{\"N\":\"1\"}" + String(repeating: "]}", count: levels) + "}"
      let tape = try JSONTape(Array(text.utf8))
      return try Item(json: tape, tape.root)
    }
    #expect(try nested(31).count == 1)
    #expect(throws: DynamoError.nestingTooDeep) { try nested(32) }
  }

  @Test(arguments: ["{", "[1,]", "{\"a\":1,}", "01", "\"\u{1}\"", "tru", "1 2", "\"\\x\"", "{\"a\" 1}", ""])
  func `text that is not JSON is refused`(text: String) {
    #expect(throws: JSONError.self) { try JSONTape(Array(text.utf8)) }
  }

  @Test func `composed and decomposed letters are different names`() {
    let map: Item = ["\u{e9}": .bool(true), "e\u{301}": .bool(false)]
    #expect(map.count == 2)
    #expect(AttributeValue.string("\u{e9}") != .string("e\u{301}"))
  }
}
