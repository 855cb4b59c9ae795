import Testing

@testable import RocksDB

/// What the logs of a database lack, as a value: several logs, of which some were cut, emptied or damaged.
@Suite struct RecoveryCheckTests {
  /// A log whose batches of one change begin with this number.
  static func log(_ number: UInt64, from first: UInt64, _ count: Int, cut: Int = 0, flip: Int? = nil) -> RecoveryCheck.Log {
    var bytes = LogFileScanTests.log([Int](repeating: 50, count: count), first: first)
    bytes.removeLast(min(cut, bytes.count))
    if let flip { bytes[flip] ^= 1 }
    return RecoveryCheck.Log(number: number, path: "\(number).log", bytes: bytes.count, scan: LogFileScanTests.scan(bytes))
  }

  static func judge(_ logs: [RecoveryCheck.Log], acknowledged: UInt64?, live: UInt64 = 0) -> String? {
    RecoveryCheck.judge(logs, manifest: nil, acknowledged: acknowledged, live: live)?.file
  }

  @Test func `logs that go on from one another hold everything`() {
    let logs = [Self.log(4, from: 11, 3), Self.log(7, from: 14, 2), Self.log(9, from: 16, 0), Self.log(12, from: 16, 4)]
    #expect(Self.judge(logs, acknowledged: 19) == nil)
    #expect(Self.judge(logs, acknowledged: nil) == nil)
    #expect(Self.judge([], acknowledged: 19) == nil)
    #expect(Self.judge(logs, acknowledged: 20) == "12.log")
  }

  @Test func `an unfinished write is not a loss in any log`() {
    let torn = Self.log(7, from: 14, 3, cut: 5)
    #expect(Self.judge([Self.log(4, from: 11, 3), torn], acknowledged: 15) == nil)
    #expect(Self.judge([Self.log(4, from: 11, 3), torn, Self.log(9, from: 16, 1)], acknowledged: 16) == nil)
    #expect(Self.judge([Self.log(4, from: 11, 3), torn], acknowledged: 16) == "7.log")
  }

  @Test func `a log that ends before the next one begins is named`() {
    let cut = Self.log(7, from: 14, 3, cut: 69)
    #expect(cut.scan.ending == .complete && cut.scan.last == 15)
    #expect(Self.judge([Self.log(4, from: 11, 3), cut, Self.log(9, from: 17, 1)], acknowledged: 17) == "7.log")
    let emptied = Self.log(7, from: 14, 0)
    #expect(Self.judge([Self.log(4, from: 11, 3), emptied, Self.log(9, from: 17, 1)], acknowledged: nil) == "7.log")
  }

  @Test func `damage is named, and what is known to be lost counted`() throws {
    let damaged = Self.log(7, from: 14, 3, flip: 80)
    let found = try #require(
      RecoveryCheck.judge([Self.log(4, from: 11, 3), damaged, Self.log(9, from: 17, 2)], manifest: nil, acknowledged: 17))
    #expect(found.file == "7.log" && found.lastKept == 14 && found.lastWritten == 18)
  }

  @Test func `a log that is in tables already does not count`() {
    let logs = [Self.log(4, from: 11, 3, flip: 80), Self.log(7, from: 20, 2)]
    #expect(Self.judge(logs, acknowledged: 21) == "4.log")
    #expect(Self.judge(logs, acknowledged: 21, live: 7) == nil)
  }
}
