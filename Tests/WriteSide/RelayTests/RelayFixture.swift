import ChangeLog
import ChangeLogConformance
import ChangeRecords
import DynamoModel
import Kafka
import KafkaLog
import KafkaTestKit
import Relay
import Services
import StoreTestKit
import TableStore
import Telemetry
import Testing

/// A table in a store with a manual clock, its relay's settings, and its log on the real broker.
final class RelayFixture: Sendable {
  let directory = TemporaryDirectory()
  let time = ManualTime(wall: 1_700_000_000_000)
  let store: TableStore
  let definition: TableDefinition
  let configuration: KafkaConfiguration
  let metrics = Metrics()

  init(partitions: Int = LogFixture.partitions, configuration: KafkaConfiguration? = nil) throws {
    self.configuration = try configuration ?? KafkaBroker.configuration()
    definition = TableDefinition(name: KafkaBroker.uniqueName("T"), key: .strings(sort: false), partitions: partitions)
    store = try TableStore(path: directory.path, options: .init(time: time, sweepInterval: .milliseconds(50)))
    _ = try store.createTable(definition)
  }

  deinit { store.close() }

  var table: String { definition.name }
  var source: EmbeddedLog { EmbeddedLog(store, table: table) }

  func relay(_ name: String = "a relay", records: Int = 5_000, source: (any ChangeLog)? = nil, logger: Logger = .silent) -> Relay
  {
    Relay(
      source: source ?? self.source, kafka: configuration,
      settings: RelaySettings(name: name, transactionRecordsMax: records, watermarkInterval: .milliseconds(20)), logger: logger,
      metrics: metrics, partitionKey: { "pk" })
  }

  func log() throws -> KafkaLog { try KafkaLog(table: table, configuration: configuration) { _ in } }

  func admin() throws -> Admin { try Admin(configuration) { _ in } }

  var conformance: LogFixture {
    get throws {
      let admin = try admin()
      return LogFixture(
        log: try log(), put: { [self] _, item in try await store.put(table, item)! }, advance: { [self] in time.advance($0) },
        trim: { [self] partition, cursor in
          try await admin.trim(topic: TopicNames().records(of: table), partition: partition, before: cursor.hint)
        },
        remake: { [self] in
          _ = try store.deleteTable(table)
          _ = try store.createTable(definition)
        })
    }
  }

  /// Runs the relay beside `body`, and ends it.
  func relaying(_ relay: Relay? = nil, _ body: @escaping @Sendable () async throws -> Void) async throws {
    let relay = relay ?? self.relay()
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await relay.run()
        return false
      }
      group.addTask {
        try await body()
        return true
      }
      while try await group.next() == false {}
      group.cancelAll()
    }
  }

  /// Everything on the topic, partition after partition, once the relay has published what the store holds.
  func published(_ log: KafkaLog) async throws -> [[ChangeRecord]] {
    let description = try await source.describe()
    var all: [[ChangeRecord]] = []
    for partition in 0..<description.partitions {
      let last = try await source.bounds(partition: partition).last
      var records: [ChangeRecord] = []
      var cursor = LogCursor(tableID: description.tableID, sequence: .beforeAll)
      var reader = RecordJSONReader()
      while cursor.sequence < last {
        let batch: RecordBatch
        do throws(LogError) {
          batch = try await log.read(partition: partition, after: cursor, limit: .standard, wait: .seconds(5))
        } catch {
          guard error.kind == .configuration || error.kind == .retry else { throw error }
          // The relay has not made the topics yet.
          try await Task.sleep(for: .milliseconds(50))
          continue
        }
        records += try batch.bytes.withUnsafeBytes { raw in
          try batch.entries.map {
            try reader.decode(UnsafeRawBufferPointer(rebasing: raw[$0.start..<$0.end]), sequence: $0.sequence)
          }
        }
        cursor = batch.end
      }
      all.append(records)
    }
    return all
  }

  /// What a reader of committed messages sees in a partition, duplicates and all: the positions in the headers.
  func raw(_ partition: Int, publication: Int = 1) async throws -> [SequenceNumber] {
    let consumer = try Consumer(configuration) { _ in }
    let arrivals = Signal()
    let topic = TopicNames().records(of: table, publication: publication)
    let stream = try await consumer.open(topic: topic, partition: partition, offset: 0) {
      arrivals.announce()
    }
    var sequences: [SequenceNumber] = []
    while true {
      let ticket = arrivals.ticket
      while let step: SequenceNumber? = stream.next(
        { message in
          if case .ours(let headers) = RecordHeaders.read(message) { return headers.sequence }
          return .beforeAll
        }, event: { _ in nil })
      {
        guard let step else { return sequences }
        sequences.append(step)
      }
      await arrivals.wait(since: ticket, timeout: .seconds(10))
    }
  }
}

extension Trait where Self == ConditionTrait {
  static var broker: Self { .enabled(if: KafkaBroker.isAvailable, Comment(rawValue: KafkaBroker.skipped)) }
}
