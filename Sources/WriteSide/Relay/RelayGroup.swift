package import ChangeLog
package import Kafka
internal import Services
package import Telemetry

/// A relay for each table of a store, also for those that are made while it runs.
///
/// A relay that stops for good (`RelayError`) is told in the log and in `afterimage_relay_stopped`; the other tables, and whoever writes,
/// go on.
package struct RelayGroup: Service {
  /// A table to be published.
  package struct Table: Sendable {
    package let source: any ChangeLog
    /// The name of the partition key attribute; nil while there is no such table.
    package let partitionKey: @Sendable () -> String?

    package init(source: any ChangeLog, partitionKey: @escaping @Sendable () -> String?) {
      self.source = source
      self.partitionKey = partitionKey
    }
  }

  package let name = "relays"
  private let kafka: KafkaConfiguration
  private let settings: RelaySettings
  private let logger: Logger
  private let metrics: Metrics
  private let interval: Duration
  private let tables: @Sendable () -> [Table]

  /// `tables` gives what there is now; it is asked every `interval`.
  package init(
    kafka: KafkaConfiguration, settings: RelaySettings = RelaySettings(), logger: Logger, metrics: Metrics,
    interval: Duration = .seconds(1), tables: @escaping @Sendable () -> [Table]
  ) {
    self.kafka = kafka
    self.settings = settings
    self.logger = logger
    self.metrics = metrics
    self.interval = interval
    self.tables = tables
  }

  package func run() async throws {
    await withTaskGroup(of: Void.self) { group in
      var started: Set<[UInt8]> = []
      while !Task.isCancelled {
        for table in tables() where started.insert(Array(table.source.table.utf8)).inserted {
          group.addTask { await run(table) }
        }
        try? await Task.sleep(for: interval)
      }
    }
  }

  private func run(_ table: Table) async {
    let stopped = metrics.cell(
      .gauge, "afterimage_relay_stopped", help: "1 when the table's relay has stopped for good.",
      labels: ["table": table.source.table])
    stopped.set(0)
    let relay = Relay(
      source: table.source, kafka: kafka, settings: settings, logger: logger, metrics: metrics, partitionKey: table.partitionKey)
    do {
      try await relay.run()
    } catch {
      stopped.set(1)
      logger.error("relay stopped", ["table": table.source.table, "reason": "\(error)"])
    }
  }
}
