/// What a file of RocksDB's log format holds: its write-ahead logs and its manifest.
///
/// Such a file is a row of blocks of 32 KB. A block holds fragments (masked CRC-32C of all that follows the length, 4 bytes; length, 2;
/// type, 1; payload); a record is one fragment, or a first, some in the middle and a last one. Only an incomplete record at
/// the end can come from a process or a machine that stopped while it wrote; everything else that does not fit is damage. RocksDB takes a
/// length that points past the end of the file for an incomplete record too. Here each of the lengths that one flipped
/// bit could have made of it is tried first: if one of them fits the checksum, it was a whole record.
struct LogFileScan: Sendable, Equatable {
  enum Ending: Sendable, Equatable {
    case complete
    /// The file ends within the record that begins at this byte, or holds only zeros from there on.
    case torn(at: Int)
    case damaged(at: Int, reason: String)
  }

  /// Whole records before the ending.
  private(set) var records = 0
  /// Of a write-ahead log: the number of the first change, and that of the last change before the ending. A batch takes a number for
  /// each of its changes.
  private(set) var first: UInt64?
  private(set) var last: UInt64?
  /// Of a damaged write-ahead log: the greatest number of a change in the whole records that follow the damage.
  private(set) var lastAfterDamage: UInt64?
  private(set) var ending = Ending.complete

  static let blockBytes = 32 << 10
  static let headerBytes = 7
  /// A batch begins with the number of its first change (8 bytes) and how many it has (4 bytes).
  private static let batchHeaderBytes = 12

  private enum Kind: UInt8 {
    case full = 1
    case first, middle, last
  }

  private enum Fragment {
    case whole(type: UInt8, payload: Range<Int>)
    case end
    case torn
    case damaged(String)
  }

  init(_ bytes: UnsafeRawBufferPointer) {
    var at = 0
    /// Where the record that is being read began, and the first bytes of it.
    var start: Int?
    var head: [UInt8] = []
    func take(_ payload: Range<Int>) {
      if head.count < LogFileScan.batchHeaderBytes { head += bytes[payload].prefix(LogFileScan.batchHeaderBytes - head.count) }
    }
    scan: while true {
      at = LogFileScan.fragmentStart(at)
      switch LogFileScan.fragment(bytes, at) {
      case .end:
        if let start { ending = .torn(at: start) }
        return
      case .torn:
        ending = .torn(at: start ?? at)
        return
      case .damaged(let reason):
        ending = .damaged(at: at, reason: reason)
        break scan
      case .whole(let type, let payload):
        let kind = Kind(rawValue: type)
        let begins = kind == .full || kind == .first
        guard kind == nil || begins == (start == nil) else {
          ending = .damaged(at: at, reason: begins ? "a record begins within another one" : "a record without its beginning")
          break scan
        }
        if begins {
          start = at
          head = []
        }
        if kind != nil { take(payload) }
        if kind == .full || kind == .last {
          note(head)
          start = nil
        }
        at = payload.upperBound
      }
    }
    salvage(bytes, after: at)
  }

  /// The next place at or after `at` where a fragment may begin: what is left of a block may be too short for a header.
  private static func fragmentStart(_ at: Int) -> Int {
    let left = blockBytes - at % blockBytes
    return left < headerBytes ? at + left : at
  }

  private static func fragment(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Fragment {
    guard at < bytes.count else { return .end }
    guard at + headerBytes <= bytes.count else { return .torn }
    let length = Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: at + 4, as: UInt16.self)))
    let type = bytes[at + 6]
    if type == 0, length == 0 {
      return bytes[at...].allSatisfy { $0 == 0 } ? .torn : .damaged("zeros in place of a record")
    }
    let blockEnd = at - at % blockBytes + blockBytes
    let end = at + headerBytes + length
    if end <= min(blockEnd, bytes.count) {
      guard fits(bytes, at, length) else { return .damaged("a record does not match its checksum") }
      return .whole(type: type, payload: at + headerBytes..<end)
    }
    for bit in 0..<16 {
      let other = length ^ 1 << bit
      if at + headerBytes + other <= min(blockEnd, bytes.count), fits(bytes, at, other) {
        return .damaged("the length of a record is wrong")
      }
    }
    // Nobody begins to write a fragment that crosses the end of its block.
    return end <= blockEnd ? .torn : .damaged("the length of a record is wrong")
  }

  private static func fits(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ length: Int) -> Bool {
    let stored = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
    let covered = UnsafeRawBufferPointer(rebasing: bytes[(at + 6)..<(at + headerBytes + length)])
    return CRC32C.masked(CRC32C.checksum(covered)) == stored
  }

  /// Counts a whole record, and reads the numbers of its changes when it is a batch.
  private mutating func note(_ head: [UInt8]) {
    records += 1
    guard let numbers = LogFileScan.numbers(head) else { return }
    first = first ?? numbers.first
    last = numbers.last
  }

  private static func numbers(_ head: [UInt8]) -> (first: UInt64, last: UInt64)? {
    guard head.count >= batchHeaderBytes else { return nil }
    let first = head[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let count = head[8..<12].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return (first, first &+ count &- 1)
  }

  /// Looks through the blocks after the damage for records that begin there, to say what would be lost.
  private mutating func salvage(_ bytes: UnsafeRawBufferPointer, after damage: Int) {
    var block = damage - damage % LogFileScan.blockBytes + LogFileScan.blockBytes
    while block < bytes.count {
      var at = block
      while at < block + LogFileScan.blockBytes, case .whole(let type, let payload) = LogFileScan.fragment(bytes, at) {
        if type == Kind.full.rawValue || type == Kind.first.rawValue,
          let numbers = LogFileScan.numbers(Array(bytes[payload].prefix(12)))
        {
          lastAfterDamage = max(lastAfterDamage ?? 0, numbers.last)
        }
        at = LogFileScan.fragmentStart(payload.upperBound)
      }
      block += LogFileScan.blockBytes
    }
  }
}
