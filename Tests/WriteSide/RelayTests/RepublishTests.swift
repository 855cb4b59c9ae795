import ChangeLog
import ChangeRecords
import DynamoModel
import KafkaLog
import RecordLiteralTestKit
import Relay
import StoreTestKit
import TableStore
import Telemetry
import Testing

/// A table that is published again in a new topic while its relay and its readers are at work.
@Suite(.broker, .timeLimit(.minutes(2))) struct RepublishTests {
  private func republishing(_ fixture: RelayFixture) -> Republishing {
    Republishing(table: fixture.table, kafka: fixture.configuration, logger: .silent)
  }

  /// Reads one record after another from `cursor` until the sequence `last`, as a lane does; the sequences.
  private func read(_ log: KafkaLog, _ cursor: inout LogCursor, through last: SequenceNumber) async throws -> [SequenceNumber] {
    var sequences: [SequenceNumber] = []
    while cursor.sequence < last {
      do throws(LogError) {
        let batch = try await log.read(
          partition: 0, after: cursor, limit: ReadLimit(records: 7, bytes: 1 << 20), wait: .seconds(1))
        sequences += batch.entries.map(\.sequence)
        cursor = batch.end
      } catch {
        guard error.kind == .retry else { throw error }
        try await Task.sleep(for: .milliseconds(20))
      }
    }
    return sequences
  }

  @Test func `a reader goes on in the new topic from where it stands, and so does one that begins`() async throws {
    let fixture = try RelayFixture(partitions: 1)
    try await RelayTests.write(fixture, 40)
    try await fixture.relaying {
      let log = try fixture.log()
      _ = try await fixture.published(log)
      let before = try await log.describe()
      var cursor = LogCursor(tableID: before.tableID, sequence: .beforeAll)
      let first = try await read(log, &cursor, through: 20)
      #expect(first == Array(1...21))
      let outcome = try await republishing(fixture).run()
      #expect(outcome.records == 40)
      #expect(outcome.topic == TopicNames().records(of: fixture.table, publication: 2))
      #expect(outcome.oldTopic == TopicNames().records(of: fixture.table))
      try await RelayTests.write(fixture, 40, from: 40)
      let start = cursor.sequence
      let rest = try await read(log, &cursor, through: 80)
      #expect(rest == Array(start + 1...80))
      let after = try await log.describe()
      #expect(after.publication == 2 && after.tableID == before.tableID)
      // A reader in another process, which has the place as it was stored.
      let other = try fixture.log()
      var stored = LogCursor(tableID: before.tableID, sequence: 33, hint: 35)
      let others = try await read(other, &stored, through: 80)
      #expect(others == Array(34...80))
      try await RelayTests.expectExactlyOnce(fixture, publication: 2)
    }
  }

  @Test func `a place in the old topic that is the end of the new one hides no records`() async throws {
    let fixture = try RelayFixture(partitions: 1)
    try await RelayTests.write(fixture, 5)
    try await fixture.relaying {
      _ = try await fixture.published(try fixture.log())
      let tableID = try await fixture.log().describe().tableID
      // Five records and the mark of their transaction, more marks where they came in several.
      let offsets = try await fixture.raw(0).count
      for end in offsets...offsets + 6 {
        var cursor = LogCursor(tableID: tableID, sequence: 3, hint: Int64(end))
        let rest = try await read(try fixture.log(), &cursor, through: 5)
        #expect(rest == [4, 5], "from offset \(end)")
      }
    }
  }

  @Test func `a reader that is ahead waits and says so, and never takes the new topic for one that lost records`() async throws {
    let fixture = try RelayFixture(partitions: 1)
    try await RelayTests.write(fixture, 30)
    try await fixture.relaying { _ = try await fixture.published(try fixture.log()) }
    // No relay runs: the new topic stays empty.
    _ = try await republishing(fixture).run()
    let log = try fixture.log()
    let cursor = LogCursor(tableID: try await log.describe().tableID, sequence: 30)
    let error = await #expect(throws: LogError.self) {
      try await log.read(partition: 0, after: cursor, limit: .standard, wait: .zero)
    }
    #expect(error?.kind == .retry && error?.message.contains("0 of 30 records") == true, "\(String(describing: error))")
    try await RelayTests.write(fixture, 1, from: 30)
    try await fixture.relaying {
      var cursor = cursor
      let next = try await read(log, &cursor, through: 31)
      #expect(next == [31])
    }
  }

  @Test func `a publication that is asked for again and again ends with each record once`() async throws {
    let fixture = try RelayFixture(partitions: 2)
    try await RelayTests.write(fixture, 200)
    try await fixture.relaying(fixture.relay(records: 10)) {
      let log = try fixture.log()
      _ = try await fixture.published(log)
      for _ in 0..<3 { _ = try await republishing(fixture).run() }
      try await RelayTests.write(fixture, 50, from: 200)
      let (published, own) = (try await fixture.published(try fixture.log()), try await fixture.store.records(fixture.table))
      #expect(published == own)
      for partition in 0..<2 {
        let last = try await fixture.source.bounds(partition: partition).last
        while try await fixture.raw(partition, publication: 4).count < last.rawValue {
          try await Task.sleep(for: .milliseconds(20))
        }
      }
      try await RelayTests.expectExactlyOnce(fixture, publication: 4)
    }
  }

  @Test func `a topic's retention is known, and none where records stay forever`() async throws {
    let fixture = try RelayFixture(partitions: 1)
    try await fixture.store.put(fixture.table, ["pk": .string("1")])
    try await fixture.relaying { _ = try await fixture.published(try fixture.log()) }
    #expect(try await fixture.log().describe().retention == nil)
    let other = try RelayFixture(partitions: 1)
    try await other.store.put(other.table, ["pk": .string("1")])
    let relay = Relay(
      source: other.source, kafka: other.configuration, settings: RelaySettings(retention: 3_600_000), logger: .silent,
      metrics: Metrics()
    ) { "pk" }
    try await other.relaying(relay) { _ = try await other.published(try other.log()) }
    #expect(try await other.log().describe().retention == 3_600_000)
  }
}
