internal import Arguments
internal import ChangeLog
internal import Kafka
internal import KafkaLog
internal import Services
internal import Synchronization
internal import TableStore
internal import Telemetry

/// Where workers read: the table store's own log, or Kafka.
final class LogSource: Sendable {
  private let store: TableStore?
  private let kafka: KafkaConfiguration?
  private let names: TopicNames
  private let logger: Logger
  private let opened = Mutex<[String: KafkaLog]>([:])

  /// Throws for Kafka settings that librdkafka refuses, and when there is nothing to read from.
  init(_ settings: NodeSettings, _ store: TableStore?) throws {
    self.store = store
    logger = settings.logger
    kafka = settings.kafkaConfiguration
    names = TopicNames(settings.namespace)
    if settings.roles.contains(.worker), store == nil, kafka == nil {
      throw StartError("a worker without the table role reads from Kafka: name the brokers with --kafka")
    }
    // A wrong setting is an error now, not when the first table is read.
    if let kafka {
      do {
        _ = try KafkaLog(table: "afterimage", configuration: kafka, log: LogSource.sink(logger))
      } catch {
        throw StartError("\(settings.options.lead("kafka-set"))\(error)")
      }
    }
  }

  /// A table's log; one object a table, whoever asks.
  func log(_ table: String) -> any ChangeLog {
    guard kafka != nil else {
      guard let store else { preconditionFailure("the initialiser has seen to it that there is a store or Kafka") }
      return EmbeddedLog(store, table: table)
    }
    return kafkaLog(table)
  }

  /// As `log`, where the log is carried by Kafka.
  func kafkaLog(_ table: String) -> KafkaLog {
    guard let kafka else { preconditionFailure("asked only where there is Kafka") }
    return opened.withLock { opened in
      if let log = opened[table] { return log }
      do {
        let log = try KafkaLog(table: table, names: names, configuration: kafka, log: LogSource.sink(logger))
        opened[table] = log
        return log
      } catch {
        preconditionFailure("the settings were tried at the start: \(error)")
      }
    }
  }

  static func sink(_ logger: Logger) -> KafkaLogSink {
    { line in logger.log(line.severity <= 2 ? .warning : .debug, "librdkafka", ["reason": line.text]) }
  }
}

extension NodeSettings {
  var kafkaConfiguration: KafkaConfiguration? {
    kafka.map { bootstrap in
      KafkaConfiguration(bootstrap: bootstrap, kafkaSettings.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) })
    }
  }
}
