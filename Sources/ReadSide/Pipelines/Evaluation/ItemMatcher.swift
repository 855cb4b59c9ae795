package import DynamoModel

/// Tells which rule of a table an item's image is under: the first whose key templates fit and whose `when` holds.
package struct ItemMatcher: Sendable {
  struct Candidate: Sendable {
    let rule: Int
    let templates: [(attribute: String, template: KeyTemplate)]
    let when: Condition?
  }

  let candidates: [Candidate]

  /// Whether the key alone decides, so that both images of a change are under one rule with the same captures.
  package var isByKeyAlone: Bool { candidates.allSatisfy { $0.when == nil } }

  /// Nil when no rule takes the item. Cost: the templates that are tried, over the key's bytes.
  package func image(of item: Item) -> Image? {
    next: for candidate in candidates {
      var captures: [Value] = []
      for (attribute, template) in candidate.templates {
        guard let value = item[attribute], let found = template.match(value) else { continue next }
        if captures.isEmpty { captures = found } else { captures.append(contentsOf: found) }
      }
      let image = Image(item: item, rule: candidate.rule, captures: captures)
      if let when = candidate.when, !when.holds(image) { continue }
      return image
    }
    return nil
  }
}
