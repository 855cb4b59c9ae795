/// A line that librdkafka wrote about its work: connections, retries, fencing. Never a message's content.
package struct KafkaLine: Sendable {
  /// As in syslog: 3 and below are errors, 4 and 5 warnings.
  package let severity: Int
  package let text: String
}

/// Takes librdkafka's lines; called on its threads, must not block.
package typealias KafkaLogSink = @Sendable (KafkaLine) -> Void
