internal import CLibrdkafka
internal import Services
internal import Synchronization

/// A reader of committed messages. It belongs to no group and stores no offsets: where to read is the caller's to say.
///
/// The actor's calls wait for brokers, which is why it runs on a thread of its own; taking messages from a stream does not wait and
/// needs no actor.
package actor Consumer {
  private let executor = BlockingExecutor("afterimage.kafka.consumer")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  private nonisolated let handle: ClientHandle
  private var streams: [Place: PartitionStream] = [:]

  private struct Place: Hashable {
    let topic: String
    let partition: Int
  }

  /// Fetches ahead up to this much of each partition; a larger record comes nevertheless, alone.
  package static let partitionKilobytesMax = 8 * 1024

  package init(_ configuration: KafkaConfiguration, log: @escaping KafkaLogSink) throws(KafkaError) {
    let object = try configuration.make(
      [
        "queued.max.messages.kbytes": "\(Consumer.partitionKilobytesMax)", "fetch.wait.max.ms": "100",
        "fetch.message.max.bytes": "\(1 << 20)", "fetch.error.backoff.ms": "100", "reconnect.backoff.max.ms": "1000",
        "socket.nagle.disable": "true",
      ],
      fixed: [
        "isolation.level": "read_committed", "enable.auto.commit": "false", "enable.auto.offset.store": "false",
        "auto.offset.reset": "error", "check.crcs": "true", "enable.partition.eof": "true",
      ])
    handle = try ClientHandle(RD_KAFKA_CONSUMER, object, log: log)
  }

  /// Begins to fetch a partition at an offset; a stream of the same partition that is open is closed first.
  package func open(topic: String, partition: Int, offset: Int64) throws(KafkaError) -> PartitionStream {
    let place = Place(topic: topic, partition: partition)
    streams.removeValue(forKey: place)?.close()
    let stream = try PartitionStream(handle, topic: topic, partition: partition, offset: offset)
    streams[place] = stream
    return stream
  }

  package func close(_ stream: PartitionStream) {
    let place = Place(topic: stream.topic, partition: stream.partition)
    if streams[place] === stream { streams[place] = nil }
    stream.close()
  }

  /// The number of a topic's partitions; nil when there is no such topic.
  package func partitions(of topic: String) throws(KafkaError) -> Int? {
    try Patience.wait { (timeout) throws(KafkaError) in try handle.partitions(of: topic, timeout: timeout) }
  }

  /// The first offset kept and the one behind the last message.
  package func watermarks(
    topic: String, partition: Int, patience: Duration = .seconds(10)
  ) throws(KafkaError) -> (low: Int64, high: Int64) {
    let marks = try Patience.wait(patience) { (timeout) throws(KafkaError) in
      var low: Int64 = 0
      var high: Int64 = 0
      let code = rd_kafka_query_watermark_offsets(handle.pointer, topic, Int32(partition), &low, &high, timeout)
      guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, "\(topic)[\(partition)]") }
      return (low: low, high: high)
    }
    handle.callbacks.state.withLock { $0.brokersAreDown = false }
    return marks
  }

  /// No broker answered when last heard of.
  package nonisolated var brokersAreDown: Bool { handle.callbacks.state.withLock { $0.brokersAreDown } }
}
