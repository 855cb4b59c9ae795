internal import Glibc
internal import Postgres
internal import Projections
internal import ReadModels

/// A connection of the store's, made when it is needed and again when it was lost, in whose schema names are looked up.
///
/// Not `Sendable`: one thread at a time.
final class PostgresSession {
  /// What a transaction of unknown outcome means to whoever began it.
  enum Unknown {
    /// It may take place twice: it is tried again.
    case mayRepeat
    /// This is thrown.
    case becomes(ReadModelError)
  }

  let place: String
  private let settings: PostgresSettings
  private let schema: String
  /// Statements that find rows by keys: the planner is to search for them, whatever it believes of a table that is new.
  private let findsByKeys: Bool
  /// Whether anything is written in it: commits are on the server's disk then before they are answered, and the server ends a transaction that has stood
  /// idle for `idleMax`.
  private let writes: Bool
  private var made: PostgresConnection?
  private var isClosed = false
  /// How many connections were made so far: what is known from an earlier one may be of another server, which has lost what that one had committed
  /// last.
  private(set) var connectionsMade = 0

  /// Statements that the connection has sent so far; 0 again of a new one.
  var statementsSent: Int { made?.statementsSent ?? 0 }
  /// How often it has waited for the server; as above.
  var roundTrips: Int { made?.roundTrips ?? 0 }

  /// How often a transaction is tried again after a deadlock, a lock that was not had, or a lost connection.
  static let attemptsMax = 20
  /// Between two statements of a transaction that writes: a process that is suspended there holds rows that others wait for.
  private static let idleMax = Duration.seconds(10)
  private static let pauseMicrosecondsMax: UInt32 = 20_000
  /// An effect goes out when its checkpoint is committed, and must be known after a crash of the server, whatever the role or the database is set to. Whether
  /// standbys are waited for stays theirs.
  private static let commitsWait =
    "SELECT set_config('synchronous_commit', 'local', false) WHERE current_setting('synchronous_commit') = 'off'"

  init(_ settings: PostgresSettings, schema: String, findsByKeys: Bool = false, writes: Bool = true) {
    self.settings = settings
    self.schema = schema
    self.findsByKeys = findsByKeys
    self.writes = writes
    place = "the schema \(schema) of PostgreSQL"
  }

  func close() {
    isClosed = true
    made?.close()
    made = nil
  }

  func connection() throws(PostgresError) -> PostgresConnection {
    if isClosed { throw PostgresError(kind: .refuse, message: "the store is closed") }
    if let made, !made.isBroken { return made }
    made?.close()
    let connection = try PostgresConnection(settings)
    var sets = ["search_path = \(PostgresConnection.identifier(schema)), pg_catalog"]
    if writes { sets.append("idle_in_transaction_session_timeout = \(PostgresSession.idleMax.milliseconds)") }
    if findsByKeys {
      sets += ["plan_cache_mode = force_generic_plan", "enable_seqscan = off", "enable_hashjoin = off", "enable_mergejoin = off"]
    }
    let statements = sets.map { "SET \($0)" } + (writes ? [PostgresSession.commitsWait] : [])
    try connection.execute(statements.joined(separator: "; "))
    made = connection
    connectionsMade += 1
    return connection
  }

  /// Runs statements, each by itself; after a lost connection once more.
  func run<Result>(_ body: (PostgresConnection) throws -> Result) throws(ReadModelError) -> Result {
    try attempts(.mayRepeat) { try body(try connection()) }
  }

  /// Runs a transaction, again after what may be tried again: `body` must have no effect but on the database.
  func transaction<Result>(
    _ unknown: Unknown = .mayRepeat, attemptsMax: Int = attemptsMax, _ body: (PostgresConnection) throws -> Result
  ) throws(ReadModelError) -> Result {
    try attempts(unknown, attemptsMax) {
      let connection = try connection()
      return try connection.transaction { try body(connection) }
    }
  }

  private func attempts<Result>(
    _ unknown: Unknown, _ attemptsMax: Int = attemptsMax, _ body: () throws -> Result
  ) throws(ReadModelError) -> Result {
    var attempt = 0
    while true {
      do {
        return try body()
      } catch let error as ReadModelError {
        throw error
      } catch let error as PostgresError {
        attempt += 1
        if case .becomes(let failure) = unknown, error.kind == .outcomeUnknown { throw failure }
        guard attempt < attemptsMax, isPassing(error, attempt) else { throw failure(error) }
        // Whoever was in the way has a moment to get out of it.
        usleep(.random(in: 1_000...PostgresSession.pauseMicrosecondsMax))
      } catch {
        throw .damaged(path: place, "\(error)")
      }
    }
  }

  private func isPassing(_ error: PostgresError, _ attempt: Int) -> Bool {
    switch error.kind {
    case .retry: true
    case .lost, .outcomeUnknown: !isClosed && attempt < 3
    case .cannotConnect, .conflict, .cancelled, .refuse: false
    }
  }

  /// An error as the store's protocol has it.
  func failure(_ error: PostgresError) -> ReadModelError {
    if error.isCorrupt { return .damaged(path: place, error.message) }
    return .storage(path: place, "\(error)", isFull: error.isDiskFull)
  }
}

/// What stands in a row is not what a row of its table holds.
struct DamagedRow: Error, CustomStringConvertible {
  var description: String { "a row does not decode" }
}
