internal import ChangeRecords
internal import DynamoModel
internal import Expressions
internal import Pipelines

extension LaneEngine {
  mutating func apply(_ feed: Feed.Touches, _ index: Int, _ change: Change) throws {
    if change.isSnapshot { return }
    let commit = change.stamp.time
    for box in feed.touches {
      guard let image = box.source.fires(old: change.old, new: change.new, isExpiry: change.isExpiry, commit: commit)
      else { continue }
      if box.source.isSingle {
        try touch(index, try box.source.values(of: image, commit: commit), change, item: nil)
        continue
      }
      for inputs in try box.source.contributions(of: image, commit: commit) { try touch(index, inputs, change, item: nil) }
    }
    for box in feed.ends {
      guard let image = box.source.fires(old: change.old, new: change.new, isExpiry: change.isExpiry, commit: commit)
      else { continue }
      let inputs = try box.source.values(of: image, commit: commit)
      if let key = sessionLanes[index]?.key(inputs) { end(index, key, by: .explicit, change) }
    }
  }

  mutating func apply(_ sessions: Sessions, _ index: Int, _ change: Change) throws {
    guard !change.isSnapshot, case .item(let source, let touches) = sessions.subject else { return }
    try apply(item: source, touches, sessions, index, change)
  }

  /// The item is the session: it opens with it, goes on by the changes that are touches, and ends with it.
  private mutating func apply(
    item source: Source, _ touches: [Sessions.Touch], _ sessions: Sessions, _ index: Int, _ change: Change
  ) throws {
    guard source.table == table else { return }
    let old = source.holds(change.old) ? change.old : nil
    let new = source.holds(change.new) ? change.new : nil
    let oldKey = old.flatMap { try? source.values(of: $0, commit: nil) }.flatMap { sessionLanes[index]?.key($0) }
    guard let new else {
      if let oldKey { end(index, oldKey, by: change.isExpiry ? .ttl : .removed, change) }
      return
    }
    let inputs: [Value]
    do throws(EvaluationFailure) {
      inputs = try source.values(of: new, commit: nil)
    } catch {
      // An image that cannot be taken is none: what went on ends, and the record leaves its dead letter.
      if let oldKey { end(index, oldKey, by: .removed, change) }
      throw error
    }
    let key = sessionLanes[index]?.key(inputs)
    if let oldKey, oldKey != key { end(index, oldKey, by: .removed, change) }
    guard let key else { return }
    let isClosed = sessions.endWhen.map { $0.holds(new, old: old, new: new, commit: nil) } ?? false
    let item = itemView(sessions, touches, inputs, new, change)
    let isNew = old == nil || oldKey != key
    let isTouch = isNew || touches.contains { touch in old.map { touch.happened(old: $0, new: new, commit: change.stamp.time) } ?? false }
    let isActive = sessionLanes[index]?.isActive(key) == true
    if isTouch, isActive || !isClosed {
      try touch(index, inputs, change, item: item)
    } else {
      sessionLanes[index]?.observe(key, item)
    }
    if isClosed { end(index, key, by: .explicit, change) }
  }

  private func itemView(
    _ sessions: Sessions, _ touches: [Sessions.Touch], _ inputs: [Value], _ image: Image, _ change: Change
  ) -> SessionLane.ItemView {
    var deadline: Int64?
    if let input = sessions.deadline, case .timestamp(let instant) = inputs[input] { deadline = instant }
    var seen: Item?
    if sessions.expiresItem {
      let names = touches.flatMap(\.event.attributeNames) + sessions.deadlineAttributes
      var item = Item()
      for name in names { item[name] = image.item[name] }
      // An attribute that is not there yet cannot be held against the item: the record's position then guards.
      if !names.isEmpty, names.allSatisfy({ item[$0] != nil }) { seen = item }
    }
    return SessionLane.ItemView(
      key: change.record.keys, seen: seen, sequence: change.record.sequence, deadline: deadline)
  }

  private mutating func touch(_ index: Int, _ inputs: [Value], _ change: Change, item: SessionLane.ItemView?) throws {
    let touch = SessionLane.Touch(inputs: inputs, stamp: change.stamp, keys: change.record.keys, itemKey: change.itemKey)
    let superseded = try sessionLanes[index]?.touch(touch, item: item) ?? []
    for state in superseded { sessionEnded(state, projection: index) }
  }

  private mutating func end(_ index: Int, _ key: [UInt8], by rule: SessionEnd, _ change: Change) {
    let ended = sessionLanes[index]?.end(key, at: change.stamp.time, by: rule, change.stamp)
    if let ended { sessionEnded(ended, projection: index) }
  }

  /// An item's key as text: its values in the order of the names, joined by a blank.
  static func text(ofKey key: Item) -> String {
    key.entries.map { entry in
      switch entry.value {
      case .string(let text): text
      case .number(let number): number.description
      case .binary(let bytes): Base64.encode(bytes)
      default: ""
      }
    }.joined(separator: " ")
  }
}

extension Sessions {
  /// The attributes that the item's own deadline is read from.
  var deadlineAttributes: [String] {
    guard let deadline, case .item(let source, _) = subject else { return [] }
    return source.inputs[deadline].expression.attributeNames
  }
}
