internal import DynamoModel
package import Expressions

/// A condition of a pipeline file: DynamoDB's condition grammar with literals over the fields and attributes of an image.
///
/// A name that is a field of the item means the field, any other an attribute. `old.` and `new.` before it choose the image of
/// a change; without them it is the image that the change leaves, or of a removal the one that it took. A timestamp field
/// compares as its text `2026-01-01T10:00:00.000000Z`. What cannot be read makes a comparison false, as in DynamoDB.
package struct Condition: Sendable {
  package let text: String
  package let expression: ConditionExpression
  /// The fields that the text names, with what they mean under each rule.
  package let fields: [FieldBinding]
  /// Whether `old` and `new` mean the images.
  package let isOfChange: Bool
  /// The list of which a field that the text names is one element: the condition is then asked of each element. Nil when it is about the item.
  package let list: ListExpression?

  /// Each property by its name.
  package init(
    text: String, expression: ConditionExpression, fields: [FieldBinding], isOfChange: Bool, list: ListExpression? = nil
  ) {
    self.list = list
    self.text = text
    self.expression = expression
    self.fields = fields
    self.isOfChange = isOfChange
  }

  /// A field that the text names, as one rule computes it.
  package struct FieldBinding: Sendable {
    package let rule: RuleIndex
    package let name: String
    package let expression: ValueExpression

    /// Each property by its name.
    package init(rule: RuleIndex, name: String, expression: ValueExpression) {
      self.rule = rule
      self.name = name
      self.expression = expression
    }
  }

  package func holds(_ image: Image) -> Bool { holds(image, old: nil, new: image, commit: nil) }

  /// Of a change: `image` is what a name without `old.` or `new.` is of, and `commit` what rules over changes know beside it. What
  /// cannot be read makes a comparison false.
  package func holds(_ image: Image, old: Image?, new: Image?, commit: Instant?) -> Bool {
    holds(image, old: old, new: new, EvaluationContext(commit: commit))
  }

  func holds(_ image: Image, old: Image?, new: Image?, _ context: EvaluationContext) -> Bool {
    expression.evaluate { path in
      guard isOfChange, path.root == "old" || path.root == "new", let rest = path.rest else {
        return value(path, image, context)
      }
      return (path.root == "old" ? old : new).flatMap { value(rest, $0, context) }
    }
  }

  private func value(_ path: DocumentPath, _ image: Image, _ context: EvaluationContext) -> AttributeValue? {
    if path.elements.count == 1, let field = fields.first(where: { $0.rule == image.rule && Text.equal($0.name, path.root) }) {
      return (try? field.expression.evaluate(image, context))?.attribute
    }
    return path.value(in: image.item)
  }
}
