internal import DynamoModel
internal import Expressions

extension Source {
  /// Over items: whether an image belongs to this source.
  package func holds(_ image: Image?) -> Bool {
    guard let image, image.rule == rule else { return false }
    // A condition on an element is asked of each, when the list is taken apart.
    guard let when, when.list == nil else { return true }
    return when.holds(image)
  }

  /// Over changes: the image that the inputs are computed from when the change is what the source waits for, else nil. An image
  /// that is under another rule counts as none. Snapshot records are not to be asked.
  package func fires(old: Image?, new: Image?, isExpiry: Bool, commit: Instant) -> Image? {
    let image: Image
    switch event {
    case .inserted:
      guard old?.rule != rule, let new, new.rule == rule else { return nil }
      image = new
    case .changed(let values):
      guard let old, let new, old.rule == rule, new.rule == rule, Event.differ(values, old, new) else { return nil }
      image = new
    case .removed:
      guard let old, old.rule == rule, new?.rule != rule else { return nil }
      image = old
    case .expired:
      guard isExpiry, let old, old.rule == rule, new?.rule != rule else { return nil }
      image = old
    case .added, .taken:
      guard let there = new?.rule == rule ? new : old?.rule == rule ? old : nil else { return nil }
      image = there
    case nil: return nil
    }
    if let when, when.list == nil,
      !when.holds(image, old: old?.rule == rule ? old : nil, new: new?.rule == rule ? new : nil, commit: commit)
    {
      return nil
    }
    return image
  }

  /// Whether an image gives exactly one contribution: `values` may then be asked.
  package var isSingle: Bool { explosion == nil }

  /// The inputs of the one contribution of an image. `commit` and the images of the change are for sources over changes only.
  package func values(
    of image: Image, commit: Instant?, old: Image? = nil, new: Image? = nil
  ) throws(EvaluationFailure) -> [Value] {
    try values(image, context(commit, old: old, new: new))
  }

  /// The images that inputs name; one that is under another rule counts as none.
  private func context(_ commit: Instant?, _ element: ListElement? = nil, old: Image?, new: Image?) -> EvaluationContext {
    guard readsImages else { return EvaluationContext(commit: commit, element: element) }
    return EvaluationContext(
      commit: commit, element: element, old: old?.rule == rule ? old : nil, new: new?.rule == rule ? new : nil)
  }

  /// The inputs of every contribution of an image: one for each element of the list that is taken apart, and for which a condition on
  /// elements holds, else one. Of a change, `old` and `new` are what inputs and such a condition may name beside the element.
  package func contributions(
    of image: Image, commit: Instant?, old: Image? = nil, new: Image? = nil
  ) throws(EvaluationFailure) -> [[Value]] {
    guard let explosion else { return [try values(of: image, commit: commit, old: old, new: new)] }
    let (old, new) = (old?.rule == rule ? old : nil, new?.rule == rule ? new : nil)
    var contributions: [[Value]] = []
    for element in try explosion.elements(of: image) {
      let context = context(commit, element, old: old, new: new)
      if let when, when.list != nil, !when.holds(image, old: old, new: new ?? image, context) { continue }
      contributions.append(try values(image, context))
    }
    return contributions
  }

  /// What a source of elements makes of a change that it fires for, with `image` as `fires` gives it: the elements, each with its inputs. Of a list that was
  /// rewritten also one set of inputs for that, in which what is of an element is null; no condition on elements is asked of it.
  package func elements(
    of image: Image, old: Image?, new: Image?, commit: Instant
  ) throws(EvaluationFailure) -> (rewritten: [Value]?, all: [(ordinal: Int, values: [Value])]) {
    guard let list = event?.list else { return (nil, []) }
    let (old, new) = (old?.rule == rule ? old : nil, new?.rule == rule ? new : nil)
    let change = try ListChange(list, old: old, new: new)
    let rewritten =
      change.isRewritten
      ? try values(image, context(commit, old: old, new: new)) : nil
    var isAdded = false
    if case .added = event { isAdded = true }
    var all: [(ordinal: Int, values: [Value])] = []
    for element in isAdded ? change.added : change.removed {
      let context = context(commit, element, old: old, new: new)
      if let when, when.list != nil, !when.holds(image, old: old, new: new, context) { continue }
      all.append((element.ordinal, try values(image, context)))
    }
    return (rewritten, all)
  }

  /// The elements that came into the list, or left it, by a change that the source fires for, whatever became of their places: each with its inputs.
  package func members(
    of image: Image, old: Image?, new: Image?, commit: Instant
  ) throws(EvaluationFailure) -> [(ordinal: Int, values: [Value])] {
    guard let list = event?.list else { return [] }
    let (old, new) = (old?.rule == rule ? old : nil, new?.rule == rule ? new : nil)
    let change = try ListChange(membersOf: list, old: old, new: new)
    var isAdded = false
    if case .added = event { isAdded = true }
    var all: [(ordinal: Int, values: [Value])] = []
    for element in isAdded ? change.added : change.removed {
      let context = context(commit, element, old: old, new: new)
      if let when, when.list != nil, !when.holds(image, old: old, new: new, context) { continue }
      all.append((element.ordinal, try values(image, context)))
    }
    return all
  }

  private func values(_ image: Image, _ context: EvaluationContext) throws(EvaluationFailure) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(inputs.count)
    for index in inputs.indices {
      // Of a list that was rewritten there is no element.
      if context.element == nil, explosion != nil, inputs[index].expression.readsElement {
        values.append(.null)
        continue
      }
      let value = try inputs[index].expression.evaluate(image, context)
      if value.isNull, !inputs[index].isOptional { throw EvaluationFailure(path: inputs[index].path, reason: "is missing") }
      if let reason = value.unstorable(isKeyed: inputs[index].isKeyed) {
        throw EvaluationFailure(path: inputs[index].path, reason: reason)
      }
      values.append(value)
    }
    return values
  }
}

extension Sessions.Touch {
  /// Whether the step from one image of the session's item to the next, both under one rule, is a touch.
  package func happened(old: Image, new: Image, commit: Instant) -> Bool {
    new.rule == rule && event.happened(old: old, new: new) && (when?.holds(new, old: old, new: new, commit: commit) ?? true)
  }
}

extension Source.Event {
  /// Whether the step from one image to the next, both under the rule, is this event. Only `changed` can be.
  package func happened(old: Image, new: Image) -> Bool {
    guard case .changed(let values) = self else { return false }
    return Source.Event.differ(values, old, new)
  }

  /// Whether one of the values differs; with none, always.
  static func differ(_ values: [Source.ChangedValue], _ old: Image, _ new: Image) -> Bool {
    if values.isEmpty { return true }
    for index in values.indices {
      switch values[index] {
      case .attribute(let path):
        if path.value(in: old.item) != path.value(in: new.item) { return true }
      case .field(let expression):
        let context = EvaluationContext(commit: nil)
        if (try? expression.evaluate(old, context)) != (try? expression.evaluate(new, context)) { return true }
      }
    }
    return false
  }
}
