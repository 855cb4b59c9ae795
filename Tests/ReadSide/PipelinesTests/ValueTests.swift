import DynamoModel
import LiteralTestKit
import Pipelines
import Testing

@Suite struct ValueTests {
  static let values: [Value] = [
    .null, .boolean(false), .boolean(true), .integer(.min), .integer(-1), .integer(0), .integer(7), .integer(.max),
    .decimal(Number(-5)), .decimal(.zero), .decimal(Number(5)), .timestamp(-1), .timestamp(0), .timestamp(1),
    .string(""), .string("\u{0}"), .string("\u{0}a"), .string("a"), .string("a\u{0}"), .string("ab"), .string("e\u{301}"),
    .string("\u{e9}"),
    .bytes([]), .bytes([0]), .bytes([0, 0]), .bytes([0, 0xff]), .bytes([1]), .bytes([0xff]), .json("{}"), .json("{\"a\":1}"),
  ]

  @Test func `ordered bytes sort as the values do, alone and in rows, and read back`() {
    for left in Self.values {
      for right in Self.values {
        #expect(Bytes.less(Value.ordered([left]), Value.ordered([right])) == (left < right), "\(left) \(right)")
        #expect((Value.ordered([left]) == Value.ordered([right])) == (left == right))
        let row = Value.ordered([left, right])
        #expect(Value.values(ordered: row, count: 2) == [left, right])
        for third in [Value.string("a"), .null] where left != right {
          #expect(Bytes.less(Value.ordered([left, third]), Value.ordered([right])) == (left < right))
        }
      }
    }
  }

  @Test func `strings that Unicode calls equivalent are two values`() {
    #expect(Value.string("e\u{301}") != Value.string("\u{e9}"))
    #expect(Set([Value.string("e\u{301}"), .string("\u{e9}")]).count == 2)
  }

  @Test func `a declared type takes its own attributes only`() throws {
    func value(_ attribute: AttributeValue, _ type: ValueType, _ form: ValueForm = .iso(zone: nil)) throws -> Value {
      try Value(attribute, as: type, form: form)
    }
    #expect(try value(.number(Number("1700000000.5")), .timestamp, .seconds) == .timestamp(1_700_000_000_500_000))
    #expect(try value(.number(Number("1700000000500")), .timestamp, .milliseconds) == .timestamp(1_700_000_000_500_000))
    #expect(throws: TypeMismatch.self) { try value(.string("1700000000"), .timestamp, .seconds) }
    #expect(throws: TypeMismatch.self) { try value(.number(Number(1)), .timestamp) }
    #expect(throws: TypeMismatch.self) { try value(.string("5"), .integer) }
    #expect(throws: TypeMismatch.self) { try value(.number(Number("1.5")), .integer) }
    #expect(throws: TypeMismatch.self) { try value(.number(Number("1e19")), .integer) }
    #expect(try value(.null, .integer) == .null)
    let nested: AttributeValue = try .map(["b": .list([.number(Number("1.50")), .null]), "a": .stringSet(["x\"y"])])
    #expect(try value(nested, .json) == .json(#"{"a":["x\"y"],"b":[1.5,null]}"#))
  }
}
