internal import CSQLite

/// A database file as SQLite holds it open, with a checksum in each page: what SQLite reads is compared with it, what it writes gets one.
///
/// SQLite allocates it, with the operating system's own file after it in the same piece of memory, and calls `methods`. Only main files are:
/// the write-ahead log has checksums of its own. A file has checksums when its header reserves 8 bytes of each page for them, as files
/// made by a `Connection` do; any SQLite reads such a file.
struct CheckedFile {
  private var file: sqlite3_file
  /// Whether the header reserves the bytes for checksums.
  private(set) var hasChecksums = false
  /// Pages that do not equal their checksums are noted and given as they are, in place of an error.
  private let notesDamage: Bool
  /// Pages, counted from 1, that did not equal their checksums.
  private(set) var damagedCount = 0
  private(set) var firstDamaged: Int64 = 0
  /// The first piece of the write-ahead log's index, as SQLite has it mapped for this file; nil before and after.
  private(set) var logIndex: UnsafeRawPointer?

  private static let header: [UInt8] = Array("SQLite format 3".utf8) + [0]
  private static let reservedPlace = 20
  private static let headerBytes: Int32 = 100

  /// Where the operating system's file begins.
  private static let realPlace = (MemoryLayout<CheckedFile>.size + 15) & ~15

  static func bytes(over real: Int32) -> Int32 { Int32(realPlace) + real }

  /// Opens the operating system's file after the memory of this one. A file that is not a database's main file takes its place.
  static func open(
    _ system: UnsafeMutablePointer<sqlite3_vfs>, _ path: UnsafePointer<CChar>?, _ file: UnsafeMutablePointer<sqlite3_file>,
    flags: Int32, given: UnsafeMutablePointer<Int32>?, notesDamage: Bool
  ) -> Int32 {
    guard flags & SQLITE_OPEN_MAIN_DB != 0 else { return system.pointee.xOpen(system, path, file, flags, given) }
    let checked = UnsafeMutableRawPointer(file).assumingMemoryBound(to: CheckedFile.self)
    checked.initialize(to: CheckedFile(file: sqlite3_file(pMethods: nil), notesDamage: notesDamage))
    let real = real(file)
    real.pointee.pMethods = nil
    let code = system.pointee.xOpen(system, path, real, flags, given)
    if code == SQLITE_OK {
      checked.pointee.file.pMethods = UnsafePointer(methods)
    } else if let own = real.pointee.pMethods {
      _ = own.pointee.xClose(real)
    }
    return code
  }

  /// The file of a connection; nil when it is not a checked one.
  static func of(_ database: OpaquePointer) -> UnsafeMutablePointer<CheckedFile>? {
    var file: UnsafeMutablePointer<sqlite3_file>?
    guard sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK, let file,
      file.pointee.pMethods == UnsafePointer(methods)
    else { return nil }
    return UnsafeMutableRawPointer(file).assumingMemoryBound(to: CheckedFile.self)
  }

  private static func real(_ file: UnsafeMutablePointer<sqlite3_file>?) -> UnsafeMutablePointer<sqlite3_file> {
    // SQLite calls with the file that it opened, never without one.
    (UnsafeMutableRawPointer(file!) + realPlace).assumingMemoryBound(to: sqlite3_file.self)
  }

  // MARK: What SQLite calls

  private static func read(
    _ file: UnsafeMutablePointer<sqlite3_file>?, _ buffer: UnsafeMutableRawPointer?, count: Int32, offset: Int64
  ) -> Int32 {
    let real = real(file)
    let code = real.pointee.pMethods.pointee.xRead(real, buffer, count, offset)
    guard code == SQLITE_OK, let file, let buffer else { return code }
    let checked = UnsafeMutableRawPointer(file).assumingMemoryBound(to: CheckedFile.self)
    let bytes = UnsafeMutableRawBufferPointer(start: buffer, count: Int(count))
    checked.pointee.see(UnsafeRawBufferPointer(bytes), at: offset)
    guard checked.pointee.hasChecksums, PageChecksum.isPage(bytes.count) else { return SQLITE_OK }
    guard checked.pointee.isFine(UnsafeRawBufferPointer(bytes), at: offset) else { return afterimage_sqlite_bad_checksum }
    // So the page has none in the log, from where another program may move it.
    PageChecksum.clear(bytes)
    return SQLITE_OK
  }

