internal import DynamoModel
internal import Kafka
internal import Relay
internal import Services
internal import TableStore
internal import Telemetry

/// A relay for each table of the store, those that are made later too.
struct RelayGroup: Service {
  /// How often new tables are looked for.
  static let interval = Duration.milliseconds(250)

  let store: TableStore
  let kafka: KafkaConfiguration
  let logger: Logger
  let metrics: Metrics
  let name = "relays"

  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      var relayed: Set<String> = []
      group.addTask { while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) } }
      while !Task.isCancelled {
        for table in store.tableNames(after: nil, limit: .max).names where !relayed.contains(table) {
          relayed.insert(table)
          let relay = Relay(
            source: EmbeddedLog(store, table: table), kafka: kafka, logger: logger, metrics: metrics,
            partitionKey: { [store] in store.table(table)?.definition.key.partition.name })
          group.addTask { try await run(relay, table) }
        }
        try? await Task.sleep(for: RelayGroup.interval)
      }
      group.cancelAll()
      while try await group.next() != nil {}
    }
  }

  /// A relay that cannot go on says why and leaves the others alone: the table's records stay in its log.
  private func run(_ relay: Relay, _ table: String) async throws {
    do {
      try await relay.run()
    } catch {
      if Task.isCancelled { return }
      logger.error("relay stopped", ["table": table, "reason": "\(error)"])
    }
  }
}
