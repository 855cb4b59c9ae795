internal import CLibrdkafka
internal import Services
internal import Synchronization

/// A transactional, idempotent producer. All its calls run on a thread of its own; a transaction is one `perform`, so that no
/// message crosses an `await`.
package actor Producer {
  private let executor = BlockingExecutor("afterimage.kafka.producer")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  private let handle: ClientHandle

  /// A topic as `produce` takes it.
  package struct Topic: Sendable {
    let topic: ClientHandle.Topic
  }

  /// `transactionalID` names the one who may write: initialising another producer with it fences this one.
  package init(
    _ configuration: KafkaConfiguration, transactionalID: String, messageBytesMax: Int, log: @escaping KafkaLogSink
  ) throws(KafkaError) {
    let object = try configuration.make(
      [
        "compression.type": "lz4", "linger.ms": "2", "message.max.bytes": "\(messageBytesMax)",
        "queue.buffering.max.kbytes": "\(64 << 10)", "transaction.timeout.ms": "10000", "message.timeout.ms": "10000",
        "reconnect.backoff.max.ms": "1000", "socket.nagle.disable": "true",
      ],
      fixed: ["enable.idempotence": "true", "transactional.id": transactionalID])
    handle = try ClientHandle(RD_KAFKA_PRODUCER, object, log: log)
  }

  /// Runs `body` on the producer's thread.
  package func perform<R: Sendable>(_ body: @Sendable (isolated Producer) throws -> R) rethrows -> R {
    try body(self)
  }

  package func topic(_ name: String) throws(KafkaError) -> Topic { Topic(topic: try handle.topic(name)) }

  /// Fences every older producer with the same id, ends what it left open, and waits until that is done.
  package func initTransactions(patience: Duration = .seconds(10)) throws(KafkaError) {
    try retried(patience) { rd_kafka_init_transactions(handle.pointer, $0) }
  }

  package func begin() throws(KafkaError) {
    handle.callbacks.state.withLock { $0.deliveryFailure = nil }
    if let error = rd_kafka_begin_transaction(handle.pointer) { throw KafkaError(taking: error) }
  }

  /// Hands a message to librdkafka, which copies it; waits while its buffer is full. `timestamp` in milliseconds, 0 for now.
  package func produce(
    _ topic: Topic, partition: Int, key: [UInt8]?, value: [UInt8], headers: MessageHeaders, timestamp: Int64
  ) throws(KafkaError) {
    let list = headers.list()
    let client = handle.pointer
    while true {
      let code = value.withUnsafeBytes { value in
        if let key {
          return key.withUnsafeBytes { key in
            afterimage_kafka_produce(
              client, topic.topic.pointer, Int32(partition), key.baseAddress, key.count, value.baseAddress, value.count,
              list, timestamp, nil)
          }
        }
        return afterimage_kafka_produce(
          client, topic.topic.pointer, Int32(partition), nil, 0, value.baseAddress, value.count, list, timestamp, nil)
      }
      if code == RD_KAFKA_RESP_ERR_NO_ERROR { return }
      let error = KafkaError(code, "a message of \(value.count) bytes")
      guard error.isQueueFull, !Task.isCancelled else {
        rd_kafka_headers_destroy(list)
        throw fatal ?? error
      }
      rd_kafka_poll(handle.pointer, 100)
    }
  }

  /// Waits until all messages are with the brokers and visible to readers of committed messages. After an error the outcome is
  /// unknown unless the error says that the transaction requires an abort.
  package func commit(patience: Duration = .seconds(15)) throws(KafkaError) {
    do throws(KafkaError) {
      try retried(patience) { rd_kafka_commit_transaction(handle.pointer, $0) }
    } catch {
      // The delivery's own error says more than that the transaction failed.
      let failure = handle.callbacks.state.withLock { $0.deliveryFailure }
      if let failure, !error.isFenced, !error.isFatal, !error.isDenied {
        throw KafkaError(code: failure.code, requiresAbort: error.requiresAbort, failure.text)
      }
      throw error
    }
  }

  package func abort(patience: Duration = .seconds(2)) throws(KafkaError) {
    try retried(patience) { rd_kafka_abort_transaction(handle.pointer, $0) }
  }

  private var fatal: KafkaError? {
    var text = [CChar](repeating: 0, count: 512)
    let code = rd_kafka_fatal_error(handle.pointer, &text, text.count)
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    return KafkaError(
      code: code.rawValue, isFatal: true,
      String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  private func retried(_ patience: Duration, _ call: (Int32) -> OpaquePointer?) throws(KafkaError) {
    try handle.wait(patience) { (timeout) throws(KafkaError) in
      if let error = call(timeout) { throw KafkaError(taking: error) }
    }
  }
}
