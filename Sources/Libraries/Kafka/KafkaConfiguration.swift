internal import CLibrdkafka

/// How to reach a cluster: librdkafka's own settings as pairs of strings, `bootstrap.servers` among them.
///
/// What the user gives overrides what the program sets, except where a wrong value would break what the program promises; a key that
/// librdkafka does not know or a value that it refuses is named in the error.
package struct KafkaConfiguration: Sendable, Equatable {
  package struct Setting: Sendable, Equatable {
    package let key: String
    package let value: String

    package init(_ key: String, _ value: String) {
      self.key = key
      self.value = value
    }
  }

  package var settings: [Setting]

  /// Broker addresses (`host:port`, with commas between them), then settings, of which a later one overrides an earlier one of its key.
  package init(bootstrap: String, _ settings: [Setting] = []) {
    self.settings = [Setting("bootstrap.servers", bootstrap)] + settings
  }

  package var bootstrap: String { settings.last { $0.key == "bootstrap.servers" }?.value ?? "" }

  /// Those that the promises of the log stand on: exactly once, in order, checked, never past what is committed, and each partition
  /// one worker's.
  private static let fixed: Set<String> = [
    "isolation.level", "enable.auto.commit", "enable.auto.offset.store", "auto.offset.reset", "check.crcs", "enable.idempotence",
    "transactional.id", "enable.partition.eof", "group.id", "group.instance.id", "partition.assignment.strategy",
  ]

  /// The C object of `base` overridden by the user's settings; the caller owns it until `rd_kafka_new` takes it.
  func make(_ base: KeyValuePairs<String, String>, fixed: KeyValuePairs<String, String>) throws(KafkaError) -> OpaquePointer {
    let object = rd_kafka_conf_new()!
    do throws(KafkaError) {
      for (key, value) in base { try set(object, key, value) }
      for setting in settings {
        if KafkaConfiguration.fixed.contains(setting.key) {
          throw KafkaError(
            code: RD_KAFKA_RESP_ERR__INVALID_ARG.rawValue, "the setting \(setting.key) is the program's own: leave it out")
        }
        try set(object, setting.key, setting.value)
      }
      for (key, value) in fixed { try set(object, key, value) }
    } catch {
      rd_kafka_conf_destroy(object)
      throw error
    }
    return object
  }

  private func set(_ object: OpaquePointer, _ key: String, _ value: String) throws(KafkaError) {
    var text = [CChar](repeating: 0, count: 512)
    let result = rd_kafka_conf_set(object, key, value, &text, text.count)
    guard result != RD_KAFKA_CONF_OK else { return }
    let reason = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    throw KafkaError(code: RD_KAFKA_RESP_ERR__INVALID_ARG.rawValue, "the Kafka setting \(key) is refused: \(reason)")
  }
}
