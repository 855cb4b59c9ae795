package import ChangeLog
internal import Kafka
internal import Relay
internal import Telemetry

/// What an operator may do with the relay of a table, on the brokers alone: the relay's process need not be asked.
package enum RelayOperations {
  /// See `Republishing`: answers the new topic, the one before, and how many records that had. `brokers` are `bootstrap.servers`, `settings` further settings of librdkafka.
  package static func republish(
    _ table: String, brokers: String, settings: [String: String], namespace: Namespace
  ) async throws -> (topic: String, oldTopic: String, records: UInt64) {
    var node = NodeSettings(dataDirectory: "", kafka: brokers, kafkaSettings: settings)
    node.logger = Logger(level: .error)
    guard let kafka = node.kafkaConfiguration else { throw StartError("no brokers are named") }
    let outcome = try await Republishing(
      table: table, kafka: kafka, settings: RelaySettings(namespace: namespace), logger: node.logger
    ).run()
    return (outcome.topic, outcome.oldTopic, outcome.records)
  }
}
