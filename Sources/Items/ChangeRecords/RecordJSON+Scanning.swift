internal import DynamoModel

extension RecordJSONReader {
  /// The record as our relay writes it to the byte: what is always the same is compared and not read. Nil for any other.
  func scanOurs(_ bytes: UnsafeRawBufferPointer, sequence: SequenceNumber) -> ChangeRecord? {
    var cursor = JSONCursor(bytes)
    guard cursor.take(text: #"{"eventID":""#), cursor.takeHexadecimal(32), cursor.take(text: #"","eventName":""#) else {
      return nil
    }
    let kind: ChangeRecord.Kind
    if cursor.take(text: "MODIFY") {
      kind = .modify
    } else if cursor.take(text: "INSERT") {
      kind = .insert
    } else if cursor.take(text: "REMOVE") {
      kind = .remove
    } else {
      return nil
    }
    guard
      cursor.take(
        text:
          #"","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"us-east-1","dynamodb":{"ApproximateCreationDateTime":"#
      ),
      cursor.integer() != nil, cursor.take(text: #","Keys":"#), let keys = cursor.item(only: nil)
    else { return nil }
    var new: Item?
    var old: Item?
    if cursor.take(text: #","NewImage":"#) {
      new = cursor.item(only: names)
      if new == nil { return nil }
    }
    if cursor.take(text: #","OldImage":"#) {
      old = cursor.item(only: oldNames)
      if old == nil { return nil }
    }
    guard cursor.take(text: #","SequenceNumber":""#), cursor.takeDigits(), cursor.take(text: #"","SizeBytes":"#),
      cursor.integer() != nil, cursor.take(text: #","StreamViewType":"NEW_AND_OLD_IMAGES"},"tableName":"#),
      cursor.string() != nil,
      cursor.take(text: #","afterimage":{"time":"#), let time = cursor.integer(), cursor.take(text: #","order":"#),
      let order = cursor.integer(), order >= 0, cursor.take(text: #","tableId":""#),
      cursor.takeHexadecimal(16), cursor.take(text: #"","partition":"#), cursor.integer() != nil,
      cursor.take(text: #","sequence":"#), cursor.integer() != nil, cursor.take(text: "}}"), cursor.isAtEnd()
    else { return nil }
    return ChangeRecord(
      kind: kind, cause: .user, time: LogTime(rawValue: time), order: CommitOrder(rawValue: UInt64(order)), sequence: sequence,
      keys: keys,
      oldImage: old, newImage: new)
  }

  /// The record in one pass; nil for whatever is not as our relay writes it: a member with escapes in its name, an identity, a
  /// missing part, an error.
  func scan(_ bytes: UnsafeRawBufferPointer, sequence: SequenceNumber) -> ChangeRecord? {
    var cursor = JSONCursor(bytes)
    var kind: ChangeRecord.Kind?
    var change: ScannedChange?
    var moment: (time: LogTime, order: CommitOrder)?
    guard cursor.take(UInt8(ascii: "{")) else { return nil }
    repeat {
      guard let name = cursor.name() else { return nil }
      if cursor.holds(name, "dynamodb") {
        change = self.change(&cursor)
        if change == nil { return nil }
      } else if cursor.holds(name, "eventName") {
        guard let text = cursor.string() else { return nil }
        kind = RecordJSONReader.kind(text, cursor)
        if kind == nil { return nil }
      } else if cursor.holds(name, "afterimage") {
        moment = RecordJSONReader.moment(&cursor)
        if moment == nil { return nil }
      } else {
        // Who did it comes in two spellings: the tape knows them.
        guard !cursor.holds(name, "userIdentity"), cursor.skip(depth: 1) else { return nil }
      }
    } while cursor.take(UInt8(ascii: ","))
    guard cursor.take(UInt8(ascii: "}")), cursor.isAtEnd(), let kind, let change, let moment else { return nil }
    return ChangeRecord(
      kind: kind, cause: .user, time: moment.time, order: moment.order, sequence: sequence, keys: change.keys,
      oldImage: change.old,
      newImage: change.new)
  }

  private struct ScannedChange {
    var keys = Item()
    var old: Item?
    var new: Item?
  }

  private func change(_ cursor: inout JSONCursor) -> ScannedChange? {
    var change = ScannedChange()
    guard cursor.take(UInt8(ascii: "{")) else { return nil }
    repeat {
      guard let name = cursor.name() else { return nil }
      if cursor.holds(name, "NewImage") {
        change.new = cursor.item(only: names)
        if change.new == nil { return nil }
      } else if cursor.holds(name, "OldImage") {
        change.old = cursor.item(only: oldNames)
        if change.old == nil { return nil }
      } else if cursor.holds(name, "Keys") {
        guard let keys = cursor.item(only: nil) else { return nil }
        change.keys = keys
      } else {
        guard cursor.skip(depth: 2) else { return nil }
      }
    } while cursor.take(UInt8(ascii: ","))
    return cursor.take(UInt8(ascii: "}")) ? change : nil
  }

  private static func moment(_ cursor: inout JSONCursor) -> (time: LogTime, order: CommitOrder)? {
    var time: Int64?
    var order: Int64?
    guard cursor.take(UInt8(ascii: "{")) else { return nil }
    repeat {
      guard let name = cursor.name() else { return nil }
      if cursor.holds(name, "time") {
        time = cursor.integer()
        if time == nil { return nil }
      } else if cursor.holds(name, "order") {
        order = cursor.integer()
        if order == nil { return nil }
      } else {
        guard cursor.skip(depth: 2) else { return nil }
      }
    } while cursor.take(UInt8(ascii: ","))
    guard cursor.take(UInt8(ascii: "}")), let time, let order, order >= 0 else { return nil }
    return (LogTime(rawValue: time), CommitOrder(rawValue: UInt64(order)))
  }

  private static func kind(_ text: JSONCursor.Piece, _ cursor: JSONCursor) -> ChangeRecord.Kind? {
    if cursor.holds(text, "MODIFY") { return .modify }
    if cursor.holds(text, "INSERT") { return .insert }
    if cursor.holds(text, "REMOVE") { return .remove }
    if cursor.holds(text, "TRUNCATE") { return .truncate }
    return cursor.holds(text, "SNAPSHOT") ? .snapshot : nil
  }
}
