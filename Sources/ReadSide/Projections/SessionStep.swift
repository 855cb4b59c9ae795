internal import DynamoModel
internal import Pipelines

/// What one change means for the sessions of a projection: found from its images in the lane, folded there or, where several lanes feed the
/// sessions of a group, by the decider.
package struct SessionStep: Sendable, Equatable {
  package let stamp: Stamp
  /// The item's key.
  let item: Item
  let action: Action

  enum Action: Sendable, Equatable {
    /// A touch with its inputs.
    case touch([Value])
    /// The session of this key ends.
    case end([Value], SessionEnd)
    /// The item that is a session has changed: its key before, nil where it was none; what it is now, nil where it is none.
    case item(old: [Value]?, new: ItemNow?, ends: SessionEnd)
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
    }
    return writer.bytes
  }

  package init(bytes: UnsafeRawBufferPointer) throws(StateError) {
    var reader = StateReader(bytes)
    stamp = try reader.stamp()
    item = try SessionState.item(&reader)
    switch try reader.unsigned() {
    case 1: action = .touch(try reader.values())
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
    default: throw StateError()
    }
    try reader.end()
  }

  private static func end(_ reader: inout StateReader) throws(StateError) -> SessionEnd {
    guard let end = SessionEnd(rawValue: try reader.text()) else { throw StateError() }
    return end
  }
}
