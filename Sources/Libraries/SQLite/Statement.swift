internal import CSQLite

/// A prepared statement: bind, step, read columns, reset.
///
/// Belongs to its connection's thread; after the connection is gone it still works, and the file closes with the last of
/// its statements. Parameters count from 1, columns from 0, as in
/// SQLite. Text is always UTF-8; comparison in SQL is by its bytes.
package final class Statement {
  package let sql: String
  let pointer: OpaquePointer
  /// The progress handler's context: kept so that it outlives this statement.
  private let interruption: Interruption
  private let database: OpaquePointer

  init(_ connection: Connection, _ sql: String, persistent: Bool) throws(SQLiteError) {
    interruption = connection.interruption
    self.sql = sql
    database = try connection.open()
    var made: OpaquePointer?
    var rest = ""
    var text = sql
    let flags = persistent ? UInt32(SQLITE_PREPARE_PERSISTENT) : 0
    let database = database
    let code: Int32 = text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        var tail: UnsafePointer<CChar>?
        let code = sqlite3_prepare_v3(database, characters.baseAddress, Int32(characters.count), flags, &made, &tail)
        if let tail, let start = characters.baseAddress {
          rest = String(decoding: bytes[(tail - start)...], as: UTF8.self)
        }
        return code
      }
    }
    guard code == SQLITE_OK else { throw .current(database, code: code, sql: sql) }
    guard let made else { throw SQLiteError(code: SQLITE_ERROR, message: "the SQL holds no statement", sql: sql) }
    pointer = made
    if !Statement.isBlank(rest, database) {
      throw SQLiteError(
        code: SQLITE_ERROR, message: "the SQL holds more than one statement", sql: sql,
        offset: sql.utf8.count - rest.utf8.count)
    }
  }

  deinit { sqlite3_finalize(pointer) }

  /// Whether SQLite finds no statement in the text: blanks, comments and semicolons only.
  private static func isBlank(_ text: String, _ database: OpaquePointer) -> Bool {
    if text.utf8.allSatisfy({ $0 <= 32 || $0 == UInt8(ascii: ";") }) { return true }
    var made: OpaquePointer?
    let code = sqlite3_prepare_v2(database, text, -1, &made, nil)
    defer { sqlite3_finalize(made) }
    return code == SQLITE_OK && made == nil
  }

  // MARK: Running

  /// The next row; false when there is none, and the statement is then ready for the next run. On an error the statement
  /// is reset.
  package func step() throws(SQLiteError) -> Bool {
    switch sqlite3_step(pointer) {
    case SQLITE_ROW: return true
    case SQLITE_DONE:
      sqlite3_reset(pointer)
      return false
    case let code:
      let error = SQLiteError.current(database, code: code, sql: sql)
      sqlite3_reset(pointer)
      throw error
    }
  }

  /// Runs to the end, throwing rows away.
  package func run() throws(SQLiteError) {
    while try step() {}
  }

  package func reset() { sqlite3_reset(pointer) }
  package func clearBindings() { sqlite3_clear_bindings(pointer) }

  // MARK: Binding

  /// Binds the parameter `index`, which counts from 1, until it is bound again: `reset` keeps it. Throws when there is no such parameter.
  package func bind(_ index: Int, null: Void = ()) throws(SQLiteError) { try check(sqlite3_bind_null(pointer, Int32(index))) }

  /// Binds an INTEGER.
  package func bind(_ index: Int, _ value: Int64) throws(SQLiteError) {
    try check(sqlite3_bind_int64(pointer, Int32(index), value))
  }

  /// Binds a TEXT; the bytes are copied.
  package func bind(_ index: Int, _ text: String) throws(SQLiteError) {
    var text = text
    let pointer = pointer
    try check(text.withUTF8 { Statement.bindText(pointer, index, UnsafeRawBufferPointer($0)) })
  }

  /// UTF-8 bytes as text. The caller vouches that they are UTF-8.
  package func bind(_ index: Int, utf8 bytes: [UInt8]) throws(SQLiteError) {
    let pointer = pointer
    try check(bytes.withUnsafeBytes { Statement.bindText(pointer, index, $0) })
  }

  /// Binds a TEXT of bytes that are UTF-8; they are copied.
  package func bind(_ index: Int, utf8 bytes: UnsafeRawBufferPointer) throws(SQLiteError) {
    try check(Statement.bindText(pointer, index, bytes))
  }

  /// Binds a TEXT of bytes that are UTF-8. They are not copied: they must stay until the statement has run, and be bound anew before it runs again.
  package func bindInPlace(_ index: Int, utf8 bytes: UnsafeRawBufferPointer) throws(SQLiteError) {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return try bind(index, utf8: bytes) }
    try check(afterimage_sqlite_bind_text_in_place(pointer, Int32(index), start, Int32(bytes.count)))
  }

  /// The same for a BLOB.
  package func bindInPlace(_ index: Int, blob bytes: UnsafeRawBufferPointer) throws(SQLiteError) {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return try bind(index, blob: []) }
    try check(afterimage_sqlite_bind_blob_in_place(pointer, Int32(index), start, Int32(bytes.count)))
  }

  /// Binds a BLOB, which an empty array is too; the bytes are copied.
  package func bind(_ index: Int, blob bytes: [UInt8]) throws(SQLiteError) {
    let pointer = pointer
    try check(
      bytes.withUnsafeBytes {
        $0.count == 0
          ? sqlite3_bind_zeroblob(pointer, Int32(index), 0)
          : afterimage_sqlite_bind_blob(pointer, Int32(index), $0.baseAddress, Int32($0.count))
      })
  }

  private static func bindText(_ pointer: OpaquePointer, _ index: Int, _ bytes: UnsafeRawBufferPointer) -> Int32 {
    // A nil address would bind NULL; the empty text has to have one.
    guard let start = bytes.baseAddress, bytes.count > 0 else {
      return afterimage_sqlite_bind_text(pointer, Int32(index), "", 0)
    }
    return afterimage_sqlite_bind_text(pointer, Int32(index), start, Int32(bytes.count))
  }

  private func check(_ code: Int32) throws(SQLiteError) {
    guard code == SQLITE_OK else { throw .current(database, code: code, sql: sql) }
  }
}
