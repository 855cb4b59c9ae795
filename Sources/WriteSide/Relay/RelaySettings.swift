package import ChangeLog
internal import Foundation
internal import KafkaLog

/// How a relay publishes.
package struct RelaySettings: Sendable {
  /// Names this relay in the companion topic and in the error of another that it fenced.
  package var name: String
  /// Begins the names of topics and of the transactional id.
  package var namespace: Namespace
  /// Age in milliseconds after which the topic's records go, by their commit time; -1 keeps them forever. Only for a topic that the
  /// relay makes.
  package var retention: Int64
  /// Copies of each partition; nil takes the brokers' default.
  package var replication: Int?
  /// Records of one transaction: an open one holds back every reader.
  package var transactionRecordsMax: Int
  package var transactionBytesMax: Int
  /// How often a quiet table's watermark is published while it moves.
  package var watermarkInterval: Duration

  var names: TopicNames { TopicNames(namespace) }

  /// Two images of 400 KB with many short strings take about 8 MB as JSON.
  package static let messageBytesMax = 16 << 20

  package init(
    name: String? = nil, namespace: Namespace = .usual, retention: Int64 = -1, replication: Int? = nil,
    transactionRecordsMax: Int = 5_000,
    transactionBytesMax: Int = 16 << 20, watermarkInterval: Duration = .milliseconds(200)
  ) {
    self.name = name ?? "\(ProcessInfo.processInfo.hostName) pid \(ProcessInfo.processInfo.processIdentifier)"
    self.namespace = namespace
    self.retention = retention
    self.replication = replication
    self.transactionRecordsMax = transactionRecordsMax
    self.transactionBytesMax = transactionBytesMax
    self.watermarkInterval = watermarkInterval
  }
}
