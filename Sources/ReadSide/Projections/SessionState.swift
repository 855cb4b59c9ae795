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
  package var earlierNames: [TextKey: Int] = [:]

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
  /// How a session's name is written.
  private enum NameForm: Int {
    /// Not at all: the time of the begin, then the key's texts as parts.
    case fromKey
    /// Without the time of the begin, with which it starts.
    case afterTime
    case whole
  }

  /// The end of a name whose parts are the texts of a key; nil when not all of the key are texts.
  private static func name(of key: [Value]) -> String? {
    var name = ""
    for value in key {
      guard case .string(let text) = value else { return nil }
      name += " \(text.utf8.count):\(text)"
    }
    return name
  }

  private func appendName(to writer: inout StateWriter) {
    let time = Timestamp.text(startedAt)
    guard sessionID.utf8.starts(with: time.utf8) else {
      writer.unsigned(NameForm.whole.rawValue)
      return writer.text(sessionID)
    }
    let end = String(sessionID.utf8.dropFirst(time.utf8.count)) ?? ""
    if end == SessionState.name(of: key) { return writer.unsigned(NameForm.fromKey.rawValue) }
    writer.unsigned(NameForm.afterTime.rawValue)
    writer.text(end)
  }

  private static func name(
    _ reader: inout StateReader, key: [Value], startedAt: Instant
  ) throws(StateError) -> String {
    guard let form = NameForm(rawValue: try reader.unsigned()) else { throw StateError() }
    switch form {
    case .fromKey:
      guard let end = name(of: key) else { throw StateError() }
      return Timestamp.text(startedAt) + end
    case .afterTime: return Timestamp.text(startedAt) + (try reader.text())
    case .whole: return try reader.text()
    }
  }

  /// What is kept beside the row of an active session, under its key.
  package func appendBytes(to out: inout [UInt8]) {
    var writer = StateWriter(bytes: out)
    out = []
    writer.unsigned(SessionRest.activeTag)
    writer.instant(startedAt)
    appendName(to: &writer)
    writer.signed(lastAt.rawValue &- startedAt.rawValue)
    writer.near(lastAt)
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

  /// Of a key in ordered form.
  init(_ reader: inout StateReader, key: [UInt8], _ sessions: Sessions) throws(StateError) {
    guard let key = Value.values(ordered: key, count: sessions.keyCount) else { throw StateError() }
    self.key = key
    startedAt = try reader.instant()
    sessionID = try SessionState.name(&reader, key: key, startedAt: startedAt)
    lastAt = Instant(rawValue: startedAt.rawValue &+ (try reader.signed()))
    reader.near(lastAt)
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
