package import DynamoModel
package import Pipelines

/// One session: what its row says, and what the fold needs to go on with it.
package struct SessionState: Sendable, Equatable {
  package let key: [Value]
  /// The session's name: the time and item key of its first touch, and an ordinal where that is not unique, so that a rebuild gives the
  /// same.
  package let sessionID: String
  package let startedAt: Instant
  package var lastAt: Instant
  package var endedAt: Instant?
  package var endedBy: SessionEnd?
  package var columns: [SessionColumn]
  /// The item that the session follows; nil for one made of touches.
  package var item: SessionItem?
  /// The group within which a newer session supersedes; empty for none.
  package var liveGroup: [UInt8]
  /// The last change that touched the row.
  package var stamp: Stamp
  /// Whether there may be a dead letter of a sum that did not fit its type.
  package var hasMisfit = false
  /// Names that sessions of the key had before in the millisecond in which this one began, and how many had each: a further one gets the next
  /// ordinal.
  package var earlierNames: [String: Int] = [:]

  package var isActive: Bool { endedBy == nil }
  package var status: SessionStatus { endedBy?.status ?? .active }

  /// The row's values in the order of its SQL columns, without `_at`, `_order` and `_position`. A sum that does not fit is null.
  package func row(_ sessions: Sessions) -> [Value] {
    var row = key
    row += [
      .string(sessionID), .timestamp(startedAt), .timestamp(lastAt), endedAt.map { .timestamp($0) } ?? .null,
      .string(status.rawValue), endedBy.map { .string($0.rawValue) } ?? .null,
    ]
    for index in sessions.columns.indices { row.append(columns[index].value(sessions.columns[index], of: self) ?? .null) }
    return row
  }

  /// The columns, by index, whose sums do not fit their type.
  package func misfits(_ sessions: Sessions) -> [Int] {
    sessions.columns.indices.filter { columns[$0].value(sessions.columns[$0], of: self) == nil }
  }
}

/// What is known of the item that a session follows.
package struct SessionItem: Sendable, Equatable {
  package var key: Item
  /// The attributes by which it may be deleted only while they are as they were seen.
  package var seen: Item
  /// The last change of the item.
  package var version: Stamp
  /// The item's own deadline; nil is never.
  package var deadline: Instant?
}

extension SessionState {
  /// What is kept beside the row of an active session.
  package func appendBytes(to out: inout [UInt8]) {
    var writer = StateWriter(bytes: out)
    out = []
    writer.unsigned(SessionRest.activeTag)
    writer.unsigned(key.count)
    for value in key { writer.value(value) }
    writer.text(sessionID)
    writer.instant(startedAt)
    writer.instant(lastAt)
    writer.optional(item) { writer, item in
      writer.blob(item.key.binary)
      writer.blob(item.seen.binary)
      writer.stamp(item.version)
      writer.optional(item.deadline) { $0.instant($1) }
    }
    writer.blob(liveGroup)
    writer.stamp(stamp)
    writer.unsigned(hasMisfit ? 1 : 0)
    for column in columns { column.append(to: &writer) }
    writer.names(earlierNames)
    out = writer.bytes
  }

  init(_ reader: inout StateReader, _ sessions: Sessions) throws(StateError) {
    var key: [Value] = []
    for _ in 0..<(try reader.count()) { key.append(try reader.value()) }
    self.key = key
    sessionID = try reader.text()
    startedAt = try reader.instant()
    lastAt = try reader.instant()
    item = try reader.optional { (reader) throws(StateError) in
      SessionItem(
        key: try SessionState.item(&reader), seen: try SessionState.item(&reader), version: try reader.stamp(),
        deadline: try reader.optional { (reader) throws(StateError) in try reader.instant() })
    }
    liveGroup = try reader.blob()
    stamp = try reader.stamp()
    hasMisfit = try reader.unsigned() != 0
    var columns: [SessionColumn] = []
    for column in sessions.columns { columns.append(try SessionColumn(&reader, column)) }
    self.columns = columns
    earlierNames = try reader.names()
    try reader.end()
  }

  static func item(_ reader: inout StateReader) throws(StateError) -> Item {
    guard let item = Item(binary: try reader.blob()) else { throw StateError() }
    return item
  }
}
