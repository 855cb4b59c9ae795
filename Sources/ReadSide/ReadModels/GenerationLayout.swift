/// How a program lays a generation out: its tables, and the bytes of states. A program continues only what has its own layout, so the number is part of
/// the fingerprint, and a new program builds a generation of its own beside the old one's.
package struct GenerationLayout: Sendable, Equatable {
  package let number: Int
  /// The least number whose rows, lanes and journals this program's readers know.
  private let oldestRead: Int
  /// The last number that is not named in fingerprints.
  private let lastUnnamed: Int

  /// A text that ends with the number, as in `layout 3`: so it stands in the program as it stands here.
  package init(_ text: String, oldestRead: Int, lastUnnamed: Int) {
    guard let number = text.split(separator: " ").last.flatMap({ Int($0) }) else { preconditionFailure("\(text) has no number") }
    self.number = number
    self.oldestRead = oldestRead
    self.lastUnnamed = lastUnnamed
  }

  /// Of a definition in this layout.
  package func fingerprint(_ definition: String) -> String { number > lastUnnamed ? "\(definition).\(number)" : definition }

  /// Why readers of this program cannot read what was made in a layout, as it is noted there; nil where they can.
  package func objection(to found: String?) -> String? {
    if let found = found.flatMap({ Int($0) }), (oldestRead...number).contains(found) { return nil }
    return "the current read model was made by another version of afterimage, in layout \(found ?? "none"); this one reads "
      + "\(oldestRead == number ? "\(number)" : "\(oldestRead) to \(number)"): start that version here, or let workers of this one build theirs"
  }
}
