internal import ChangeLog
internal import Kafka
internal import Services
internal import Telemetry
internal import Workers

/// Publishes effects to topics of others, on the cluster that carries the log. The client begins with the first one.
actor TopicSender {
  private let kafka: KafkaConfiguration?
  /// Whether there is a cluster to publish to.
  nonisolated let hasKafka: Bool
  private let namespace: Namespace
  private let logger: Logger
  private let executor = BlockingExecutor("topic-sender")
  private var sender: RecordSender?
  /// Topics that were there when they were last looked for.
  private var known: Set<String> = []

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(_ kafka: KafkaConfiguration?, _ namespace: Namespace, _ logger: Logger) {
    self.kafka = kafka
    hasKafka = kafka != nil
    self.namespace = namespace
    self.logger = logger
  }

  func send(_ topic: String, key: String?, value: String, idempotencyKey: String) async throws -> String {
    let sender = try prepare(topic)
    let headers: MessageHeaders = ["idempotency-key": idempotencyKey, "content-type": "application/json"]
    do {
      try await sender.send(topic: topic, key: key.map { Array($0.utf8) }, value: Array(value.utf8), headers: headers)
    } catch {
      known.remove(topic)
      throw SendingError(description: "the topic \(topic) does not take the record: \(error)")
    }
    return "published"
  }

  /// The client, when there is such a topic.
  private func prepare(_ topic: String) throws -> RecordSender {
    guard let kafka else {
      throw EffectRefusal("there is no Kafka to publish to \(topic): start the worker with --kafka")
    }
    guard !topic.hasPrefix("\(namespace.name).") else {
      throw EffectRefusal("\(topic) is one of the program's own topics: effects publish to topics of others")
    }
    let sender = try self.sender ?? RecordSender(kafka, log: LogSource.sink(logger))
    self.sender = sender
    if known.contains(topic) { return sender }
    guard let partitions = try sender.partitions(of: topic), partitions > 0 else {
      throw SendingError(description: "there is no topic \(topic) on the Kafka at \(kafka.bootstrap): create it")
    }
    known.insert(topic)
    return sender
  }
}
