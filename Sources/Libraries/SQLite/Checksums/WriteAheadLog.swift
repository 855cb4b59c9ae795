internal import Glibc

/// A database's write-ahead log as it lies beside a file that nobody has open.
///
/// SQLite reads the log up to the first frame whose checksum does not fit and takes what follows for writes that a failure of power cut short. That is
/// right as long as nothing of it was moved into the database: it is moved only after a sync. Where a frame past the cut stands in the
/// database, the log was damaged later, and SQLite would lay older pages from before the cut over newer ones, each of them whole: a state that never was.
package struct WriteAheadLog {
  private let log: Int32
  private let database: Int32
  private let pageBytes: Int
  private let isBigEndian: Bool
  private let salts: UInt64
  private var sums: (UInt32, UInt32)

  private static let headerBytes = 32
  private static let frameHeaderBytes = 24

  /// The byte of the log at which it was damaged after parts that follow were moved into the database; nil when SQLite can read the two together.
  /// O(bytes of the log).
  package static func damage(of path: String) -> Int? {
    let descriptors = (open(path + "-wal", O_RDONLY | O_CLOEXEC), open(path, O_RDONLY | O_CLOEXEC))
    defer { for descriptor in [descriptors.0, descriptors.1] where descriptor >= 0 { close(descriptor) } }
    guard descriptors.0 >= 0, descriptors.1 >= 0 else { return nil }
    var log = WriteAheadLog(log: descriptors.0, database: descriptors.1)
    return log?.damage()
  }

  /// Nil for a log of which SQLite reads nothing.
  private init?(log: Int32, database: Int32) {
    guard let header = WriteAheadLog.read(log, 0, WriteAheadLog.headerBytes) else { return nil }
    let magic = WriteAheadLog.number(header, 0)
    pageBytes = Int(WriteAheadLog.number(header, 8))
    guard magic & ~1 == 0x377f_0682, PageChecksum.isPage(pageBytes) else { return nil }
    self.log = log
    self.database = database
    isBigEndian = magic & 1 == 1
    salts = WriteAheadLog.salts(header, 16)
    sums = WriteAheadLog.sum(header[..<24], (0, 0), isBigEndian: isBigEndian)
    guard sums == (WriteAheadLog.number(header, 24), WriteAheadLog.number(header, 28)) else { return nil }
  }

  private mutating func damage() -> Int? {
    let frameBytes = WriteAheadLog.frameHeaderBytes + pageBytes
    var place = WriteAheadLog.headerBytes
    var hasCommit = false
    while let frame = WriteAheadLog.read(log, place, frameBytes), isNext(frame) {
      hasCommit = hasCommit || WriteAheadLog.number(frame, 4) != 0
      place += frameBytes
    }
    // Without a transaction before the cut SQLite leaves the log alone.
    guard hasCommit else { return nil }
    let cut = place
    while let frame = WriteAheadLog.read(log, place, frameBytes) {
      // Frames of an earlier round have other salts.
      if WriteAheadLog.salts(frame, 8) == salts, isInDatabase(frame) { return cut }
      place += frameBytes
    }
    return nil
  }

  private mutating func isNext(_ frame: [UInt8]) -> Bool {
    guard WriteAheadLog.salts(frame, 8) == salts, WriteAheadLog.number(frame, 0) != 0 else { return false }
    let first = WriteAheadLog.sum(frame[..<8], sums, isBigEndian: isBigEndian)
    let next = WriteAheadLog.sum(frame[WriteAheadLog.frameHeaderBytes...], first, isBigEndian: isBigEndian)
    guard next == (WriteAheadLog.number(frame, 16), WriteAheadLog.number(frame, 20)) else { return false }
    sums = next
    return true
  }

  /// Whether the page stands in the database as the frame has it; the database's has another checksum in its last bytes.
  private func isInDatabase(_ frame: [UInt8]) -> Bool {
    let number = Int(WriteAheadLog.number(frame, 0))
    guard number > 0, let page = WriteAheadLog.read(database, (number - 1) * pageBytes, pageBytes) else { return false }
    let compared = pageBytes - PageChecksum.bytesCount
    return page[..<compared].elementsEqual(frame[WriteAheadLog.frameHeaderBytes...].prefix(compared))
  }

  private static func read(_ file: Int32, _ place: Int, _ count: Int) -> [UInt8]? {
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, read in
      read = max(0, pread(file, buffer.baseAddress, count, off_t(place)))
    }
    return bytes.count == count ? bytes : nil
  }

  private static func number(_ bytes: [UInt8], _ place: Int) -> UInt32 {
    bytes.withUnsafeBytes { UInt32(bigEndian: $0.loadUnaligned(fromByteOffset: place, as: UInt32.self)) }
  }

  private static func salts(_ bytes: [UInt8], _ place: Int) -> UInt64 {
    UInt64(number(bytes, place)) << 32 | UInt64(number(bytes, place + 4))
  }

  /// The log's running sums over bytes that come in multiples of 8.
  private static func sum(_ bytes: ArraySlice<UInt8>, _ sums: (UInt32, UInt32), isBigEndian: Bool) -> (UInt32, UInt32) {
    bytes.withUnsafeBytes { raw in
      var (first, second) = sums
      for place in stride(from: 0, to: raw.count, by: 8) {
        let words = (
          raw.loadUnaligned(fromByteOffset: place, as: UInt32.self), raw.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self)
        )
        first &+= (isBigEndian ? UInt32(bigEndian: words.0) : UInt32(littleEndian: words.0)) &+ second
        second &+= (isBigEndian ? UInt32(bigEndian: words.1) : UInt32(littleEndian: words.1)) &+ first
      }
      return (first, second)
    }
  }
}
