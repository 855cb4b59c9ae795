internal import Spelling

/// What an error about a word that is not known says besides.
enum Suggestion {
  /// "; did you mean `room`?" when a known word is close, else the known words if they are few, else nothing.
  static func text(for word: String, among known: [String]) -> String {
    if let close = Spelling.nearest(to: word, among: known) { return "; did you mean `\(close)`?" }
    if !known.isEmpty, known.count <= 12 { return "; known are \(known.map { "`\($0)`" }.joined(separator: ", "))" }
    return ""
  }
}
