internal import ChangeLog
internal import DynamoClient
internal import DynamoModel
internal import Kafka
internal import Relay
internal import ServedLog
internal import Services
internal import Synchronization
internal import TableStore
internal import Telemetry

/// A relay for each table, those that are made later too: of a store in this process, or of a table server elsewhere.
struct RelayGroup: Service {
  /// How often new tables are looked for.
  static let interval = Duration.milliseconds(250)
  /// How often it is looked how many records wait to be published.
  static let backlogInterval = Duration.seconds(1)
  /// How often a relay that has stopped looks whether its table is to be published again.
  static let standStillInterval = Duration.seconds(2)
  /// How often a relay whose topics do not fit its table looks whether they do now.
  static let configurationInterval = Duration.seconds(5)

  /// A table's log, and what names the attribute whose value becomes the key of its messages.
  struct Source: Sendable {
    let log: any ChangeLog
    let partitionKey: @Sendable () -> String?
  }

  let tables: @Sendable () async throws -> [String]
  let source: @Sendable (String) -> Source
  let kafka: KafkaConfiguration
  let settings: RelaySettings
  let logger: Logger
  let metrics: Metrics
  let board: RelayBoard
  let name = "relays"

  init(
    store: TableStore, kafka: KafkaConfiguration, namespace: Namespace, logger: Logger, metrics: Metrics, board: RelayBoard
  ) {
    tables = { store.tableNames(after: nil, limit: .max).names }
    source = { table in
      Source(
        log: EmbeddedLog(store, table: table), partitionKey: { store.table(table)?.definition.key.partition.name })
    }
    settings = RelaySettings(namespace: namespace)
    (self.kafka, self.logger, self.metrics, self.board) = (kafka, logger, metrics, board)
  }

  /// `client` asks the table server.
  init(
    client: DynamoClient, kafka: KafkaConfiguration, namespace: Namespace, logger: Logger, metrics: Metrics, board: RelayBoard
  ) {
    tables = {
      let tape = try await client.call("Afterimage_20261121.DescribeServer") { _ in }.body
      var names: [String] = []
      if let tables = tape.member(tape.root, "Tables") {
        tape.forEachElement(tables) { table in
          if let name = tape.member(table, "TableName") { names.append(tape.string(name)) }
        }
      }
      return names
    }
    source = { table in
      let log = ServedLog(table: table, client: client)
      return Source(log: log, partitionKey: { log.partitionKey })
    }
    settings = RelaySettings(namespace: namespace)
    (self.kafka, self.logger, self.metrics, self.board) = (kafka, logger, metrics, board)
  }

  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      var relayed: Set<String> = []
      var isAway = false
      group.addTask { while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) } }
      while !Task.isCancelled {
        var found: [String] = []
        do {
          found = try await tables()
          isAway = false
        } catch {
          if !isAway { logger.warning("the tables to relay are not known, asking again", ["reason": "\(error)"]) }
          isAway = true
        }
        for table in found where !relayed.contains(table) {
          relayed.insert(table)
          let source = source(table)
          let relay = Relay(
            source: source.log, kafka: kafka, settings: settings, logger: logger, metrics: metrics,
            partitionKey: source.partitionKey,
            standsStill: { reason in if let reason { board.stopped(table, reason) } else { board.started(table) } })
          group.addTask { try await runMeasured(relay, table) }
        }
        try? await Task.sleep(for: RelayGroup.interval)
      }
      group.cancelAll()
      while try await group.next() != nil {}
    }
  }

  /// A relay with somebody beside it who looks how much waits to be published, also while it stands still.
  private func runMeasured(_ relay: Relay, _ table: String) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while !Task.isCancelled {
          try? await Task.sleep(for: RelayGroup.backlogInterval)
          await relay.refreshBacklog()
        }
      }
      try await run(relay, table)
      group.cancelAll()
      while try await group.next() != nil {}
      relay.forgetBacklog()
    }
  }

  /// A relay that cannot go on says why and leaves the others alone: the table's records stay in its log.
  private func run(_ relay: Relay, _ table: String) async throws {
    board.started(table)
    while !Task.isCancelled {
      var mayFit = false
      do {
        return try await relay.run()
      } catch {
        if Task.isCancelled { return }
        let isNews = board.reason(table) != "\(error)"
        board.stopped(table, "\(error)")
        if isNews { logger.error("relay stopped", ["table": table, "reason": "\(error)"]) }
        switch (error as? RelayError)?.kind {
        case .superseded?: return
        case .configuration?: mayFit = true
        case .lost?, .refused?, nil: break
        }
      }
      await waitForPublication(of: relay, atMost: mayFit ? RelayGroup.configurationInterval : nil)
    }
  }

  /// Returns when the table is to be published again: that is the way out for a relay whose topics or records are not what they should be. Or after `limit`:
  /// topics may be put right otherwise.
  private func waitForPublication(of relay: Relay, atMost limit: Duration?) async {
    var known = await relay.publication()
    let end = limit.map { ContinuousClock.now + $0 }
    while !Task.isCancelled, end.map({ .now < $0 }) ?? true {
      try? await Task.sleep(for: RelayGroup.standStillInterval)
      guard let now = await relay.publication() else { continue }
      if let known, now != known { return }
      known = now
    }
  }
}
