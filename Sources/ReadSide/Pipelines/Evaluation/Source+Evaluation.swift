internal import DynamoModel
internal import Expressions

extension Source {
  /// Over items: whether an image belongs to this source.
  package func holds(_ image: Image?) -> Bool {
    guard let image, image.rule == rule else { return false }
    return when?.holds(image) ?? true
  }

  /// Over changes: the image that the inputs are computed from when the change is what the source waits for, else nil. An image
  /// that is under another rule counts as none. Snapshot records are not to be asked.
  package func fires(old: Image?, new: Image?, isExpiry: Bool, commit: Int64) -> Image? {
    let old = old?.rule == rule ? old : nil
    let new = new?.rule == rule ? new : nil
    let image: Image
    switch (event, old, new) {
    case (.inserted?, nil, let new?): image = new
    case (.changed(let values)?, let old?, let new?):
      guard Event.changed(values).happened(old: old, new: new) else { return nil }
      image = new
    case (.removed?, let old?, nil): image = old
    case (.expired?, let old?, nil) where isExpiry: image = old
    default: return nil
    }
    if let when, !when.holds(image, old: old, new: new, commit: commit) { return nil }
    return image
  }

  /// Whether an image gives exactly one contribution: `values` may then be asked.
  package var isSingle: Bool { explosion == nil }

  /// The inputs of the one contribution of an image. `commit` in microseconds is for sources over changes only.
  package func values(of image: Image, commit: Int64?) throws(EvaluationFailure) -> [Value] {
    try values(image, EvaluationContext(commit: commit))
  }

  /// The inputs of every contribution of an image: one for each element of the list that is taken apart, else one.
  package func contributions(of image: Image, commit: Int64?) throws(EvaluationFailure) -> [[Value]] {
    guard let explosion else { return [try values(of: image, commit: commit)] }
    var contributions: [[Value]] = []
    for element in try explosion.elements(of: image) {
      contributions.append(try values(image, EvaluationContext(commit: commit, element: element)))
    }
    return contributions
  }

  private func values(_ image: Image, _ context: EvaluationContext) throws(EvaluationFailure) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(inputs.count)
    for index in inputs.indices {
      let value = try inputs[index].expression.evaluate(image, context)
      if value.isNull, !inputs[index].isOptional { throw EvaluationFailure(path: inputs[index].path, reason: "is missing") }
      values.append(value)
    }
    return values
  }
}

extension Source.Event {
  /// Whether the step from one image to the next, both under the rule, is this event. Only `changed` can be.
  package func happened(old: Image, new: Image) -> Bool {
    guard case .changed(let values) = self else { return false }
    if values.isEmpty { return true }
    let context = EvaluationContext(commit: nil)
    return values.contains { value in
      switch value {
      case .attribute(let path): path.value(in: old.item) != path.value(in: new.item)
      case .field(let expression): (try? expression.evaluate(old, context)) != (try? expression.evaluate(new, context))
      }
    }
  }
}
