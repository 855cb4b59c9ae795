internal import Kafka
internal import Services

/// A partition being fetched, and the signal that something has arrived.
struct Fetch: Sendable {
  let stream: PartitionStream
  let arrivals: Signal

  init(_ consumer: Consumer, topic: String, partition: Int, offset: Int64) async throws(KafkaError) {
    let arrivals = Signal()
    stream = try await consumer.open(topic: topic, partition: partition, offset: offset) { arrivals.announce() }
    self.arrivals = arrivals
  }

  var waiting: Int { stream.waiting }

  func next<R>(_ body: (KafkaMessage) -> R, event: (PartitionStream.Event) -> R) -> R? {
    stream.next(body, event: event)
  }
}
