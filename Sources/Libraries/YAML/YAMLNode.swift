/// A node of a YAML text with the place where it stands.
///
/// Scalars keep their text and whether they were quoted; nothing is guessed about types here, so `no` is the text "no".
package struct YAMLNode: Sendable {
  /// The three kinds of node.
  package indirect enum Content: Sendable {
    case scalar(Scalar)
    case sequence([YAMLNode])
    /// In the order of the text; no key twice.
    case mapping([Entry])
  }

  /// A text as it stands in the file.
  package struct Scalar: Sendable, Equatable {
    package let text: String
    /// Written with quotes, or as a block (`|`, `>`): text whatever it looks like.
    package let isQuoted: Bool

    package init(text: String, isQuoted: Bool) {
      self.text = text
      self.isQuoted = isQuoted
    }
  }

  /// A key and its value.
  package struct Entry: Sendable {
    package let key: Key
    package let value: YAMLNode
  }

  /// A key's text and place.
  package struct Key: Sendable {
    package let text: String
    package let mark: Mark
  }

  package let content: Content
  package let mark: Mark
  /// Of a scalar that was read: where it stands in the text with its quotes, counted in Unicode scalars. Empty for other nodes.
  package let place: Range<Int>

  package init(_ content: Content, at mark: Mark, place: Range<Int> = 0..<0) {
    self.content = content
    self.mark = mark
    self.place = place
  }

  package var scalar: Scalar? {
    if case .scalar(let scalar) = content { return scalar }
    return nil
  }

  package var sequence: [YAMLNode]? {
    if case .sequence(let nodes) = content { return nodes }
    return nil
  }

  package var mapping: [Entry]? {
    if case .mapping(let entries) = content { return entries }
    return nil
  }

  /// Nothing, `~` or `null`, without quotes.
  package var isNull: Bool {
    guard let scalar, !scalar.isQuoted else { return false }
    return scalar.text.isEmpty || scalar.text == "~" || scalar.text == "null"
  }

  /// The value of a key; nil when the node is not a mapping or has no such key.
  package subscript(key: String) -> YAMLNode? { mapping?.first { $0.key.text == key }?.value }

  /// What the node is, for a message.
  package var kind: String {
    switch content {
    case .scalar: "a value"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}
