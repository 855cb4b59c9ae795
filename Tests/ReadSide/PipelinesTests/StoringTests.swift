import Pipelines
import Testing

/// What both stores take, at each limit and one past it.
@Suite struct StoringTests {
  static let most = Value.keyedValueBytesMax

  @Test func `a keyed value has a limit of bytes, any other has none`() {
    for value in [Value.string(String(repeating: "x", count: Self.most)), .bytes([UInt8](repeating: 0, count: Self.most))] {
      #expect(value.unstorable(isKeyed: true) == nil)
    }
    let long: [Value] = [
      .string(String(repeating: "x", count: Self.most + 1)), .bytes([UInt8](repeating: 0, count: Self.most + 1)),
      // Two bytes each.
      .string(String(repeating: "é", count: Self.most / 2 + 1)), .json("\"\(String(repeating: "x", count: Self.most))\""),
    ]
    for value in long {
      #expect(value.unstorable(isKeyed: true)?.contains("at most 1024") == true)
      #expect(value.unstorable(isKeyed: false) == nil)
    }
  }

  @Test(arguments: [
    (Value.string("a\u{0}b"), false), (.string("\u{0}"), false), (.string("0"), true), (.json(#"{"a":"\u0000"}"#), false),
    (.json(#"{"a":"\\u0000"}"#), true), (.json(#"{"a":"\\\u0000"}"#), false), (.json(#"["\u0001"]"#), true), (.bytes([0]), true),
    (.null, true), (.integer(0), true),
  ])
  func `text with U+0000 is not taken`(value: Value, isTaken: Bool) {
    #expect((value.unstorable(isKeyed: false) == nil) == isTaken)
    #expect((value.unstorable(isKeyed: true) == nil) == isTaken)
  }
}
