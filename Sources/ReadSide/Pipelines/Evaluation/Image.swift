package import DynamoModel

/// The image of an item, known to be under a rule, with its key taken apart.
package struct Image: Sendable {
  package let item: Item
  /// Index in `Pipeline.items`.
  package let rule: RuleIndex
  /// The values of the rule's key captures.
  package let captures: [Value]

  /// Each property by its name.
  package init(item: Item, rule: RuleIndex, captures: [Value]) {
    self.item = item
    self.rule = rule
    self.captures = captures
  }
}

/// What an expression may know beside the image.
package struct EvaluationContext: Sendable {
  /// The record's commit time; nil where it must not be known.
  package let commit: Instant?
  /// The element of the list that is being taken apart.
  let element: ListElement?
  /// The images of the change, where the rule over changes names one of them; nil where there is none under the rule.
  let old: Image?
  let new: Image?

  /// Without an element: `old` and `new` where an expression names them.
  package init(commit: Instant?, old: Image? = nil, new: Image? = nil) {
    self.init(commit: commit, element: nil, old: old, new: new)
  }

  init(commit: Instant?, element: ListElement?, old: Image? = nil, new: Image? = nil) {
    self.commit = commit
    self.element = element
    self.old = old
    self.new = new
  }
}

/// Why a projection cannot take an image: for its dead letter.
package struct EvaluationFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// The attribute, field or expression.
  package let path: String
  package let reason: String

  /// Each property by its name.
  package init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  package var description: String { "\(path): \(reason)" }
}
