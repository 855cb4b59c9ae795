import RandomTestKit
import Testing

@testable import RocksDB

/// The scan of a log file as a value: what one flipped bit, a cut or a tail of zeros makes of a file written here.
@Suite struct LogFileScanTests {
  /// A log of batches with so many bytes each, in RocksDB's format. Each batch is one change.
  static func log(_ sizes: [Int], first: UInt64 = 1) -> [UInt8] {
    var out: [UInt8] = []
    for (number, size) in sizes.enumerated() {
      var record = withUnsafeBytes(of: (UInt64(number) + first).littleEndian) { Array($0) } + [1, 0, 0, 0]
      record += (0..<size).map { UInt8(truncatingIfNeeded: $0 * 7 + number) }
      var at = 0
      repeat {
        let left = LogFileScan.blockBytes - out.count % LogFileScan.blockBytes
        if left < LogFileScan.headerBytes {
          out += [UInt8](repeating: 0, count: left)
          continue
        }
        let length = min(record.count - at, left - LogFileScan.headerBytes)
        let isLast = at + length == record.count
        let type: UInt8 = at == 0 ? (isLast ? 1 : 2) : (isLast ? 4 : 3)
        let covered = [type] + record[at..<(at + length)]
        let crc = covered.withUnsafeBytes { CRC32C.masked(CRC32C.checksum($0)) }
        out += withUnsafeBytes(of: crc.littleEndian) { Array($0) } + [UInt8(length & 0xff), UInt8(length >> 8)] + covered
        at += length
      } while at < record.count
    }
    return out
  }

  static func scan(_ bytes: some Sequence<UInt8>) -> LogFileScan { Array(bytes).withUnsafeBytes { LogFileScan($0) } }

  static let sizes = [10, 0, 70_000, 500, 32_000, 1, 40_000, 9]

  @Test func `the checksum is that of Castagnoli`() {
    #expect(Array("123456789".utf8).withUnsafeBytes { CRC32C.checksum($0) } == 0xe306_9283)
    #expect([UInt8](repeating: 0, count: 32).withUnsafeBytes { CRC32C.checksum($0) } == 0x8a91_36aa)
  }

  @Test func `a whole log ends complete, with the numbers of its changes`() {
    let scan = Self.scan(Self.log(Self.sizes))
    #expect(
      scan.ending == .complete && scan.records == Self.sizes.count && scan.first == 1 && scan.last == UInt64(Self.sizes.count))
    #expect(Self.scan([]).ending == .complete)
  }

  @Test func `a cut leaves the records before it, and is torn unless it is at a border`() {
    let bytes = Self.log(Self.sizes)
    let borders = (0...Self.sizes.count).map { Self.log(Array(Self.sizes[..<$0])).count }
    for end in stride(from: 0, to: bytes.count, by: 97) {
      let scan = Self.scan(bytes[..<end])
      let whole = borders.lastIndex { $0 <= end } ?? 0
      #expect(scan.records == whole, "cut at \(end)")
      if case .damaged = scan.ending { Issue.record("cut at \(end) is taken for damage") }
    }
    for (whole, end) in borders.enumerated() {
      let scan = Self.scan(bytes[..<end])
      #expect(scan.records == whole && scan.ending == .complete)
    }
  }

  @Test func `a flipped bit is damage wherever a record is`() {
    let bytes = Self.log(Self.sizes)
    let scan = Self.scan(bytes)
    var generator = SeededGenerator(seed: 1)
    for round in 0..<400 {
      // All bits of the last records, then some of the rest.
      let at = round < 200 ? bytes.count - 1 - round / 8 : Int.random(in: 0..<bytes.count, using: &generator)
      var flipped = bytes
      flipped[at] ^= 1 << UInt8(round % 8)
      let found = Self.scan(flipped)
      if case .damaged = found.ending { continue }
      // The few bytes that fill a block hold nothing.
      #expect(found == scan, "bit \(round % 8) of byte \(at)")
    }
  }

  @Test func `zeros at the end are an unfinished write, and before a record they are damage`() {
    let bytes = Self.log([100, 200])
    #expect(Self.scan(bytes + [UInt8](repeating: 0, count: 50_000)).ending == .torn(at: bytes.count))
    let damaged = Self.scan(bytes + [UInt8](repeating: 0, count: 50_000) + [1])
    #expect(damaged.ending == .damaged(at: bytes.count, reason: "zeros in place of a record"))
  }

  @Test func `what follows the damage is counted from the next block on`() {
    var bytes = Self.log(Self.sizes)
    bytes[20] ^= 1
    let scan = Self.scan(bytes)
    #expect(scan.last == nil || scan.last == 1)
    #expect(scan.lastAfterDamage == UInt64(Self.sizes.count))
  }
}
