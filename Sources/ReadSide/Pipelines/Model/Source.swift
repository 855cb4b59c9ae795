package import Expressions

/// What feeds a projection: one kind of item, and which inputs are computed from an image of it.
///
/// All sources of a projection have the same inputs in the same order, so a projection speaks of its inputs by index. The
/// inputs that make the row's key come first.
package struct Source: Sendable {
  package let table: TableIndex
  /// Index in `Pipeline.items`.
  package let rule: RuleIndex
  /// Over changes: what has to happen. Nil over items: whatever exists now.
  package let event: Event?
  package let when: Condition?
  package let inputs: [Input]
  /// Set when the inputs take a list apart: each element gives one contribution.
  package let explosion: ListExpression?
  /// Whether an input reads the old or the new image by name.
  package let readsImages: Bool

  /// Each property by its name.
  package init(table: TableIndex, rule: RuleIndex, event: Event?, when: Condition?, inputs: [Input], explosion: ListExpression?) {
    self.table = table
    self.rule = rule
    self.event = event
    self.when = when
    self.inputs = inputs
    self.explosion = explosion
    readsImages = inputs.contains(where: \.expression.readsImages)
  }

  /// What happens to an item, by both images of a change.
  package enum Event: Sendable {
    /// The item came to be, or came under the rule.
    case inserted
    /// It was and is under the rule, and one of these differs; with an empty list, anything.
    case changed([ChangedValue])
    /// It is gone, for whatever reason, or left the rule.
    case removed
    /// It was removed by its TTL or by an effect that expires it.
    case expired
    /// Elements came into a list of it, as all do when it came to be. Of histories and effects.
    case added(ListExpression)
    /// Elements left a list of it, as all do when it is gone. Of histories and effects.
    case taken(ListExpression)

    /// The list whose elements it is about; nil when it is about the item.
    package var list: ListExpression? {
      switch self {
      case .added(let list), .taken(let list): list
      case .inserted, .changed, .removed, .expired: nil
      }
    }
  }

  /// What is compared in `changed(...)`.
  package enum ChangedValue: Sendable {
    case field(ValueExpression)
    case attribute(DocumentPath)
  }
}

/// One value that a projection computes from an image.
package struct Input: Sendable {
  package let name: String
  package let type: ValueType
  package let isOptional: Bool
  package let expression: ValueExpression
  /// What a failure says it was reading.
  package let path: String
  /// Whether its values stand in a key or are kept one by one: of a key, group, board, member, session key or live group, of an
  /// order, and of min, max and distinct. Such a value has at most `Value.keyedValueBytesMax` bytes.
  package let isKeyed: Bool

  /// Each property by its name.
  package init(name: String, type: ValueType, isOptional: Bool, expression: ValueExpression, path: String, isKeyed: Bool) {
    self.name = name
    self.type = type
    self.isOptional = isOptional
    self.expression = expression
    self.path = path
    self.isKeyed = isKeyed
  }
}
