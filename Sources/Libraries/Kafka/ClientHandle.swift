internal import CLibrdkafka
internal import Dispatch
internal import Synchronization

/// Owns one `rd_kafka_t`, the callbacks that it calls, and the topic objects made from it.
///
/// `@unchecked Sendable` because librdkafka's handles may be used from any thread at once, by its documentation, and the fields here
/// are set in `init` alone. The last reference lets go of everything on a thread of its own: `rd_kafka_destroy` waits for the
/// library's threads.
final class ClientHandle: @unchecked Sendable {
  /// What the callbacks write and others read.
  final class Callbacks: Sendable {
    struct State {
      var brokersAreDown = false
      var deliveryFailure: KafkaError?
      /// The brokers do not take the user name or the password, as far as known: librdkafka says it once, and its calls then time out.
      var refusal: KafkaError?
    }

    let log: KafkaLogSink
    let state = Mutex(State())

    init(_ log: @escaping KafkaLogSink) { self.log = log }
  }

  let pointer: OpaquePointer
  let callbacks: Callbacks
  private let topics = Mutex<[String: Topic]>([:])

  /// A topic object; it lives as long as the handle.
  struct Topic: @unchecked Sendable {
    // librdkafka's topic objects may be used from any thread, as the handle.
    let pointer: OpaquePointer
  }

  /// Takes over `configuration`.
  init(_ type: rd_kafka_type_t, _ configuration: OpaquePointer, log: @escaping KafkaLogSink) throws(KafkaError) {
    callbacks = Callbacks(log)
    rd_kafka_conf_set_opaque(configuration, Unmanaged.passUnretained(callbacks).toOpaque())
    rd_kafka_conf_set_log_cb(configuration) { client, level, facility, text in
      guard let client, let callbacks = ClientHandle.callbacks(rd_kafka_opaque(client)) else { return }
      let line = [facility, text].compactMap { $0.map { String(cString: $0) } }.joined(separator: ": ")
      callbacks.log(KafkaLine(severity: Int(level), text: line))
    }
    rd_kafka_conf_set_error_cb(configuration) { _, code, reason, opaque in
      let error = KafkaError(rd_kafka_resp_err_t(rawValue: code), reason.map { String(cString: $0) })
      ClientHandle.callbacks(opaque)?.state.withLock { state in
        if code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN.rawValue { state.brokersAreDown = true }
        if error.isUnauthenticated { state.refusal = error }
      }
    }
    if type == RD_KAFKA_PRODUCER {
      rd_kafka_conf_set_dr_msg_cb(configuration) { _, message, opaque in
        guard let message else { return }
        if let delivery = message.pointee._private {
          let error = message.pointee.err
          RecordSender.ended(
            delivery, error == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(error, "the record was not delivered"))
          return
        }
        guard message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        let failure = KafkaError(message.pointee.err, "a message was not delivered")
        ClientHandle.callbacks(opaque)?.state.withLock { if $0.deliveryFailure == nil { $0.deliveryFailure = failure } }
      }
    }
    var text = [CChar](repeating: 0, count: 512)
    guard let made = rd_kafka_new(type, configuration, &text, text.count) else {
      rd_kafka_conf_destroy(configuration)
      let reason = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw KafkaError(code: RD_KAFKA_RESP_ERR__INVALID_ARG.rawValue, "the Kafka client cannot be created: \(reason)")
    }
    pointer = made
  }

  private static func callbacks(_ opaque: UnsafeMutableRawPointer?) -> Callbacks? {
    opaque.map { Unmanaged<Callbacks>.fromOpaque($0).takeUnretainedValue() }
  }

  deinit {
    let remains = Remains(pointer: pointer, callbacks: callbacks, topics: topics.withLock { Array($0.values) })
    DispatchQueue.global().async { remains.destroy() }
  }

  /// What `deinit` hands to the thread that destroys it; the callbacks stay alive until the library's threads have ended.
  private struct Remains: @unchecked Sendable {
    let pointer: OpaquePointer
    let callbacks: Callbacks
    let topics: [Topic]

    func destroy() {
      for topic in topics { rd_kafka_topic_destroy(topic.pointer) }
      rd_kafka_destroy(pointer)
      withExtendedLifetime(callbacks) {}
    }
  }

  func topic(_ name: String) throws(KafkaError) -> Topic {
    let found: Topic? = topics.withLock { topics in
      if let topic = topics[name] { return topic }
      guard let made = rd_kafka_topic_new(pointer, name, nil) else { return nil }
      topics[name] = Topic(pointer: made)
      return topics[name]
    }
    guard let found else { throw KafkaError(rd_kafka_last_error(), "topic \(name)") }
    return found
  }

  /// The number of a topic's partitions; nil when there is no such topic.
  func partitions(of name: String, timeout: Int32) throws(KafkaError) -> Int? {
    let topic = try topic(name)
    var metadata: UnsafePointer<rd_kafka_metadata>?
    let code = rd_kafka_metadata(pointer, 0, topic.pointer, &metadata, timeout)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else { throw KafkaError(code, "topic \(name)") }
    defer { rd_kafka_metadata_destroy(metadata) }
    guard metadata.pointee.topic_cnt == 1 else { return nil }
    let found = metadata.pointee.topics[0]
    if KafkaError(found.err).isUnknownTopic { return nil }
    guard found.err == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(found.err, "topic \(name)") }
    return Int(found.partition_cnt)
  }
}

// MARK: - Patience

extension ClientHandle {
  /// Calls that wait for a broker are made in slices, so that a cancelled task gets free soon.
  private static let slice: Int32 = 1_000

  /// Repeats a call that timed out until it answers, `total` is over, or the task is cancelled. Where the brokers refuse the password it says that, at once.
  func wait<R>(_ total: Duration = .seconds(10), _ call: (Int32) throws(KafkaError) -> R) throws(KafkaError) -> R {
    let end = ContinuousClock.now + total
    while true {
      do throws(KafkaError) {
        let answer = try call(ClientHandle.slice)
        callbacks.state.withLock { $0.refusal = nil }
        return answer
      } catch {
        guard error.isRetriable || error.isTimeout else { throw error }
        // Serves the callback.
        rd_kafka_poll(pointer, 0)
        if let refusal = callbacks.state.withLock({ $0.refusal }) { throw refusal }
        guard ContinuousClock.now < end, !Task.isCancelled else { throw error }
      }
    }
  }
}
