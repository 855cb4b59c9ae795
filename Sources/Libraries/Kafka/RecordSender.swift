internal import CLibrdkafka
internal import Services
internal import Synchronization

/// Sends single records to topics of others: idempotent, acknowledged by all replicas in sync, each awaited by itself. A record that was sent again after a crash
/// is a second record: its headers tell.
package final class RecordSender: Sendable {
  private let handle: ClientHandle
  private let thread: OwnedThread
  private let isStopped: Flag

  /// Set from one thread, read by another.
  private final class Flag: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
  }

  /// One record under way: who waits for it.
  private final class Delivery: Sendable {
    let end: @Sendable (KafkaError?) -> Void
    init(_ end: @escaping @Sendable (KafkaError?) -> Void) { self.end = end }
  }

  /// A record that has not come to the brokers after this time has failed.
  package static let deliveryTimeMax = Duration.seconds(10)

  /// `configuration` says how to reach the cluster, `log` takes the library's own lines.
  package init(_ configuration: KafkaConfiguration, log: @escaping KafkaLogSink) throws(KafkaError) {
    let object = try configuration.make(
      [
        "compression.type": "lz4", "linger.ms": "1",
        "message.timeout.ms": "\(RecordSender.deliveryTimeMax.components.seconds * 1_000)",
        "reconnect.backoff.max.ms": "1000", "socket.nagle.disable": "true",
        // Keys go to the partitions to which Kafka's own clients take them.
        "partitioner": "murmur2_random", "topic.metadata.propagation.max.ms": "2000",
      ], fixed: ["enable.idempotence": "true"])
    let handle = try ClientHandle(RD_KAFKA_PRODUCER, object, log: log)
    let isStopped = Flag()
    self.handle = handle
    self.isStopped = isStopped
    do {
      thread = try OwnedThread("kafka-sender") {
        while !isStopped.isSet { rd_kafka_poll(handle.pointer, 100) }
        // Whoever still waits gets an answer.
        rd_kafka_purge(handle.pointer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        while rd_kafka_outq_len(handle.pointer) > 0 { rd_kafka_poll(handle.pointer, 100) }
      }
    } catch {
      throw KafkaError(code: RD_KAFKA_RESP_ERR__FAIL.rawValue, "\(error)")
    }
  }

  deinit { isStopped.set() }

  /// The number of a topic's partitions; nil when there is no such topic. Blocks for up to five seconds.
  package func partitions(of topic: String) throws(KafkaError) -> Int? {
    try handle.wait(.seconds(5)) { (timeout) throws(KafkaError) in try handle.partitions(of: topic, timeout: timeout) }
  }

  /// Sends a record and waits until the brokers have it. `key` decides the partition; without one any takes it.
  package func send(topic: String, key: [UInt8]?, value: [UInt8], headers: MessageHeaders) async throws(KafkaError) {
    let failure: KafkaError? = await withCheckedContinuation { continuation in
      let delivery = Unmanaged.passRetained(Delivery { continuation.resume(returning: $0) })
      if let error = begin(topic, key: key, value: value, headers: headers, delivery.toOpaque()) {
        delivery.release()
        continuation.resume(returning: error)
      }
    }
    if let failure { throw failure }
  }

  /// Nil when it is under way.
  private func begin(
    _ topic: String, key: [UInt8]?, value: [UInt8], headers: MessageHeaders, _ delivery: UnsafeMutableRawPointer
  ) -> KafkaError? {
    let made: ClientHandle.Topic
    do throws(KafkaError) {
      made = try handle.topic(topic)
    } catch {
      return error
    }
    let list = headers.list()
    let code = value.withUnsafeBytes { value in
      (key ?? []).withUnsafeBytes { keyBytes in
        // An empty key is a key.
        afterimage_kafka_produce(
          handle.pointer, made.pointer, RD_KAFKA_PARTITION_UA, key == nil ? nil : keyBytes.baseAddress ?? value.baseAddress,
          keyBytes.count, value.baseAddress, value.count, list, 0, delivery)
      }
    }
    if code == RD_KAFKA_RESP_ERR_NO_ERROR { return nil }
    rd_kafka_headers_destroy(list)
    return KafkaError(code, "topic \(topic)")
  }

  /// The report of a delivery has come.
  static func ended(_ delivery: UnsafeMutableRawPointer, _ error: KafkaError?) {
    Unmanaged<Delivery>.fromOpaque(delivery).takeRetainedValue().end(error)
  }
}
