internal import CSQLite
internal import Glibc

/// The two ways in which a connection opens files with checksums: SQLite's default way, but for `CheckedFile` and without a clock.
enum CheckedFiles: String {
  /// A page that does not match its checksum is an error.
  case refusing = "afterimage"
  /// It is noted, and read as it is.
  case noting = "afterimage-noting"

  /// The name to open a database by. Registers both with SQLite at the first call.
  var name: String {
    _ = CheckedFiles.registered
    return rawValue
  }

  /// SQLite's default, which lives as long as the process.
  private nonisolated(unsafe) static let system: UnsafeMutablePointer<sqlite3_vfs> = {
    _ = afterimage_sqlite_configure()
    return sqlite3_vfs_find(nil)
  }()

  private static let registered: Void = {
    register(.refusing) { CheckedFile.open(system, $1, $2!, flags: $3, given: $4, notesDamage: false) }
    register(.noting) { CheckedFile.open(system, $1, $2!, flags: $3, given: $4, notesDamage: true) }
  }()

  private typealias Open =
    @convention(c) (
      UnsafeMutablePointer<sqlite3_vfs>?, UnsafePointer<CChar>?, UnsafeMutablePointer<sqlite3_file>?, Int32,
      UnsafeMutablePointer<Int32>?
    ) -> Int32

  private static func register(_ kind: CheckedFiles, _ open: Open) {
    // SQLite keeps both for the life of the process.
    let made = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
    made.initialize(to: system.pointee)
    made.pointee.zName = UnsafePointer(strdup(kind.rawValue))
    made.pointee.szOsFile = CheckedFile.bytes(over: system.pointee.szOsFile)
    made.pointee.xOpen = open
    // A 'now' that is made while a statement runs is null: rows and parameters are all that an answer depends on.
    made.pointee.xCurrentTimeInt64 = { _, _ in SQLITE_ERROR }
    made.pointee.xCurrentTime = { _, _ in SQLITE_ERROR }
    made.pointee.pNext = nil
    sqlite3_vfs_register(made, 0)
  }
}

extension Connection {
  /// Whether the pages of the file carry checksums: those of every file that was made by a connection do. Known once something was read.
  package var hasChecksums: Bool { database.flatMap { CheckedFile.of($0) }?.pointee.hasChecksums ?? false }

  /// How often a page was read that did not equal its checksum, and the first such page, counted from 1; nil when none was.
  package var damage: (reads: Int, firstPage: Int64)? {
    guard let file = database.flatMap({ CheckedFile.of($0) }), file.pointee.damagedCount > 0 else { return nil }
    return (file.pointee.damagedCount, file.pointee.firstDamaged)
  }

  /// Writes the whole file again, with checksums if it had none. Takes room for the file once more, in the log and beside it.
  package func rewrite() throws(SQLiteError) {
    let database = try open()
    // VACUUM attaches the file that it writes.
    sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 1)
    defer { sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0) }
    try execute("VACUUM")
  }

  /// Has a file that is made now, or written again by VACUUM, keep a checksum in each page.
  func reserveChecksums(_ database: OpaquePointer) {
    var bytes = Int32(PageChecksum.bytesCount)
    sqlite3_file_control(database, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes)
  }
}