  private static func write(
    _ file: UnsafeMutablePointer<sqlite3_file>?, _ buffer: UnsafeRawPointer?, count: Int32, offset: Int64
  ) -> Int32 {
    let real = real(file)
    guard let file, let buffer else { return real.pointee.pMethods.pointee.xWrite(real, buffer, count, offset) }
    let checked = UnsafeMutableRawPointer(file).assumingMemoryBound(to: CheckedFile.self)
    let bytes = UnsafeRawBufferPointer(start: buffer, count: Int(count))
    checked.pointee.see(bytes, at: offset)
    guard checked.pointee.hasChecksums, PageChecksum.isPage(bytes.count) else {
      return real.pointee.pMethods.pointee.xWrite(real, buffer, count, offset)
    }
    return withUnsafeTemporaryAllocation(byteCount: bytes.count, alignment: 8) { copy in
      copy.copyMemory(from: bytes)
      PageChecksum.write(into: copy)
      return real.pointee.pMethods.pointee.xWrite(real, copy.baseAddress, count, offset)
    }
  }

  private static func mapIndex(
    _ file: UnsafeMutablePointer<sqlite3_file>?, piece: Int32, size: Int32, extend: Int32,
    _ mapped: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
  ) -> Int32 {
    let real = real(file)
    let code = real.pointee.pMethods.pointee.xShmMap(real, piece, size, extend, mapped)
    if piece == 0, code == SQLITE_OK, let file {
      UnsafeMutableRawPointer(file).assumingMemoryBound(to: CheckedFile.self).pointee.logIndex =
        mapped?.pointee.map { UnsafeRawPointer($0) }
    }
    return code
  }

  private static func unmapIndex(_ file: UnsafeMutablePointer<sqlite3_file>?, delete: Int32) -> Int32 {
    if let file { UnsafeMutableRawPointer(file).assumingMemoryBound(to: CheckedFile.self).pointee.logIndex = nil }
    let real = real(file)
    return real.pointee.pMethods.pointee.xShmUnmap(real, delete)
  }

  /// Learns from a database header whether there are checksums.
  private mutating func see(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
    guard offset == 0, bytes.count >= CheckedFile.headerBytes,
      bytes[..<CheckedFile.header.count].elementsEqual(CheckedFile.header)
    else { return }
    hasChecksums = bytes[CheckedFile.reservedPlace] == PageChecksum.bytesCount
  }

  private mutating func isFine(_ bytes: UnsafeRawBufferPointer, at offset: Int64) -> Bool {
    if PageChecksum.holds(bytes) { return true }
    if damagedCount == 0 { firstDamaged = offset / Int64(bytes.count) + 1 }
    damagedCount += 1
    return notesDamage
  }

  /// Written once, before any file is opened, and never changed.
  private nonisolated(unsafe) static let methods: UnsafeMutablePointer<sqlite3_io_methods> = {
    let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    methods.initialize(to: sqlite3_io_methods())
    // Without the third version's xFetch: nothing is mapped into memory.
    methods.pointee.iVersion = 2
    methods.pointee.xRead = { read($0, $1, count: $2, offset: $3) }
    methods.pointee.xWrite = { write($0, $1, count: $2, offset: $3) }
    methods.pointee.xClose = { real($0).pointee.pMethods.pointee.xClose(real($0)) }
    methods.pointee.xTruncate = { real($0).pointee.pMethods.pointee.xTruncate(real($0), $1) }
    methods.pointee.xSync = { real($0).pointee.pMethods.pointee.xSync(real($0), $1) }
    methods.pointee.xFileSize = { real($0).pointee.pMethods.pointee.xFileSize(real($0), $1) }
    methods.pointee.xLock = { real($0).pointee.pMethods.pointee.xLock(real($0), $1) }
    methods.pointee.xUnlock = { real($0).pointee.pMethods.pointee.xUnlock(real($0), $1) }
    methods.pointee.xCheckReservedLock = { real($0).pointee.pMethods.pointee.xCheckReservedLock(real($0), $1) }
    methods.pointee.xFileControl = { real($0).pointee.pMethods.pointee.xFileControl(real($0), $1, $2) }
    methods.pointee.xSectorSize = { real($0).pointee.pMethods.pointee.xSectorSize(real($0)) }
    methods.pointee.xDeviceCharacteristics = { real($0).pointee.pMethods.pointee.xDeviceCharacteristics(real($0)) }
    methods.pointee.xShmMap = { mapIndex($0, piece: $1, size: $2, extend: $3, $4) }
    methods.pointee.xShmLock = { real($0).pointee.pMethods.pointee.xShmLock(real($0), $1, $2, $3) }
    methods.pointee.xShmBarrier = { real($0).pointee.pMethods.pointee.xShmBarrier(real($0)) }
    methods.pointee.xShmUnmap = { unmapIndex($0, delete: $1) }
    return methods
  }()
}

extension CheckedFile {
  private init(file: sqlite3_file, notesDamage: Bool) {
    self.file = file
    self.notesDamage = notesDamage
  }
}
