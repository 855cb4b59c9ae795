/// A word, a text or a sign of an SQL statement; comments and blanks are left out. SQLite quotes names in brackets too, which PostgreSQL does not: there they are an
/// element of an array.
package struct SQLToken: Equatable, Sendable {
  /// What a token is.
  package enum Kind: Equatable, Sendable { case word, quotedName, string, sign }

  package let kind: Kind
  /// Without quotes; a quote that is written twice counts once.
  package let text: String
  /// Bytes from the start of the statement.
  package let offset: Int

  package static func tokens(of sql: String) -> [SQLToken] {
    let bytes = Array(sql.utf8)
    var tokens: [SQLToken] = []
    var at = 0
    while at < bytes.count {
      let start = at
      let byte = bytes[at]
      switch byte {
      case 0...32: at += 1
      case UInt8(ascii: "-") where at + 1 < bytes.count && bytes[at + 1] == byte:
        at = bytes[at...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      case UInt8(ascii: "/") where at + 1 < bytes.count && bytes[at + 1] == UInt8(ascii: "*"):
        at = endOfComment(bytes, from: at + 2)
      case UInt8(ascii: "'"):
        tokens.append(SQLToken(kind: .string, text: quoted(bytes, &at, byte), offset: start))
      case UInt8(ascii: "\""), UInt8(ascii: "`"):
        tokens.append(SQLToken(kind: .quotedName, text: quoted(bytes, &at, byte), offset: start))
      case UInt8(ascii: "["):
        let end = bytes[at...].firstIndex(of: UInt8(ascii: "]")) ?? bytes.count
        tokens.append(
          SQLToken(kind: .quotedName, text: String(decoding: bytes[(at + 1)..<max(at + 1, end)], as: UTF8.self), offset: start))
        at = min(end + 1, bytes.count)
      case _ where isLetter(byte):
        while at < bytes.count, isLetter(bytes[at]) { at += 1 }
        tokens.append(SQLToken(kind: .word, text: String(decoding: bytes[start..<at], as: UTF8.self), offset: start))
      default:
        at += 1
        tokens.append(SQLToken(kind: .sign, text: String(decoding: [byte], as: UTF8.self), offset: start))
      }
    }
    return tokens
  }

  private static func endOfComment(_ bytes: [UInt8], from start: Int) -> Int {
    var at = start
    while at + 1 < bytes.count {
      if bytes[at] == UInt8(ascii: "*"), bytes[at + 1] == UInt8(ascii: "/") { return at + 2 }
      at += 1
    }
    return bytes.count
  }

  private static func quoted(_ bytes: [UInt8], _ at: inout Int, _ quote: UInt8) -> String {
    var content: [UInt8] = []
    at += 1
    while at < bytes.count {
      if bytes[at] == quote {
        at += 1
        guard at < bytes.count, bytes[at] == quote else { break }
      }
      content.append(bytes[at])
      at += 1
    }
    return String(decoding: content, as: UTF8.self)
  }

  /// Digits too: a number is a word here, which is as good as any for what is asked of it.
  private static func isLetter(_ byte: UInt8) -> Bool {
    (byte | 32 >= 97 && byte | 32 <= 122) || (byte >= 48 && byte <= 57) || byte == 95 || byte == 36 || byte >= 0x80
  }
}
