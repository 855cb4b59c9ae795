internal import CSQLite

extension Connection {
  /// When a transaction takes its locks.
  package enum TransactionKind: String, Sendable {
    /// Locks when something is read or written: for a reader's snapshot.
    case deferred = "BEGIN DEFERRED"
    /// Takes the write lock at once.
    case immediate = "BEGIN IMMEDIATE"
  }

  package var isInTransaction: Bool { database.map { sqlite3_get_autocommit($0) == 0 } ?? false }

  package func begin(_ kind: TransactionKind = .immediate) throws(SQLiteError) { try step(kind.rawValue) }
  package func commit() throws(SQLiteError) { try step("COMMIT") }

  /// Takes the transaction back. Without one it does nothing (SQLite itself may have rolled back, as on a full disk).
  package func rollback() throws(SQLiteError) {
    if isInTransaction { try step("ROLLBACK") }
  }

  private func step(_ sql: String) throws(SQLiteError) {
    let statement = try statement(sql)
    _ = try statement.step()
    statement.reset()
  }

  /// Runs `body` in a transaction: committed when it returns, taken back when it throws.
  package func transaction<Result>(_ kind: TransactionKind = .immediate, _ body: () throws -> Result) throws -> Result {
    try begin(kind)
    do {
      let result = try body()
      try commit()
      return result
    } catch {
      try? rollback()
      throw error
    }
  }

  /// How much of the WAL a checkpoint moves.
  package enum CheckpointMode: Sendable {
    /// What can be moved without waiting for anybody.
    case passive
    /// Waits for readers (busy timeout), moves everything and truncates the WAL file.
    case truncate
  }

  /// Moves the WAL into the database file. Answers the WAL's frames and how many of them were moved; throws `isBusy` when
  /// a reader stood in the way of `truncate`.
  @discardableResult
  package func checkpoint(_ mode: CheckpointMode = .passive) throws(SQLiteError) -> (frames: Int, moved: Int) {
    let database = try open()
    var frames: Int32 = 0
    var moved: Int32 = 0
    let how = mode == .passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE
    let code = sqlite3_wal_checkpoint_v2(database, nil, how, &frames, &moved)
    guard code == SQLITE_OK else { throw .current(database, code: code, sql: "wal_checkpoint") }
    return (Int(frames), Int(moved))
  }
}
