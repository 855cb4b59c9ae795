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

  @Test func `each byte that needs an escape gets one, wherever it stands`() throws {
    for byte in UInt8(0)..<128 {
      for place in 0..<17 {
        var bytes = Array("sixteen letters!".utf8)
        bytes.insert(byte, at: place)
        let text = String(decoding: bytes, as: UTF8.self)
        var writer = JSONWriter()
        writer.string(text)
        let tape = try JSONTape(writer.bytes)
        #expect(writer.bytes.withUnsafeBytes { tape.string(tape.root, in: $0) } == text)
        #expect((writer.bytes.count == bytes.count + 2) == (byte >= 32 && byte != 34 && byte != 92))
      }
    }
  }

  @Test func `digits are those of a string`() {
    for number in [0, 9, 10, 99, 100, 12_345, UInt64(Int64.max), .max - 1, .max] {
      var bytes: [UInt8] = []
      Digits.append(number, to: &bytes)
      bytes.append(32)
      Digits.append(number, digits: 20, to: &bytes)
      bytes.append(32)
      Digits.append(hexadecimal: number, to: &bytes)
      let hexadecimal = String(number, radix: 16)
      #expect(
        String(decoding: bytes, as: UTF8.self)
          == "\(number) \(String(repeating: "0", count: 20 - "\(number)".count))\(number) "
          + String(repeating: "0", count: 16 - hexadecimal.count) + hexadecimal)
    }
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
