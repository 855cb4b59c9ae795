import DynamoModel
import Testing

/// JSON as it is written.
@Suite struct JSONWriterTests {
  private func object(_ write: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    write(&writer)
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test func `a member is a name and a value of its type, with a comma before the next`() {
    let text = object { writer in
      writer.member("s", "a\"\\\n")
      writer.member("i", UInt64.max)
      writer.member("d", 0.5)
      writer.member("b", true)
      writer.member("r", raw: "[1,2]".utf8)
      writer.name("o")
      writer.beginObject()
      writer.member("n", Int64.min)
      writer.endObject()
      writer.member("last", "")
    }
    #expect(
      text
        == #"{"s":"a\"\\\n","i":18446744073709551615,"d":0.5,"b":true,"r":[1,2],"o":{"n":-9223372036854775808},"last":""}"#)
  }

  @Test func `a name from outside is escaped`() {
    let text = object { writer in
      writer.member(named: "a\"b", "x")
      writer.member(named: "tab\t", 7)
      writer.name(text: "\u{1}")
      writer.null()
    }
    #expect(text == #"{"a\"b":"x","tab\t":7,"\u0001":null}"#)
  }

  @Test func `a number that is none is null`() {
    let text = object { writer in
      writer.member("i", Double.infinity)
      writer.member("n", Double.nan)
    }
    #expect(text == #"{"i":null,"n":null}"#)
  }
}
