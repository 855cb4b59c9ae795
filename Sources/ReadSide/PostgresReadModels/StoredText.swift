internal import Glibc
internal import Postgres

/// Text as PostgreSQL can hold it. It takes any character but U+0000, which folds refuse in columns, but which can be in what is derived from an item's key:
/// the name of a session, say. So U+0000 is written as U+10FFFF and `0`, and U+10FFFF, which Unicode assigns to no character, as itself and `1`.
enum StoredText {
  /// The first byte of U+100000 and what follows it.
  private static let lead: Int32 = 0xf4

  /// The text itself, almost always.
  static func stored(_ text: String) -> String {
    var text = text
    let isPlain = text.withUTF8 { bytes in
      guard let start = bytes.baseAddress else { return true }
      return memchr(start, 0, bytes.count) == nil && memchr(start, lead, bytes.count) == nil
    }
    if isPlain { return text }
    var out = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\u{0}": out.append(contentsOf: "\u{10FFFF}0".unicodeScalars)
      case "\u{10FFFF}": out.append(contentsOf: "\u{10FFFF}1".unicodeScalars)
      default: out.append(scalar)
      }
    }
    return String(out)
  }

  /// What was stored.
  static func read(_ text: String) -> String {
    var text = text
    let isPlain = text.withUTF8 { bytes in
      bytes.baseAddress.map { memchr($0, lead, bytes.count) == nil } ?? true
    }
    if isPlain { return text }
    var out = String.UnicodeScalarView()
    var isMarked = false
    for scalar in text.unicodeScalars {
      if isMarked { out.append(scalar == "0" ? "\u{0}" : "\u{10FFFF}") } else if scalar != "\u{10FFFF}" { out.append(scalar) }
      isMarked = !isMarked && scalar == "\u{10FFFF}"
    }
    return String(out)
  }
}

extension PostgresValue {
  /// A text from outside.
  static func stored(_ text: String) -> PostgresValue { .text(StoredText.stored(text)) }
  /// Texts from outside.
  static func stored(_ texts: [String]) -> PostgresValue { .texts(texts.lazy.map { StoredText.stored($0) }) }
}

extension PostgresResult {
  /// A text that was stored by `PostgresValue.stored`; empty for null.
  func storedText(_ row: Int, _ column: Int) -> String { StoredText.read(text(row, column) ?? "") }
}
