package import DynamoModel
package import Pipelines

/// What is left of a key's sessions when none is active, where something later depends on it.
package struct SessionRest: Sendable, Equatable {
  /// The last session was superseded: a touch of its item opens no other, unless the pipeline revives it.
  package var isSuperseded = false
  /// Sessions of the key that began and ended within one millisecond: the time and, by the name, how many there were. A further one of
  /// that name gets the next ordinal. Void once the lane's time has passed.
  package var time = Instant.distantPast
  package var names: [TextKey: Int] = [:]

  package init() {}

  /// When it has to be in memory again, since something of it is void then; nil for never.
  package var due: Instant? { names.isEmpty ? nil : time }

  static let activeTag = 1
  static let restTag = 2
  static let timedTag = 3

  package var bytes: [UInt8] {
    var writer = StateWriter()
    writer.unsigned(SessionRest.restTag)
    writer.unsigned(isSuperseded ? 1 : 0)
    writer.instant(time)
    writer.names(names)
    return writer.bytes
  }
}

/// What a store keeps of a session key.
package enum StoredSession: Sendable, Equatable {
  case active(SessionState)
  case rest(SessionRest)
  /// All of a key's sessions by event time that may be corrected.
  case timed(TimedSessions)

  /// Reads what `SessionState.appendBytes`, `SessionRest.bytes` or `TimedSessions.bytes` wrote for a key, which is in ordered form.
  package init(bytes: UnsafeRawBufferPointer, key: [UInt8], _ sessions: Sessions) throws(StateError) {
    var reader = StateReader(bytes)
    switch try reader.unsigned() {
    case SessionRest.activeTag: self = .active(try SessionState(&reader, key: key, sessions))
    case SessionRest.restTag:
      var rest = SessionRest()
      rest.isSuperseded = try reader.unsigned() != 0
      rest.time = try reader.instant()
      rest.names = try reader.names()
      try reader.end()
      self = .rest(rest)
    case SessionRest.timedTag: self = .timed(try TimedSessions(&reader, sessions))
    default: throw StateError()
    }
  }
}
