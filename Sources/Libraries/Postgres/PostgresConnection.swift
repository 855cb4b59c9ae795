internal import CLibPQ
internal import Glibc

/// One connection to a PostgreSQL server and the statements prepared on it.
///
/// Not `Sendable`: one thread at a time. Calls block until the server has answered; `cancellation` ends a running statement from any thread. Times are
/// in UTC, text is UTF-8, and every transaction is READ COMMITTED unless it says otherwise. A connection that is lost stays lost: whoever has it
/// makes another.
package final class PostgresConnection {
  package let settings: PostgresSettings
  /// Ends the running statement from any thread.
  package let cancellation = PostgresCancellation()
  /// Whether something between here and the server hands out its connections.
  package private(set) var isPooled = false

  /// Statements that were sent so far, texts of several as one.
  package internal(set) var statementsSent = 0
  /// How often something was sent and its answer waited for.
  package internal(set) var roundTrips = 0
  /// Statements that go with the next round trip, and what they have to say.
  var waiting: [(query: PostgresQuery, take: ((PostgresResult) -> Void)?)] = []
  var waitingBytes = 0

  private(set) var pointer: OpaquePointer?
  /// By statement, its name on the server.
  var prepared: [String: String] = [:]
  var preparedCount = 0
  /// Of a pooled connection, the server's process in the first transaction.
  var session: Int64?

  /// Statements that stay prepared; past it they are all given back.
  package static let preparedMax = 512

  /// Connects, within `connectTimeMax` for all hosts and addresses together. Throws `cannotConnect` with the server's or libpq's words, and `refuse` for
  /// PgBouncer in transaction or statement mode.
  package convenience init(_ settings: PostgresSettings) throws(PostgresError) {
    try self.init(unchecked: settings)
    do throws(PostgresError) {
      try prepareSession()
      try refuseSharedSession()
    } catch {
      close()
      throw error
    }
  }

  /// Without a look at what is in between.
  init(unchecked settings: PostgresSettings) throws(PostgresError) {
    self.settings = settings
    pointer = try PostgresConnection.connect(settings)
    cancellation.begin(pointer)
  }

  deinit { close() }

  /// Later calls throw; to call it twice is allowed.
  package func close() {
    cancellation.end()
    if let pointer { PQfinish(pointer) }
    pointer = nil
    prepared = [:]
    forgetWaiting()
  }

  /// Whether it was closed, or lost.
  package var isBroken: Bool { pointer.map { PQstatus($0) == CONNECTION_BAD } ?? true }

  func open() throws(PostgresError) -> OpaquePointer {
    guard let pointer else { throw PostgresError(kind: .lost, message: "the connection is closed") }
    return pointer
  }

  private static func connect(_ settings: PostgresSettings) throws(PostgresError) -> OpaquePointer {
    let keywords = settings.keywords
    let names: [UnsafeMutablePointer<CChar>?] = keywords.map { strdup($0.0) } + [nil]
    let values: [UnsafeMutablePointer<CChar>?] = keywords.map { strdup($0.1) } + [nil]
    defer { for text in names + values { free(text) } }
    let started = names.map { UnsafePointer($0) }.withUnsafeBufferPointer { names in
      values.map { UnsafePointer($0) }.withUnsafeBufferPointer { values in
        PQconnectStartParams(names.baseAddress, values.baseAddress, 1)
      }
    }
    guard let started else { throw PostgresError(kind: .cannotConnect, message: "libpq has no memory") }
    func failure(_ text: String? = nil) -> PostgresError {
      let said = PQerrorMessage(started).map { PostgresError.trimmed(String(cString: $0)) } ?? ""
      PQfinish(started)
      return PostgresError(kind: .cannotConnect, message: [text, said].compactMap { $0 }.joined(separator: " "))
    }
    guard PQstatus(started) != CONNECTION_BAD else { throw failure() }
    afterimage_pq_ignore_notices(started)
    let clock = ContinuousClock()
    let end = clock.now + settings.connectTimeMax
    var wants = PGRES_POLLING_WRITING
    while wants != PGRES_POLLING_OK {
      let left = end - clock.now
      guard left > .zero else { throw failure("no answer within \(settings.connectTimeMax)") }
      var socket = pollfd(
        fd: PQsocket(started), events: Int16(wants == PGRES_POLLING_READING ? POLLIN : POLLOUT), revents: 0)
      let found = poll(&socket, 1, Int32(clamping: left.settingMilliseconds))
      if found < 0, errno != EINTR { throw failure(String(cString: strerror(errno))) }
      if found <= 0 { continue }
      wants = PQconnectPoll(started)
      if wants == PGRES_POLLING_FAILED { throw failure() }
    }
    PQsetnonblocking(started, 1)
    return started
  }

  private func prepareSession() throws(PostgresError) {
    var sets = [
      "client_min_messages = warning", "TimeZone = 'UTC'", "DateStyle = 'ISO'", "bytea_output = hex",
      "default_transaction_isolation = 'read committed'", "jit = off",
    ]
    if let limit = settings.lockTimeMax { sets.append("lock_timeout = \(limit.settingMilliseconds)") }
    if let limit = settings.statementTimeMax { sets.append("statement_timeout = \(limit.settingMilliseconds)") }
    try execute(sets.map { "SET \($0)" }.joined(separator: "; "))
  }

  /// The server process that this session has, as it says itself.
  func backend() throws(PostgresError) -> Int64 {
    let result = try simple("SELECT pg_backend_pid()")
    return result.text(0, 0).flatMap { Int64($0) } ?? 0
  }

  /// What prepares statements and sets settings once needs a session of its own. A pooler in between gives itself away by the number of the
  /// process, which it makes up; whether it shares sessions is seen with a second connection, which takes the session from this one between its
  /// transactions where that is possible.
  private func refuseSharedSession() throws(PostgresError) {
    let own = try backend()
    isPooled = own != Int64(PQbackendPID(try open()))
    guard isPooled else { return }
    let other = try PostgresConnection(unchecked: settings)
    defer { other.close() }
    do throws(PostgresError) {
      try other.execute("BEGIN")
    } catch {
      throw PostgresConnection.isShared
    }
    let others = try other.backend()
    let again = try backend()
    guard others != own, again == own else { throw PostgresConnection.isShared }
  }

  static let isShared = PostgresError(
    kind: .refuse,
    message:
      "this is PgBouncer in transaction mode, which gives each transaction another session and so loses prepared statements and "
      + "settings: set pool_mode = session for this database, or name the server itself")
}
