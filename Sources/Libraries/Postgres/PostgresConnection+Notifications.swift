internal import CLibPQ
internal import Glibc

/// What NOTIFY said on a channel.
package struct PostgresNotification: Sendable, Equatable {
  package let channel: String
  package let payload: String
}

extension PostgresConnection {
  /// Hears what is said on a channel from now on. Names are compared as they are.
  package func listen(to channel: String) throws(PostgresError) {
    try execute("LISTEN \(PostgresConnection.identifier(channel))")
  }

  /// Says something to all who listen, when the transaction commits. Throws for a payload of more than 7,999 bytes.
  package func notify(_ channel: String, _ payload: String) throws(PostgresError) {
    try run("SELECT pg_notify($1, $2)", .text(channel), .text(payload))
  }

  /// What was said since the last call; waits at most so long for something. Empty when nothing was.
  package func notifications(within limit: Duration) throws(PostgresError) -> [PostgresNotification] {
    let connection = try open()
    let clock = ContinuousClock()
    let end = clock.now + limit
    while true {
      guard PQconsumeInput(connection) == 1 else { throw .current(connection, nil, sql: nil) }
      var heard: [PostgresNotification] = []
      while let notification = PQnotifies(connection) {
        heard.append(
          PostgresNotification(
            channel: String(cString: notification.pointee.relname), payload: String(cString: notification.pointee.extra)))
        PQfreemem(notification)
      }
      let left = end - clock.now
      if !heard.isEmpty || left <= .zero { return heard }
      var socket = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
      if poll(&socket, 1, Int32(clamping: left.settingMilliseconds)) < 0, errno != EINTR {
        throw PostgresError(kind: .lost, message: String(cString: strerror(errno)))
      }
    }
  }

  /// A name as SQL takes it, whatever is in it.
  package static func identifier(_ name: String) -> String {
    "\"\(name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
  }

  /// A text as SQL takes it, for statements that have no parameters.
  package static func literal(_ text: String) -> String {
    "'\(text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''"))'"
  }
}
