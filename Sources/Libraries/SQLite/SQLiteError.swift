internal import CSQLite

/// What SQLite refused: its extended result code, its message, and the SQL that was being prepared or run.
package struct SQLiteError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The extended result code, as in sqlite3.h; its low byte is the primary code.
  package let code: Int32
  package let message: String
  package let sql: String?
  /// The byte offset in `sql` of the token that the error is about; nil when SQLite does not know one.
  package let offset: Int?

  package init(code: Int32, message: String, sql: String? = nil, offset: Int? = nil) {
    self.code = code
    self.message = message
    self.sql = sql
    self.offset = offset
  }

  private var primary: Int32 { code & 0xff }

  /// Another connection holds the lock and the busy timeout has passed: to be tried again.
  package var isBusy: Bool { primary == SQLITE_BUSY || primary == SQLITE_LOCKED }
  /// The time limit passed or an interruption came.
  package var isInterrupted: Bool { primary == SQLITE_INTERRUPT }
  package var isConstraint: Bool { primary == SQLITE_CONSTRAINT }
  package var isDiskFull: Bool { primary == SQLITE_FULL }
  package var isReadOnly: Bool { primary == SQLITE_READONLY }
  package var isCorrupt: Bool { primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || code == afterimage_sqlite_bad_checksum }
  package var cannotOpen: Bool { primary == SQLITE_CANTOPEN }

  package var description: String {
    let about = sql.map { " in: \($0.count > 400 ? String($0.prefix(400)) + "..." : $0)" } ?? ""
    return "SQLite error \(code): \(message)\(about)"
  }

  /// The error that `database` holds now. Read it before any other call on the connection.
  static func current(_ database: OpaquePointer?, code: Int32, sql: String? = nil) -> SQLiteError {
    guard let database else { return SQLiteError(code: code, message: String(cString: sqlite3_errstr(code)), sql: sql) }
    let offset = Int(sqlite3_error_offset(database))
    let code = sqlite3_extended_errcode(database)
    let message =
      code == afterimage_sqlite_bad_checksum
      ? "page \(CheckedFile.of(database)?.pointee.firstDamaged ?? 0) does not match its checksum"
        + " (a fault of the disk, or another program has written to the file)"
      : String(cString: sqlite3_errmsg(database))
    return SQLiteError(code: code, message: message, sql: sql, offset: offset >= 0 ? offset : nil)
  }
}
