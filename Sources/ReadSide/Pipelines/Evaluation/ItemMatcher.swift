package import DynamoModel

/// Finds which rule of a table an item's image is under: the first whose key templates fit and whose `when` holds.
package struct ItemMatcher: Sendable {
  /// A rule that is tried: the templates of its key, and the condition that must hold.
  package final class Candidate: Sendable {
    let rule: RuleIndex
    let templates: [Template]
    let captureCount: Int
    let when: Condition?

    /// `templates` are of key attributes, in the order of the rule's captures.
    package init(rule: RuleIndex, templates: [(attribute: String, template: KeyTemplate)], when: Condition?) {
      var offset = 0
      self.rule = rule
      self.templates = templates.map { attribute, template in
        defer { offset += template.captures.count }
        return Template(attribute: attribute, template: template, offset: offset)
      }
      captureCount = offset
      self.when = when
    }
  }

  struct Template: Sendable {
    let attribute: String
    let template: KeyTemplate
    /// Where its captures begin among those of the rule.
    let offset: Int
  }

  package let candidates: [Candidate]
  /// Whether the key alone decides, so that both images of a change are under one rule with the same captures.
  package let isByKeyAlone: Bool

  package init(candidates: [Candidate]) {
    self.candidates = candidates
    isByKeyAlone = candidates.allSatisfy { $0.when == nil }
  }

  /// The attributes that the templates are of.
  package var keyAttributes: [String] { candidates.flatMap { $0.templates.map(\.attribute) } }

  /// The forms of a rule's key attributes; nil when the rule is of another table.
  package func templates(of rule: RuleIndex) -> [(attribute: String, template: KeyTemplate)]? {
    candidates.first { $0.rule == rule }?.templates.map { ($0.attribute, $0.template) }
  }

  /// Both images of a change. Where the key alone decides it is taken apart once: a change never changes an item's key.
  package func images(old: Item?, new: Item?) -> (old: Image?, new: Image?) {
    let newImage = new.flatMap { image(of: $0) }
    guard let old else { return (nil, newImage) }
    guard isByKeyAlone, new != nil else { return (image(of: old), newImage) }
    return (newImage.map { Image(item: old, rule: $0.rule, captures: $0.captures) }, newImage)
  }

  /// Nil when no rule takes the item. Cost: the templates that are tried, over the key's bytes.
  package func image(of item: Item) -> Image? {
    next: for candidate in candidates {
      var captures = [Value](repeating: .null, count: candidate.captureCount)
      for template in candidate.templates {
        guard let value = item[template.attribute], template.template.match(value, into: &captures, at: template.offset) else {
          continue next
        }
      }
      let image = Image(item: item, rule: candidate.rule, captures: captures)
      if let when = candidate.when, !when.holds(image) { continue }
      return image
    }
    return nil
  }
}
