import ChangeLog
import ChangeLogConformance
import ChangeRecords
import DynamoModel
import Kafka
import KafkaLog
import RecordLiteralTestKit
import Services
import StoreTestKit
import TableStore
import Testing

@Suite(.broker, .timeLimit(.minutes(3))) struct KafkaLogConformanceTests {
  @Test(arguments: ChangeLogConformance.allCases)
  func `a relayed table's topic keeps the contract`(_ check: ChangeLogConformance) async throws {
    let fixture = try RelayFixture()
    try await fixture.relaying { try await check.run(try fixture.conformance) }
  }

  @Test func `a batch at the end says where that is, past the mark of the last transaction`() async throws {
    let fixture = try RelayFixture(partitions: 1)
    for number in 1...3 { try await fixture.store.put(fixture.table, ["pk": .string("\(number)")]) }
    let log = try fixture.log()
    try await fixture.relaying { _ = try await fixture.published(log) }
    var batch = RecordBatch(
      partition: 0, format: .json, end: LogCursor(tableID: try await fixture.source.describe().tableID, sequence: .beforeAll),
      watermark: .zero)
    // Once more after the last record: its end is seen then at the latest.
    while batch.end.sequence < 3 || !batch.entries.isEmpty {
      batch = try await log.read(partition: 0, after: batch.end, limit: .standard, wait: .seconds(1))
    }
    let arrivals = Signal()
    let stream = try await Consumer(fixture.configuration) { _ in }.open(
      topic: TopicNames().records(of: fixture.table), partition: 0, offset: Consumer.end
    ) { arrivals.announce() }
    var end: Int64?
    while end == nil {
      let ticket = arrivals.ticket
      end = stream.next({ _ in nil }, event: { if case .end(let offset) = $0 { offset } else { nil } }) ?? nil
      if end == nil { await arrivals.wait(since: ticket, timeout: .seconds(1)) }
    }
    #expect(batch.place == end && batch.end.hint < end ?? 0)
  }
}
