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

  /// What is fetched ahead of a partition at least, and what of all partitions of a topic together as long as that is more for each.
  package static let partitionKilobytes = 8 * 1024
  package static let topicKilobytes = 64 * 1024
  /// Messages that are fetched ahead of a partition, however small.
  private static let partitionMessages = 400_000

  /// Connects when the first stream is made. `log` gets librdkafka's lines, on its threads. Throws for a setting that librdkafka refuses.
  ///
  /// Of each of so many `partitions` so much is fetched ahead that all together take `topicKilobytes`, and of each at least `partitionKilobytes`; a larger record
  /// comes nevertheless, alone. A partition of which enough was fetched rests for a second, whatever is taken meanwhile (librdkafka 2.0.2): what is
  /// fetched ahead is also what can be read of it in a second.
  package init(
    _ configuration: KafkaConfiguration, partitions: Int = .max, log: @escaping KafkaLogSink
  ) throws(KafkaError) {
    let ahead = max(Consumer.partitionKilobytes, Consumer.topicKilobytes / max(1, partitions))
    let object = try configuration.make(
      [
        "queued.max.messages.kbytes": "\(ahead)", "queued.min.messages": "\(Consumer.partitionMessages)",
        "fetch.wait.max.ms": "100",
        "fetch.message.max.bytes": "\(1 << 20)", "fetch.error.backoff.ms": "100", "reconnect.backoff.max.ms": "1000",
        "socket.nagle.disable": "true",
      ],
      fixed: [
        "isolation.level": "read_committed", "enable.auto.commit": "false", "enable.auto.offset.store": "false",
        "auto.offset.reset": "error", "check.crcs": "true", "enable.partition.eof": "true",
      ])
    handle = try ClientHandle(RD_KAFKA_CONSUMER, object, log: log)
  }

  // Where to begin without knowing an offset. librdkafka's own call for the first and the last offset (2.0.2) takes no notice of
  // its time limit when a broker is away: the end is learnt from the event of a stream instead.

  /// The first message kept.
  package static let beginning = Int64(RD_KAFKA_OFFSET_BEGINNING)
  /// After the last message.
  package static let end = Int64(RD_KAFKA_OFFSET_END)

  /// So many offsets before the end; out of range when there are fewer.
  package static func tail(_ count: Int64) -> Int64 { Int64(RD_KAFKA_OFFSET_TAIL_BASE) - count }

  /// Begins to fetch a partition at an offset; a stream of the same partition that is open is closed first.
  /// `arrived` is called on librdkafka's threads when the stream was empty and has got something; it must not block.
  package func open(
    topic: String, partition: Int, offset: Int64, arrived: @escaping @Sendable () -> Void
  ) throws(KafkaError) -> PartitionStream {
    let place = Place(topic: topic, partition: partition)
    streams.removeValue(forKey: place)?.close()
    let stream = try PartitionStream(handle, topic: topic, partition: partition, offset: offset, arrived: arrived)
    streams[place] = stream
    return stream
  }

  package func close(_ stream: PartitionStream) {
    let place = Place(topic: stream.topic, partition: stream.partition)
    if streams[place] === stream { streams[place] = nil }
    stream.close()
  }

  /// The number of a topic's partitions; nil when there is no such topic.
  package func partitions(of topic: String, patience: Duration = .seconds(10)) throws(KafkaError) -> Int? {
    let count = try handle.wait(patience) { (timeout) throws(KafkaError) in
      try handle.partitions(of: topic, timeout: timeout)
    }
    handle.callbacks.state.withLock { $0.brokersAreDown = false }
    return count
  }

  /// A topic's setting as the brokers have it; nil when they do not know it.
  package func setting(_ name: String, of topic: String) throws(KafkaError) -> String? {
    try handle.setting(name, of: topic)
  }

  /// No broker answered when last heard of.
  package nonisolated var brokersAreDown: Bool { handle.callbacks.state.withLock { $0.brokersAreDown } }
}
