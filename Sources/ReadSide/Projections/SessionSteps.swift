internal import ChangeRecords
internal import DynamoModel
internal import Expressions
internal import Pipelines

/// Finds from the images of a change what it means for a projection's sessions.
struct SessionSteps: Sendable {
  private let sessions: Sessions
  private let touches: [Boxed]
  private let ends: [Boxed]
  /// The attributes that are compared with an item that is to be deleted.
  private let seenNames: [String]

  /// A source by reference: to go over the sources of a record costs no copies of their parts.
  private final class Boxed: Sendable {
    let source: Source
    /// Where it holds of a change, the touch begins another session.
    let split: Condition?

    init(_ source: Source, split: Condition? = nil) {
      self.source = source
      self.split = split
    }
  }

  /// Of the sources that a table feeds.
  init(_ sessions: Sessions, table: TableIndex) {
    self.sessions = sessions
    switch sessions.subject {
    case .touches(let sources):
      touches = sources.indices.filter { sources[$0].table == table }.map { index in
        Boxed(sources[index], split: sessions.splits.isEmpty ? nil : sessions.splits[index])
      }
      ends = sessions.ends.filter { $0.table == table }.map { Boxed($0) }
      seenNames = []
    case .item(let sources, let events):
      touches = sources.filter { $0.table == table }.map { Boxed($0) }
      ends = []
      let deadline = sessions.deadline.map { input in sources.flatMap { $0.inputs[input].expression.attributeNames } } ?? []
      seenNames = sessions.expiresItem ? events.flatMap(\.event.attributeNames) + deadline : []
    }
  }

  /// What is read of old images where that is less than of new ones: an old image is asked only whether it was there and whether
  /// something changed since. Nil when all of it may be read.
  var oldNames: [String]? {
    guard case .touches = sessions.subject else { return nil }
    var names: [String] = []
    for box in touches + ends {
      guard box.source.when == nil, box.split == nil, !box.source.readsImages else { return nil }
      switch box.source.event {
      case .inserted: break
      case .changed: names += box.source.event?.attributeNames ?? []
      case .removed, .expired, .added, .taken, nil: return nil
      }
    }
    return names
  }

  /// The steps of a change, in order. What its image decides throws; of a session that is an item, a step that goes before it is in `steps` then.
  func append(_ change: Change, to steps: inout [SessionStep]) throws(EvaluationFailure) {
    switch sessions.subject {
    case .touches: if !change.isSnapshot { try appendTouches(change, to: &steps) }
    case .item(_, let events): if !touches.isEmpty { try appendItem(events, change, to: &steps) }
    }
  }

  /// A change is taken whole or not at all.
  private func appendTouches(_ change: Change, to steps: inout [SessionStep]) throws(EvaluationFailure) {
    let count = steps.count
    do throws(EvaluationFailure) {
      try appendAllTouches(change, to: &steps)
    } catch {
      steps.removeSubrange(count...)
      throw error
    }
  }

  private func appendAllTouches(_ change: Change, to steps: inout [SessionStep]) throws(EvaluationFailure) {
    let commit = change.stamp.time
    // One change is one touch, however many of the rules it fits: the first of each kind of item counts.
    var touched: [RuleIndex] = []
    for box in touches where !touched.contains(box.source.rule) {
      guard let image = box.source.fires(old: change.old, new: change.new, isExpiry: change.isExpiry, commit: commit) else {
        continue
      }
      if touches.count > 1 { touched.append(box.source.rule) }
      if box.source.isSingle {
        let inputs = try values(box, of: image, change)
        steps.append(step(change, splits(box, image, change) ? .split(inputs) : .touch(inputs)))
        continue
      }
      for inputs in try box.source.contributions(of: image, commit: commit, old: change.old, new: change.new) {
        steps.append(step(change, .touch(inputs)))
      }
    }
    for box in ends {
      guard let image = box.source.fires(old: change.old, new: change.new, isExpiry: change.isExpiry, commit: commit) else {
        continue
      }
      let key = try values(box, of: image, change)
      steps.append(step(change, .end(key, change.isExpiry ? .ttl : .explicit)))
    }
  }

  private func splits(_ box: Boxed, _ image: Image, _ change: Change) -> Bool {
    guard let split = box.split else { return false }
    let (old, new, rule) = (change.old, change.new, box.source.rule)
    return split.holds(
      image, old: old?.rule == rule ? old : nil, new: new?.rule == rule ? new : nil, commit: change.stamp.time)
  }

  private func values(_ box: Boxed, of image: Image, _ change: Change) throws(EvaluationFailure) -> [Value] {
    try box.source.values(of: image, commit: change.stamp.time, old: change.old, new: change.new)
  }

  private func appendItem(
    _ events: [Sessions.Touch], _ change: Change, to steps: inout [SessionStep]
  ) throws(EvaluationFailure) {
    let left = touches.first { $0.source.holds(change.old) }?.source
    let source = touches.first { $0.source.holds(change.new) }?.source
    if left == nil, source == nil { return }
    var old = left == nil ? nil : change.old
    var oldKey: [Value]?
    if let left, let old { oldKey = (try? left.values(of: old, commit: nil)).map { Array($0[..<sessions.keyCount]) } }
    let removed: SessionEnd = change.isExpiry ? .ttl : .removed
    // An item that comes to be of another kind is removed as what it was.
    if let left, let source, left.rule != source.rule {
      steps.append(step(change, .item(old: oldKey, new: nil, ends: removed)))
      (old, oldKey) = (nil, nil)
    }
    guard let source, let new = change.new else {
      steps.append(step(change, .item(old: oldKey, new: nil, ends: removed)))
      return
    }
    let inputs: [Value]
    do throws(EvaluationFailure) {
      inputs = try source.values(of: new, commit: nil)
    } catch {
      // An image that cannot be taken is none: what went on ends, and the record leaves its dead letter.
      steps.append(step(change, .item(old: oldKey, new: nil, ends: removed)))
      throw error
    }
    var deadline: Instant?
    if let input = sessions.deadline, case .timestamp(let instant) = inputs[input] { deadline = instant }
    var seen = Item()
    for name in seenNames { seen[name] = new.item[name] }
    let now = SessionStep.ItemNow(
      inputs: inputs,
      isTouch: old.map { old in events.contains { $0.happened(old: old, new: new, commit: change.stamp.time) } } ?? true,
      isClosed: sessions.endWhen.map { $0.holds(new, old: old, new: new, commit: nil) } ?? false, deadline: deadline, seen: seen)
    steps.append(step(change, .item(old: oldKey, new: now, ends: removed)))
  }

  private func step(_ change: Change, _ action: SessionStep.Action) -> SessionStep {
    SessionStep(stamp: change.stamp, item: change.record.keys, action: action)
  }
}
