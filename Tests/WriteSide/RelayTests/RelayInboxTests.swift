import ChangeLog
import ChangeRecords
import RecordLiteralTestKit
import Services
import Testing

@testable import Relay

/// What waits between the readers of partitions and the publisher.
@Suite(.timeLimit(.minutes(1))) struct RelayInboxTests {
  private static let tableID = TableID(rawValue: 7)

  /// Records from `first` to `last`, each with bytes that name it.
  private func batch(_ first: UInt64, _ last: UInt64, partition: Int = 0, watermark: LogTime = 0) -> RecordBatch {
    var batch = RecordBatch(
      partition: partition, format: .stored, end: LogCursor(tableID: Self.tableID, sequence: SequenceNumber(rawValue: last)),
      watermark: watermark)
    for number in first...last {
      let start = batch.bytes.count
      batch.bytes += Array("record \(number);".utf8)
      batch.entries.append(
        .init(
          sequence: SequenceNumber(rawValue: number), time: LogTime(rawValue: Int64(number)), start: start, end: batch.bytes.count
        ))
    }
    return batch
  }

  private func texts(_ batch: RecordBatch) -> [String] {
    batch.entries.map { String(decoding: batch.bytes[$0.start..<$0.end], as: UTF8.self) }
  }

  @Test func `what comes while a batch waits goes with it`() async {
    let inbox = RelayInbox(partitions: 2, limit: ReadLimit(records: 5, bytes: 1_000))
    await inbox.put(batch(1, 2))
    await inbox.put(batch(3, 4, watermark: 9))
    await inbox.put(batch(1, 1, partition: 1))
    let (batches, watermarks) = inbox.take(records: 100, bytes: 1_000)
    #expect(batches.map(\.partition) == [0, 1])
    #expect(texts(batches[0]) == ["record 1;", "record 2;", "record 3;", "record 4;"])
    #expect(batches[0].entries.map(\.sequence) == [1, 2, 3, 4] && batches[0].end.sequence == 4 && batches[0].watermark == 9)
    #expect(watermarks == [.init(sequence: 4, time: 9), .init(sequence: 1, time: 0)])
    #expect(inbox.take(records: 100, bytes: 1_000).batches.isEmpty)
  }

  @Test(arguments: [ReadLimit(records: 3, bytes: 1_000), ReadLimit(records: 100, bytes: 35)])
  func `past a limit a reader waits until what it brought before is taken`(limit: ReadLimit) async {
    let inbox = RelayInbox(partitions: 1, limit: limit)
    await inbox.put(batch(1, 2))
    // Four records are 36 bytes.
    async let isPlaced: Void = inbox.put(batch(3, 4))
    var seen: [String] = []
    var takes = 0
    while seen.count < 4 {
      let ticket = inbox.filled.ticket
      let taken = inbox.take(records: 100, bytes: 1_000).batches
      if taken.isEmpty {
        await inbox.filled.wait(since: ticket, timeout: .seconds(10))
        continue
      }
      takes += 1
      seen += taken.flatMap(texts)
    }
    await isPlaced
    #expect(seen == (1...4).map { "record \($0);" } && takes == 2)
  }
}
