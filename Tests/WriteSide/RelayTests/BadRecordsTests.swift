import ChangeLog
import ChangeRecords
import DynamoModel
import Kafka
import KafkaLog
import KafkaTestKit
import RecordLiteralTestKit
import StoreTestKit
import TableStore
import Testing

/// Messages on a table's topic that no relay of ours has put there, or not as it should.
@Suite(.broker, .timeLimit(.minutes(2))) struct BadRecordsTests {
  let fixture: RelayFixture
  let log: KafkaLog
  let tableID: TableID
  let start: LogCursor

  /// One partition with three good records.
  init() async throws {
    let fixture = try RelayFixture(partitions: 1)
    self.fixture = fixture
    for number in 1...3 { try await fixture.store.put(fixture.table, ["pk": .string("\(number)")]) }
    let log = try fixture.log()
    self.log = log
    try await fixture.relaying { _ = try await fixture.published(log) }
    tableID = try await fixture.source.describe().tableID
    start = LogCursor(tableID: tableID, sequence: .beforeAll)
  }

  /// Puts a message on the topic as another program would.
  func send(
    _ value: String?, _ headers: [(format: String, tableID: String, position: String)], time: Int64 = 1_700_000_000_000
  ) async throws {
    let producer = try Producer(
      fixture.configuration, transactionalID: KafkaBroker.uniqueName(), messageBytesMax: 1 << 20
    ) { _ in }
    try await producer.initTransactions()
    let topic = TopicNames().records(of: fixture.table)
    try await producer.perform { producer in
      try producer.begin()
      let place = try producer.topic(topic)
      let bytes = Array((value ?? "").utf8)
      if headers.isEmpty {
        try producer.produce(place, partition: 0, key: [1], value: bytes, headers: [:], timestamp: time)
      }
      for header in headers {
        try producer.produce(
          place, partition: 0, key: [1], value: bytes,
          headers: [
            RecordHeaders.formatName: header.format, RecordHeaders.tableIDName: header.tableID,
            RecordHeaders.positionName: header.position, RecordHeaders.orderName: "1",
          ], timestamp: time)
      }
      try producer.commit()
    }
  }

  /// Reads from the start until so much has come, or it fails.
  func read(records: Int = .max, foreign foreignCount: Int = 0) async throws(LogError) -> (
    sequences: [SequenceNumber], foreign: [ForeignRecord], end: LogCursor
  ) {
    var sequences: [SequenceNumber] = []
    var foreign: [ForeignRecord] = []
    var cursor = start
    let end = ContinuousClock.now + .seconds(60)
    while sequences.count < records || foreign.count < foreignCount, ContinuousClock.now < end {
      let batch = try await log.read(partition: 0, after: cursor, limit: .standard, wait: .seconds(1))
      sequences += batch.entries.map(\.sequence)
      foreign += batch.foreign
      cursor = batch.end
    }
    return (sequences, foreign, cursor)
  }

  @Test func `a message without our headers is set aside and the records go on`() async throws {
    try await send("hello", [])
    try await fixture.store.put(fixture.table, ["pk": .string("4")])
    try await fixture.relaying { _ = try await fixture.published(log) }
    let all = try await read(records: 4, foreign: 1)
    #expect(all.sequences == [1, 2, 3, 4])
    #expect(all.foreign.map { String(decoding: $0.bytes, as: UTF8.self) } == ["hello"])
    #expect(all.foreign.first?.reason.contains("without our headers") == true)
    // It is not given again to a reader that goes on.
    var again = all.end
    again.sequence -= 1
    again.hint -= 1
    let last = try await log.read(partition: 0, after: again, limit: .standard, wait: .seconds(5))
    #expect(last.entries.map(\.sequence) == [4] && last.foreign.isEmpty)
  }

  @Test func `a record of a newer format stops the reader after the good ones`() async throws {
    try await send("{}", [("3", "\(tableID)", "0:4")])
    let first = try await log.read(partition: 0, after: start, limit: .standard, wait: .seconds(5))
    #expect(first.entries.map(\.sequence) == [1, 2, 3])
    let error = await #expect(throws: LogError.self) { try await read() }
    #expect(error?.kind == .corrupt)
    #expect(error?.message.contains("use a newer afterimage") == true)
  }

  @Test(arguments: ["", "x", "0", "0:", "0:0", ":4", "0:-4", "0:4:5", "00000000000000000000000000000:4"])
  func `a record with an unreadable position stops the reader`(_ position: String) async throws {
    try await send("{}", [("2", "\(tableID)", position)])
    let error = await #expect(throws: LogError.self) { try await read() }
    #expect(error?.kind == .corrupt)
  }

  @Test func `a record of another partition stops the reader`() async throws {
    try await send("{}", [("2", "\(tableID)", "1:4")])
    let error = await #expect(throws: LogError.self) { try await read() }
    #expect(error?.kind == .corrupt)
  }

  @Test func `a missing number stops the reader`() async throws {
    try await send("{}", [("2", "\(tableID)", "0:6")])
    let error = await #expect(throws: LogError.self) { try await read() }
    #expect(error?.kind == .corrupt)
    #expect(error?.message.contains("4 is missing") == true)
  }

  @Test func `a record published twice is given once`() async throws {
    try await send("{}", [("2", "\(tableID)", "0:2"), ("2", "\(tableID)", "0:3"), ("2", "\(tableID)", "0:4")])
    let all = try await read(records: 4)
    #expect(all.sequences == [1, 2, 3, 4])
  }

  @Test func `a record of another life of the table stops the reader`() async throws {
    try await send("{}", [("2", "00000000000000ff", "0:1")])
    let error = await #expect(throws: LogError.self) { try await read() }
    #expect(error?.kind == .recreated)
  }

  @Test func `a topic that is not there is reported`() async throws {
    let missing = try KafkaLog(table: KafkaBroker.uniqueName("none"), configuration: fixture.configuration) { _ in }
    let error = await #expect(throws: LogError.self) { try await missing.describe() }
    #expect(error?.kind == .configuration)
    #expect(error?.message.contains("there is no topic afterimage.none-") == true)
  }
}
