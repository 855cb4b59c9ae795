internal import DynamoModel
internal import Pipelines

/// What one change means for the sessions of a projection: found from its images in the lane, folded there or, where several lanes feed the
/// sessions of a group, by the decider. Or for the groups of an aggregate that the decider watches.
package struct SessionStep: Sendable, Equatable {
  package let stamp: Stamp
  /// The item's key.
  let item: Item
  let action: Action

  enum Action: Sendable, Equatable {
    /// A touch with its inputs.
    case touch([Value])
    /// A touch that ends the session that is active, and begins the next.
    case split([Value])
    /// The session of this key ends.
    case end([Value], SessionEnd)
    /// The item that is a session has changed: its key before, nil where it was none; what it is now, nil where it is none.
    case item(old: [Value]?, new: ItemNow?, ends: SessionEnd)
    /// What the change gives groups and takes from them, with the bytes that tell its item from others.
    case contributions(itemKey: [UInt8], [(inputs: [Value], sign: Int64)])

    static func == (left: Action, right: Action) -> Bool {
      switch (left, right) {
      case (.touch(let one), .touch(let other)), (.split(let one), .split(let other)): one == other
      case (.end(let key, let end), .end(let otherKey, let otherEnd)): key == otherKey && end == otherEnd
      case (.item(let old, let new, let end), .item(let otherOld, let otherNew, let otherEnd)):
        old == otherOld && new == otherNew && end == otherEnd
      case (.contributions(let key, let all), .contributions(let otherKey, let others)):
        key == otherKey && all.elementsEqual(others) { $0 == $1 }
      default: false
      }
    }
  }

  /// What it means for groups; nil of a step of sessions.
  var contributions: (itemKey: [UInt8], all: [(inputs: [Value], sign: Int64)])? {
    if case .contributions(let itemKey, let all) = action { (itemKey, all) } else { nil }
  }

  struct ItemNow: Sendable, Equatable {
    let inputs: [Value]
    let isTouch: Bool
    /// Whether the condition that ends the session holds.
    let isClosed: Bool
    let deadline: Instant?
    /// The attributes that must be as they were for the item to be deleted.
    let seen: Item
  }
}

extension SessionStep {
  package var bytes: [UInt8] {
    var writer = StateWriter()
    writer.stamp(stamp)
    writer.blob(item.binary)
    switch action {
    case .touch(let inputs):
      writer.unsigned(1)
      writer.values(inputs)
    case .split(let inputs):
      writer.unsigned(5)
      writer.values(inputs)
    case .end(let key, let end):
      writer.unsigned(2)
      writer.values(key)
      writer.text(end.rawValue)
    case .item(let old, let new, let end):
      writer.unsigned(3)
      writer.optional(old) { $0.values($1) }
      writer.optional(new) { writer, new in
        writer.values(new.inputs)
        writer.unsigned((new.isTouch ? 1 : 0) | (new.isClosed ? 2 : 0))
        writer.optional(new.deadline) { $0.instant($1) }
        writer.blob(new.seen.binary)
      }
      writer.text(end.rawValue)
    case .contributions(let itemKey, let all):
      writer.unsigned(4)
      writer.blob(itemKey)
      writer.unsigned(all.count)
      for one in all {
        writer.values(one.inputs)
        writer.signed(one.sign)
      }
    }
    return writer.bytes
  }

  package init(bytes: UnsafeRawBufferPointer) throws(StateError) {
    var reader = StateReader(bytes)
    stamp = try reader.stamp()
    item = try SessionState.item(&reader)
    switch try reader.unsigned() {
    case 1: action = .touch(try reader.values())
    case 5: action = .split(try reader.values())
    case 2: action = .end(try reader.values(), try SessionStep.end(&reader))
    case 3:
      let old = try reader.optional { (reader) throws(StateError) in try reader.values() }
      let new = try reader.optional { (reader) throws(StateError) in
        let inputs = try reader.values()
        let flags = try reader.unsigned()
        return ItemNow(
          inputs: inputs, isTouch: flags & 1 != 0, isClosed: flags & 2 != 0,
          deadline: try reader.optional { (reader) throws(StateError) in try reader.instant() },
          seen: try SessionState.item(&reader))
      }
      action = .item(old: old, new: new, ends: try SessionStep.end(&reader))
    case 4:
      let itemKey = try reader.blob()
      var all: [(inputs: [Value], sign: Int64)] = []
      for _ in 0..<(try reader.unsigned()) { all.append((try reader.values(), try reader.signed())) }
      action = .contributions(itemKey: itemKey, all)
    default: throw StateError()
    }
    try reader.end()
  }

  private static func end(_ reader: inout StateReader) throws(StateError) -> SessionEnd {
    guard let end = SessionEnd(rawValue: try reader.text()) else { throw StateError() }
    return end
  }
}
