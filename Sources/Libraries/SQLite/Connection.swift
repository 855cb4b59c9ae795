internal import CSQLite

/// One SQLite connection and the statements prepared on it.
///
/// Not `Sendable`: one thread at a time uses a connection (opened without SQLite's own mutexes), and whoever hands it to
/// another thread lets go of it. Files are in WAL mode, so that readers never wait for the writer; nothing is mapped into
/// memory, so that a truncated file is an error and not a signal. Each page carries a checksum (`CheckedFile`). The file closes when the connection and its
/// statements are released, or at `close`.
package final class Connection {
  package let path: String
  /// Ends the running statement from any thread.
  package let interruption = Interruption()

  private(set) var database: OpaquePointer?
  private var cache: [String: Statement] = [:]

  /// Prepared statements that the cache keeps; past it the cache is emptied.
  package static let cachedStatementsMax = 256

  /// Opens the file and sets what all connections have: WAL, no trust in the schema, no attached files, strict double quotes.
  ///
  /// Throws with the path in the message, also for a file that is not a database.
  package init(path: String, options: ConnectionOptions = ConnectionOptions()) throws(SQLiteError) {
    self.path = path
    let access: Int32 =
      switch options.access {
      case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
      case .readWrite: SQLITE_OPEN_READWRITE
      case .readOnly: SQLITE_OPEN_READONLY
      }
    var opened: OpaquePointer?
    let files: CheckedFiles = options.notesDamage ? .noting : .refusing
    let code = sqlite3_open_v2(path, &opened, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, files.name)
    guard code == SQLITE_OK, let opened else {
      let error = SQLiteError.current(opened, code: code)
      sqlite3_close_v2(opened)
      throw SQLiteError(code: error.code, message: "\(path): \(error.message)")
    }
    database = opened
    sqlite3_busy_timeout(opened, options.busyTimeoutMilliseconds)
    _ = afterimage_sqlite_set_flag(opened, SQLITE_DBCONFIG_DEFENSIVE, 1)
    _ = afterimage_sqlite_set_flag(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    // A name in double quotes that is not a column is an error, not a string.
    _ = afterimage_sqlite_set_flag(opened, SQLITE_DBCONFIG_DQS_DML, 0)
    _ = afterimage_sqlite_set_flag(opened, SQLITE_DBCONFIG_DQS_DDL, 0)
    sqlite3_limit(opened, SQLITE_LIMIT_ATTACHED, 0)
    try execute("PRAGMA mmap_size = 0; PRAGMA cache_size = -\(options.cacheKiB)")
    if options.access != .readOnly {
      reserveChecksums(opened)
      try execute(
        """
        PRAGMA journal_mode = WAL; PRAGMA synchronous = \(options.synchronous.rawValue);
        PRAGMA wal_autocheckpoint = \(options.checkpointPages)
        """)
    } else {
      try execute("PRAGMA query_only = ON")
    }
    installProgressHandler()
  }

  /// A database that lives as long as the connection.
  package static func inMemory() throws(SQLiteError) -> Connection {
    try Connection(path: ":memory:", options: ConnectionOptions(synchronous: .off))
  }

  deinit {
    cache = [:]
    // close_v2 waits for statements that somebody still holds.
    if let database { sqlite3_close_v2(database) }
  }

  /// Closes the file. Later calls throw; to call it twice is allowed. Statements still held keep the file open.
  package func close() {
    cache = [:]
    if let database { sqlite3_close_v2(database) }
    database = nil
  }

  func open() throws(SQLiteError) -> OpaquePointer {
    guard let database else { throw SQLiteError(code: SQLITE_MISUSE, message: "the connection to \(path) is closed") }
    return database
  }

  /// Runs one or more statements and throws their rows away.
  package func execute(_ sql: String) throws(SQLiteError) {
    let database = try open()
    let code = sqlite3_exec(database, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw .current(database, code: code, sql: sql) }
  }

  /// Prepares exactly one statement. Text after it, comments and blanks aside, is an error.
  package func prepare(_ sql: String) throws(SQLiteError) -> Statement {
    try Statement(self, sql, persistent: false)
  }

  /// The prepared statement of this SQL from the connection's cache, reset and without bindings. Not to be used twice at
  /// once for the same SQL.
  package func statement(_ sql: String) throws(SQLiteError) -> Statement {
    // Compared by bytes: two literals that Unicode calls equivalent are two statements.
    if let known = cache[sql], known.sql.utf8.elementsEqual(sql.utf8) {
      known.reset()
      known.clearBindings()
      return known
    }
    let made = try Statement(self, sql, persistent: true)
    if cache.count >= Connection.cachedStatementsMax { cache = [:] }
    cache[sql] = made
    return made
  }

  /// Rows changed by the last INSERT, UPDATE or DELETE.
  package var changes: Int { database.map { Int(sqlite3_changes64($0)) } ?? 0 }
  /// Rows changed since the connection was opened.
  package var totalChanges: Int { database.map { Int(sqlite3_total_changes64($0)) } ?? 0 }
  package var lastInsertedRow: Int64 { database.map { sqlite3_last_insert_rowid($0) } ?? 0 }
}
