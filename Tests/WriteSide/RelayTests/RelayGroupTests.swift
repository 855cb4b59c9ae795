import DynamoModel
import Kafka
import KafkaLog
import KafkaTestKit
import Relay
import StoreTestKit
import TableStore
import Telemetry
import Testing

@Suite(.broker, .timeLimit(.minutes(2))) struct RelayGroupTests {
  @Test func `tables made later are published, and one that cannot be does not stop the others`() async throws {
    let fixture = try RelayFixture(partitions: 2)
    let names = [fixture.table, KafkaBroker.uniqueName("wrong"), KafkaBroker.uniqueName("later")]
    try await fixture.admin().create(.init(name: TopicNames.records(of: names[1]), partitions: 5, settings: []))
    _ = try fixture.store.createTable(TableDefinition(name: names[1], key: .strings(sort: false), partitions: 2))
    let lines = Lines()
    let store = fixture.store
    let group = RelayGroup(
      kafka: fixture.configuration, logger: Logger { lines.append($0) }, metrics: fixture.metrics, interval: .milliseconds(20)
    ) {
      store.tableNames(after: nil, limit: 100).names.map { name in
        RelayGroup.Table(source: EmbeddedLog(store, table: name)) { store.table(name)?.description.definition.key.partition.name }
      }
    }
    let counters = names.map {
      fixture.metrics.cell(.counter, "afterimage_relay_records_total", help: "", labels: ["table": $0])
    }
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      try await store.put(names[0], ["pk": .string("1")])
      while counters[0].current < 1 { try await Task.sleep(for: .milliseconds(10)) }
      _ = try store.createTable(TableDefinition(name: names[2], key: .strings(sort: false)))
      try await store.put(names[2], ["pk": .string("1")])
      while counters[2].current < 1 { try await Task.sleep(for: .milliseconds(10)) }
      while !lines.all.contains(where: { $0.contains("relay stopped") }) { try await Task.sleep(for: .milliseconds(10)) }
      tasks.cancelAll()
    }
    let stopped = lines.all.filter { $0.contains("relay stopped") }
    #expect(stopped.count == 1 && stopped[0].contains(names[1]) && stopped[0].contains("has 5 partitions, the table has 2"))
    #expect(counters[1].current == 0)
  }
}
