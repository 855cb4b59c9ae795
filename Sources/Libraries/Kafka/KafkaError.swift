internal import CLibrdkafka

/// What librdkafka or a broker answered instead of doing what was asked.
package struct KafkaError: Error, Sendable, Equatable, CustomStringConvertible {
  /// librdkafka's number: negative for its own errors, positive for a broker's.
  package let code: Int32
  /// The same call may go through later.
  package let isRetriable: Bool
  /// The client is of no further use: make a new one.
  package let isFatal: Bool
  /// The transaction in hand can only be aborted.
  package let requiresAbort: Bool
  package let text: String

  package init(code: Int32, isRetriable: Bool = false, isFatal: Bool = false, requiresAbort: Bool = false, _ text: String) {
    self.code = code
    self.isRetriable = isRetriable
    self.isFatal = isFatal
    self.requiresAbort = requiresAbort
    self.text = text
  }

  package var description: String { text }

  /// Another producer took over the transactional id, or the broker gave up on this one's transaction: the two look alike.
  package var isFenced: Bool {
    [RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH].contains {
      $0.rawValue == code
    }
  }

  /// Another member of a group has this one's instance id.
  package var isFencedInstance: Bool { code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID.rawValue }

  package var isTimeout: Bool {
    code == RD_KAFKA_RESP_ERR__TIMED_OUT.rawValue || code == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT.rawValue
  }

  /// The offset asked for is no longer kept, or not there yet.
  package var isOutOfRange: Bool {
    code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE.rawValue || code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET.rawValue
  }

  package var isUnknownTopic: Bool {
    [
      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
    ].contains { $0.rawValue == code }
  }

  /// What is thrown for a topic that is not there.
  package static func unknown(_ topic: String) -> KafkaError {
    KafkaError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "topic \(topic)")
  }

  /// The message is larger than the client's or the topic's limit.
  package var isTooLarge: Bool { code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE.rawValue }

  /// The brokers know the user and do not let it do this, until their owner allows it.
  package var isDenied: Bool {
    [
      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    ].contains { $0.rawValue == code }
  }

  /// The same of a consumer group.
  package var isGroupDenied: Bool { code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED.rawValue }

  /// The brokers do not take the user name or the password.
  package var isUnauthenticated: Bool { code == RD_KAFKA_RESP_ERR__AUTHENTICATION.rawValue }

  /// A policy that the brokers' owner has set does not allow the topic; `text` has its words.
  package var isAgainstPolicy: Bool { code == RD_KAFKA_RESP_ERR_POLICY_VIOLATION.rawValue }

  /// The bytes received do not have the checksum that they carry.
  package var isDamaged: Bool { code == RD_KAFKA_RESP_ERR__BAD_MSG.rawValue }

  var isQueueFull: Bool { code == RD_KAFKA_RESP_ERR__QUEUE_FULL.rawValue }
  var isTopicExists: Bool { code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS.rawValue }
  var isInvalidConfiguration: Bool { code == RD_KAFKA_RESP_ERR_INVALID_CONFIG.rawValue }
}

extension KafkaError {
  init(_ code: rd_kafka_resp_err_t, _ text: String? = nil) {
    let own = String(cString: rd_kafka_err2str(code))
    let retriable = [
      RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
      RD_KAFKA_RESP_ERR__QUEUE_FULL, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
    ]
    self.init(
      code: code.rawValue, isRetriable: retriable.contains(code), isFatal: code == RD_KAFKA_RESP_ERR__FATAL,
      code == RD_KAFKA_RESP_ERR__AUTHENTICATION
        ? "the brokers refuse the user name or the password (sasl.username, sasl.password): \(text ?? own)"
        : text.map { "\($0): \(own)" } ?? own)
  }

  /// Takes over the error object of a transactional call.
  init(taking error: OpaquePointer) {
    self.init(
      code: rd_kafka_error_code(error).rawValue, isRetriable: rd_kafka_error_is_retriable(error) != 0,
      isFatal: rd_kafka_error_is_fatal(error) != 0, requiresAbort: rd_kafka_error_txn_requires_abort(error) != 0,
      String(cString: rd_kafka_error_string(error)))
    rd_kafka_error_destroy(error)
  }
}
