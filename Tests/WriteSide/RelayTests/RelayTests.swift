import ChangeLog
import ChangeRecords
import DynamoModel
import Kafka
import KafkaLog
import KafkaTestKit
import RandomTestKit
import RecordLiteralTestKit
import Relay
import StoreTestKit
import TableStore
import Telemetry
import Testing

@Suite(.broker, .timeLimit(.minutes(4))) struct RelayTests {
  /// Puts items over a few keys until cancelled or `count` are written.
  static func write(_ fixture: RelayFixture, _ count: Int, from start: Int = 0) async throws {
    for number in start..<(start + count) {
      try await fixture.store.put(
        fixture.table, ["pk": .string("key \(number % 17)"), "n": .number(Number(Int64(number)))])
      if number % 5 == 0 { fixture.time.advance(1) }
    }
  }

  /// What a reader of committed messages sees is the table's log, each record once and in order.
  static func expectExactlyOnce(_ fixture: RelayFixture, publication: Int = 1) async throws {
    let own = try await fixture.store.records(fixture.table)
    let published = try await fixture.published(try fixture.log())
    #expect(published == own)
    for (partition, records) in own.enumerated() {
      let seen = try await fixture.raw(partition, publication: publication)
      #expect(seen == records.map(\.sequence), "partition \(partition)")
    }
  }

  @Test func `a relay that ends at random points and is started again publishes each record once, in order`() async throws {
    let fixture = try RelayFixture(partitions: 3)
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for round in 0..<10 {
      let stopAfter = Int.random(in: 1...40, using: &random)
      let source = CountingLog(fixture.source, stopAfter: stopAfter)
      let relay = fixture.relay("relay \(round)", records: 20, source: source)
      await withTaskGroup(of: Void.self) { group in
        group.addTask { try? await Self.write(fixture, 150, from: round * 150) }
        group.addTask {
          await withTaskGroup(of: Void.self) { inner in
            inner.addTask { try? await relay.run() }
            inner.addTask { await source.untilStop() }
            await inner.next()
            inner.cancelAll()
          }
        }
      }
    }
    try await fixture.relaying { try await Self.expectExactlyOnce(fixture) }
    #expect(try await fixture.store.records(fixture.table).joined().count == 1_500, "seed \(seed)")
  }

  @Test func `relays that are superseded at random points stop by themselves, and each record is there once`() async throws {
    let fixture = try RelayFixture(partitions: 3)
    let stops = Lines()
    try await withThrowingTaskGroup(of: Void.self) { group in
      let writing = Task { try await Self.write(fixture, 2_000) }
      for number in 0..<5 {
        let counting = CountingLog(fixture.source, stopAfter: Int.random(in: 1...60))
        group.addTask {
          do {
            try await fixture.relay("relay \(number)", records: 20, source: counting).run()
          } catch let error as RelayError {
            #expect(error.kind == .superseded)
            stops.append(error.message)
          }
        }
        await counting.untilStop()
      }
      try await writing.value
      // The clock stands still between writes: a relay that has nothing to publish does not see that it was superseded.
      var number = 2_000
      while stops.all.count < 4 {
        try await Self.write(fixture, 1, from: number)
        number += 1
        try await Task.sleep(for: .milliseconds(20))
      }
      try await Self.expectExactlyOnce(fixture)
      group.cancelAll()
    }
    #expect(stops.all.contains { $0.contains("relay 4") })
    try await fixture.relaying { try await Self.expectExactlyOnce(fixture) }
  }

  @Test func `a message carries key, commit time and headers`() async throws {
    let fixture = try RelayFixture(partitions: 1)
    try await fixture.store.put(fixture.table, ["pk": .string("Grüße"), "n": .null])
    let tableID = try await fixture.source.describe().tableID
    try await fixture.relaying { _ = try await fixture.published(try fixture.log()) }
    let consumer = try Consumer(fixture.configuration) { _ in }
    let stream = try await consumer.open(topic: TopicNames().records(of: fixture.table), partition: 0, offset: 0) {}
    var seen: String?
    while seen == nil {
      seen = stream.next(
        { message in
          let headers = [
            RecordHeaders.formatName, RecordHeaders.tableIDName, RecordHeaders.positionName, RecordHeaders.orderName,
          ].map {
            message.header($0).map { String(decoding: $0, as: UTF8.self) } ?? "-"
          }
          return "\(String(decoding: message.key!, as: UTF8.self)) \(message.timestamp) \(headers)"
        }, event: { "\($0)" })
      if seen == nil { try await Task.sleep(for: .milliseconds(10)) }
    }
    #expect(seen == "Grüße 1700000000000 \(["2", "\(tableID)", "0:1", "1"])")
  }

  @Test func `two images of 400 KB with many short strings pass`() async throws {
    let fixture = try RelayFixture(partitions: 1)
    // One-byte strings cost 2 bytes of an item and 9 of JSON.
    @Sendable func item(_ letter: String) -> Item {
      ["pk": .string("large"), "list": .list(Array(repeating: .string(letter), count: 195_000))]
    }
    try await fixture.store.put(fixture.table, item("a"))
    try await fixture.store.put(fixture.table, item("b"))
    try await fixture.relaying {
      let published = try await fixture.published(try fixture.log())
      #expect(published[0].count == 2)
      #expect(published[0][1].oldImage == item("a") && published[0][1].newImage == item("b"))
    }
  }

  @Test func `a topic with another number of partitions is refused by relay and reader`() async throws {
    let fixture = try RelayFixture(partitions: 2)
    try await fixture.store.put(fixture.table, ["pk": .string("1")])
    let log = try fixture.log()
    try await fixture.relaying { _ = try await fixture.published(log) }
    try await fixture.admin().extend(topic: TopicNames().records(of: fixture.table), to: 3)
    let relay = fixture.relay()
    let relayed = await #expect(throws: RelayError.self) { try await relay.run() }
    #expect(relayed?.kind == .configuration)
    #expect(relayed?.message.contains("3 partitions") == true)
    // It has published nothing: what the log keeps waits for it.
    await relay.refreshBacklog()
    #expect(fixture.metrics.text.contains("afterimage_relay_behind{table=\"\(fixture.table)\"} 1"))
    #expect(fixture.metrics.text.contains("afterimage_relay_stopped{table=\"\(fixture.table)\"} 1"))
    let fresh = try fixture.log()
    let read = await #expect(throws: LogError.self) { try await fresh.describe() }
    #expect(read?.kind == .configuration)
    #expect(read?.message.contains("has 3 partitions, the table has 2") == true)
  }

  @Test func `what waits to be published is counted while the relay has stopped`() async throws {
    let fixture = try RelayFixture(partitions: 2)
    try await fixture.store.put(fixture.table, ["pk": .string("1")])
    let relay = fixture.relay()
    let running = Task { try await relay.run() }
    _ = try await fixture.published(try fixture.log())
    // Another relay takes the table over, and stops in its turn.
    try await fixture.relaying { _ = try await fixture.published(try fixture.log()) }
    // It sees that only when it has something to publish.
    for n in 0..<5 { try await fixture.store.put(fixture.table, ["pk": .string("more \(n)")]) }
    await #expect(throws: RelayError.self) { try await running.value }
    let gauge = "afterimage_relay_behind{table=\"\(fixture.table)\"}"
    await relay.refreshBacklog()
    #expect(fixture.metrics.text.contains("\(gauge) 5"))
    relay.forgetBacklog()
    #expect(fixture.metrics.text.contains("\(gauge) 0"))
  }

  @Test func `a topic that was deleted is published again, in another topic`() async throws {
    let fixture = try RelayFixture(partitions: 2)
    try await Self.write(fixture, 40)
    try await fixture.relaying { try await Self.expectExactlyOnce(fixture) }
    let admin = try fixture.admin()
    let topic = TopicNames().records(of: fixture.table)
    try await admin.delete(topic: topic)
    while try await admin.partitions(of: topic) != nil { try await Task.sleep(for: .milliseconds(20)) }
    try await fixture.relaying { try await Self.expectExactlyOnce(fixture, publication: 2) }
  }

  @Test func `without a broker the relay says so once, and ends at once when asked`() async throws {
    let fixture = try RelayFixture(partitions: 1, configuration: KafkaConfiguration(bootstrap: "127.0.0.1:1"))
    let lines = Lines()
    let logger = Logger { line in lines.append(line) }
    let clock = ContinuousClock()
    let ended = try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await fixture.relay(logger: logger).run() }
      while !lines.all.contains(where: { $0.contains("cannot publish") }) { try await Task.sleep(for: .milliseconds(20)) }
      group.cancelAll()
      return try await clock.measure { try await group.waitForAll() }
    }
    #expect(ended < .seconds(2))
    #expect(lines.all.filter { $0.contains("cannot publish") }.count == 1)
  }

  @Test(.enabled(if: KafkaCluster.isAvailable)) func `a broker that is killed and started again loses nothing`() async throws {
    let cluster = try KafkaCluster()
    let fixture = try RelayFixture(partitions: 2, configuration: KafkaConfiguration(bootstrap: cluster.bootstrap))
    try await fixture.relaying {
      try await Self.write(fixture, 300)
      _ = try await fixture.published(try fixture.log())
      try cluster.kill()
      try await Self.write(fixture, 300, from: 300)
      try cluster.restart()
      try await Self.write(fixture, 300, from: 600)
      try await Self.expectExactlyOnce(fixture)
    }
  }

  @Test(.enabled(if: KafkaCluster.isAvailable)) func `a reader says that no broker answers, and reads on when one does`()
    async throws
  {
    let cluster = try KafkaCluster()
    let fixture = try RelayFixture(partitions: 1, configuration: KafkaConfiguration(bootstrap: cluster.bootstrap))
    let tableID = try await fixture.source.describe().tableID
    try await fixture.relaying {
      let log = try fixture.log()
      try await Self.write(fixture, 10)
      _ = try await fixture.published(log)
      var cursor = try await log.read(
        partition: 0, after: LogCursor(tableID: tableID, sequence: .beforeAll), limit: .standard, wait: .seconds(5)
      ).end
      try cluster.kill()
      var said: LogError?
      while said == nil {
        do throws(LogError) {
          cursor = try await log.read(partition: 0, after: cursor, limit: .standard, wait: .milliseconds(100)).end
        } catch {
          said = error
        }
      }
      #expect(said?.kind == .retry)
      try await Self.write(fixture, 10, from: 10)
      try cluster.restart()
      while cursor.sequence < 20 {
        do throws(LogError) {
          cursor = try await log.read(partition: 0, after: cursor, limit: .standard, wait: .milliseconds(500)).end
        } catch {
          guard error.kind == .retry else { throw error }
        }
      }
    }
  }

  @Test func `private attributes never reach the topic`() async throws {
    let fixture = try RelayFixture(partitions: 1)
    let name = KafkaBroker.uniqueName("P")
    _ = try fixture.store.createTable(
      TableDefinition(name: name, key: .strings(sort: false), privateAttributes: ["secret"]))
    try await fixture.store.put(name, ["pk": .string("1"), "secret": .string("s3"), "open": .string("o")])
    let relay = Relay(
      source: EmbeddedLog(fixture.store, table: name), kafka: fixture.configuration, logger: .silent, metrics: Metrics()
    ) { "pk" }
    try await fixture.relaying(relay) {
      let log = try KafkaLog(table: name, configuration: fixture.configuration) { _ in }
      let tableID = try await EmbeddedLog(fixture.store, table: name).describe().tableID
      while (try? await log.describe()) == nil { try await Task.sleep(for: .milliseconds(20)) }
      let batch = try await log.read(
        partition: 0, after: LogCursor(tableID: tableID, sequence: .beforeAll), limit: .standard, wait: .seconds(10))
      let text = String(decoding: batch.bytes, as: UTF8.self)
      #expect(batch.entries.count == 1 && text.contains("open") && !text.contains("secret"))
    }
  }
}
