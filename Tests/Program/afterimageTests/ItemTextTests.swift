import Arguments
import DynamoModel
import Testing

@testable import afterimage

@Suite struct ItemTextTests {
  let keys = [(name: "PK", type: "S"), (name: "SK", type: "N")]

  @Test func `words become an item with the table's key types`() throws {
    let item = try ItemText.item(["PK=a=b", "SK=5", "flag:BOOL=true", "text="], types: keys, command: "tool")
    #expect(item["PK"] == .string("a=b"))
    #expect(item["SK"] == .number(Number(5)))
    #expect(item["flag"] == .bool(true))
    #expect(item["text"] == .string(""))
    #expect { try ItemText.item(["PK"], types: keys, command: "tool") } throws: { "\($0)".contains("NAME=VALUE") }
    #expect { try ItemText.item(["SK=five"], types: keys, command: "tool") } throws: {
      "\($0)".contains("`five` is not a number")
    }
  }

  @Test func `a key is all of the key's attributes and no others`() throws {
    #expect(try ItemText.key(["SK=5", "PK=a"], keys, command: "tool").count == 2)
    for words in [["PK=a"], ["PK=a", "SK=5", "x=1"], ["PK=a", "x=1"]] {
      #expect { try ItemText.key(words, keys, command: "tool") } throws: { "\($0)".contains("PK=… SK=…") }
    }
  }

  @Test func `nothing that a terminal obeys is printed`() {
    #expect(ItemText.escaped("a\u{1b}[31m\nb\t\u{9b}é") == "a\\u001b[31m\\nb\\t\\u009bé")
    #expect(ItemText.inline(.string("say \"hi\"")) == "\"say \\\"hi\\\"\"")
  }

  @Test func `every type has a text`() {
    let map = AttributeMap([.init(name: "a", value: .null), .init(name: "b", value: .list([.bool(true), .number(Number(1))]))])
    #expect(ItemText.inline(.map(map)) == "{a: null, b: [true, 1]}")
    #expect(ItemText.inline(.stringSet(["x", "y"])) == "{\"x\", \"y\"}")
    #expect(ItemText.inline(.binary([1, 2])) == "<2 bytes>")
    #expect(ItemText.cut("abcdef", 4) == "abc…")
    #expect(ItemText.cut("abcd", 4) == "abcd")
  }
}
