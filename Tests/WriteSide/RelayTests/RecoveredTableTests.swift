import ChangeLog
import ChangeRecords
import DynamoModel
import Foundation
import KafkaLog
import KafkaTestKit
import Relay
import StoreTestKit
import TableStore
import Telemetry
import Testing

/// A table that lost records which its relay had published.
@Suite(.broker, .timeLimit(.minutes(1))) struct RecoveredTableTests {
  @Test func `after a recovery the relay publishes the table from the start of its log, under its new table id`() async throws {
    let configuration = try KafkaBroker.configuration()
    let table = KafkaBroker.uniqueName("T")
    let (whole, damaged) = (TemporaryDirectory(), TemporaryDirectory())
    func open(_ directory: TemporaryDirectory) throws -> TableStore {
      try TableStore(path: directory.path, options: .init(sweepInterval: .seconds(60)))
    }
    func relay(_ store: TableStore) -> Relay {
      Relay(
        source: EmbeddedLog(store, table: table), kafka: configuration, settings: RelaySettings(name: "a relay"), logger: .silent,
        metrics: Metrics(), partitionKey: { "pk" })
    }

    var store = try open(whole)
    _ = try store.createTable(TableDefinition(name: table, key: .strings(sort: false)))
    for number in 0..<10 { try await store.put(table, ["pk": .string("k\(number)")]) }
    try FileManager.default.copyItem(atPath: whole.path, toPath: damaged.path)
    for number in 10..<20 { try await store.put(table, ["pk": .string("k\(number)")]) }
    let log = try KafkaLog(table: table, configuration: configuration) { _ in }
    let old = try await EmbeddedLog(store, table: table).describe().tableID
    #expect(try await published(relay(store), log, old, 20) == (0..<20).map { "k\($0)" })
    store.close()

    _ = try TableStore.recover(path: damaged.path)
    store = try open(damaged)
    defer { store.close() }
    for number in 30..<33 { try await store.put(table, ["pk": .string("k\(number)")]) }
    let new = try await EmbeddedLog(store, table: table).describe().tableID
    #expect(new != old)
    #expect(try await published(relay(store), log, new, 13) == (Array(0..<10) + Array(30..<33)).map { "k\($0)" })
  }

  /// The keys of the first records on the topic of one life of the table, while the relay runs.
  private func published(_ relay: Relay, _ log: KafkaLog, _ tableID: TableID, _ count: Int) async throws -> [String] {
    try await withThrowingTaskGroup(of: [String]?.self) { group in
      group.addTask {
        try await relay.run()
        return nil
      }
      group.addTask {
        var keys: [String] = []
        var cursor = LogCursor(tableID: tableID, sequence: .beforeAll)
        var reader = RecordJSONReader()
        while keys.count < count {
          let batch: RecordBatch
          do throws(LogError) {
            batch = try await log.read(partition: 0, after: cursor, limit: .standard, wait: .milliseconds(200))
          } catch {
            guard error.kind != .corrupt else { throw error }
            // The relay has not published this life of the table yet.
            try await Task.sleep(for: .milliseconds(50))
            continue
          }
          for entry in batch.entries {
            let record = try batch.bytes.withUnsafeBytes { raw in
              try reader.decode(UnsafeRawBufferPointer(rebasing: raw[entry.start..<entry.end]), sequence: entry.sequence)
            }
            if case .string(let key)? = record.keys["pk"] { keys.append(key) }
          }
          cursor = batch.end
        }
        return keys
      }
      defer { group.cancelAll() }
      while let found = try await group.next() { if let found { return found } }
      return []
    }
  }
}
