/// A text as a dictionary's key, by its bytes: `String` takes texts for equal that are written differently, as `é` in one scalar and in two.
package struct TextKey: Hashable, Sendable, ExpressibleByStringLiteral {
  package let text: String

  package init(_ text: String) { self.text = text }

  package init(stringLiteral text: String) { self.init(text) }

  package static func == (left: TextKey, right: TextKey) -> Bool { Text.equal(left.text, right.text) }

  package func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
