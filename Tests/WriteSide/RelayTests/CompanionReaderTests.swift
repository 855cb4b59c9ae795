import ChangeLog
import ChangeRecords
import DynamoModel
import Kafka
import KafkaLog
import KafkaTestKit
import RecordLiteralTestKit
import Services
import StoreTestKit
import TableStore
import Testing

/// What the relay has published is known while it publishes.
@Suite(.broker, .timeLimit(.minutes(2))) struct CompanionReaderTests {
  @Test func `the end is known while the relay publishes without a pause`() async throws {
    let fixture = try RelayFixture(partitions: 1)
    try await fixture.relaying {
      try await fixture.store.put(fixture.table, ["pk": .string("key"), "n": .number(Number(Int64(0)))])
      _ = try await fixture.published(try fixture.log())
      let writing = Task {
        var number: Int64 = 0
        while !Task.isCancelled {
          number += 1
          try await fixture.store.put(fixture.table, ["pk": .string("key"), "n": .number(Number(number))])
          try await Task.sleep(for: .milliseconds(20))
        }
      }
      defer { writing.cancel() }
      // One that has read before, and each time one that begins.
      let known = try fixture.log()
      let records = try fixture.log()
      var cursor = LogCursor(tableID: try await fixture.source.describe().tableID, sequence: .beforeAll)
      for _ in 0..<10 {
        let batch = try await records.read(partition: 0, after: cursor, limit: .standard, wait: .seconds(1))
        cursor = batch.end
        // What was read was committed, and the relay's record of it with it.
        for log in [known, try fixture.log()] {
          let end = try await log.ends(areFresh: true)[0].sequence
          #expect(end >= cursor.sequence)
        }
      }
      writing.cancel()
      #expect(cursor.sequence >= 10)
    }
  }

  @Test func `the last record is found behind transactions that were aborted, and none in an empty topic`() async throws {
    let fixture = try RelayFixture(partitions: 1)
    try await fixture.store.put(fixture.table, ["pk": .string("key"), "n": .number(Number(Int64(1)))])
    try await fixture.relaying { _ = try await fixture.published(try fixture.log()) }
    let known = try fixture.log()
    let last = try await known.ends(areFresh: true)
    #expect(last.map(\.sequence) == [1])
    let topic = TopicNames().companion(of: fixture.table)
    let producer = try Producer(fixture.configuration, transactionalID: "aborts \(fixture.table)", messageBytesMax: 1 << 20) {
      _ in
    }
    try await producer.initTransactions()
    let start = try await Self.end(of: topic, fixture)
    // Few, and more than are looked through at first.
    for wanted in [start + 2, start + 80] {
      while try await Self.end(of: topic, fixture) < wanted {
        try await producer.perform { (producer: isolated Producer) throws in
          try producer.begin()
          for _ in 0..<10 {
            try producer.produce(
              try producer.topic(topic), partition: 0, key: [1], value: Array("nobody reads this".utf8),
              headers: MessageHeaders(),
              timestamp: 0)
          }
        }
        // What is not with the broker yet when a transaction is aborted is not sent at all.
        try await Task.sleep(for: .milliseconds(50))
        try await producer.perform { (producer: isolated Producer) throws in try producer.abort() }
      }
      #expect(try await known.ends(areFresh: true) == last)
      #expect(try await fixture.log().ends(areFresh: true) == last)
    }
  }

  /// Where what is committed ends, in a topic that nobody writes to.
  private static func end(of topic: String, _ fixture: RelayFixture) async throws -> Int64 {
    let consumer = try Consumer(fixture.configuration) { _ in }
    let arrivals = Signal()
    let stream = try await consumer.open(topic: topic, partition: 0, offset: Consumer.end) { arrivals.announce() }
    while true {
      let ticket = arrivals.ticket
      let end: Int64?? = stream.next({ _ in nil }, event: { if case .end(let offset) = $0 { offset } else { nil } })
      if let end, let end { return end }
      await arrivals.wait(since: ticket, timeout: .seconds(10))
    }
  }
}
