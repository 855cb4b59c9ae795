internal import CLibPQ

extension PostgresConnection {
  /// How a transaction reads.
  package enum Isolation: String, Sendable {
    /// Each statement sees what was committed before it.
    case readCommitted = "READ COMMITTED"
    /// All statements see one moment, and nothing can be written.
    case snapshot = "REPEATABLE READ, READ ONLY"
  }

  /// Runs `body` in a transaction, which is committed when it returns and rolled back when it throws. A connection that is lost before the commit
  /// throws `lost`: nothing has taken place; one that is lost while the server commits throws `outcomeUnknown`.
  package func transaction<Result>(_ isolation: Isolation = .readCommitted, _ body: () throws -> Result) throws -> Result {
    try begin(isolation)
    let result: Result
    do {
      result = try body()
      try flush()
    } catch {
      rollback()
      throw error
    }
    try commit()
    return result
  }

  package func begin(_ isolation: Isolation = .readCommitted) throws(PostgresError) {
    try execute("BEGIN ISOLATION LEVEL \(isolation.rawValue)")
    guard isPooled else { return }
    // Statements that are prepared in one session are not there in another.
    let now = try backend()
    if let session, session != now {
      rollback()
      throw PostgresConnection.isShared
    }
    session = now
  }

  package func commit() throws(PostgresError) {
    do throws(PostgresError) {
      let result = try simple("COMMIT")
      guard result.command == "COMMIT" else {
        throw PostgresError(kind: .refuse, message: "the transaction had failed and was rolled back", sql: "COMMIT")
      }
    } catch {
      throw error.kind == .lost || isBroken ? error.with(kind: .outcomeUnknown) : error
    }
  }

  /// Ends the transaction without its changes; a connection that is lost has ended it already.
  package func rollback() {
    forgetWaiting()
    if isBroken { return }
    _ = try? simple("ROLLBACK")
  }
}
