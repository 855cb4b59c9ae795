internal import CLibrdkafka
internal import Synchronization

/// One partition as it is being fetched, from an offset on, up to what is committed.
///
/// librdkafka fetches ahead on its own threads into a queue of this partition; `next` takes from it without waiting, and a closure is
/// called when the empty queue has got something. So waiting costs no thread.
package final class PartitionStream: Sendable {
  package enum Event: Sendable, Equatable {
    /// The end of what is committed, at this moment, and its offset; messages may follow.
    case end(Int64)
    case failure(KafkaError)
  }

  /// What a queue's callback holds.
  final class Arrival: Sendable {
    let call: @Sendable () -> Void

    init(_ call: @escaping @Sendable () -> Void) { self.call = call }
  }

  package let topic: String
  package let partition: Int
  private let handle: ClientHandle
  private let arrival: Arrival
  private let queue: Mutex<Queue>

  private struct Queue: @unchecked Sendable {
    // The pointer is used under the mutex alone, and nil once closed.
    var pointer: OpaquePointer?
  }

  init(_ handle: ClientHandle, topic: String, partition: Int, offset: Int64, arrived: @escaping @Sendable () -> Void)
    throws(KafkaError)
  {
    self.handle = handle
    self.topic = topic
    self.partition = partition
    arrival = Arrival(arrived)
    let pointer = rd_kafka_queue_new(handle.pointer)!
    // Released in `close`, after librdkafka can no longer call.
    let context = Unmanaged.passRetained(arrival)
    rd_kafka_queue_cb_event_enable(
      pointer,
      { _, context in
        guard let context else { return }
        Unmanaged<Arrival>.fromOpaque(context).takeUnretainedValue().call()
      }, context.toOpaque())
    queue = Mutex(Queue(pointer: pointer))
    let object = try handle.topic(topic)
    if rd_kafka_consume_start_queue(object.pointer, Int32(partition), offset, pointer) == -1 {
      let error = KafkaError(rd_kafka_last_error(), "\(topic)[\(partition)]")
      close(started: false)
      throw error
    }
  }

  deinit { close(started: true) }

  /// Ends the fetching. Waits a moment for librdkafka's main thread.
  func close(started: Bool = true) {
    let pointer = queue.withLock { queue in
      defer { queue.pointer = nil }
      return queue.pointer
    }
    guard let pointer else { return }
    if started, let object = try? handle.topic(topic) { rd_kafka_consume_stop(object.pointer, Int32(partition)) }
    rd_kafka_queue_cb_event_enable(pointer, nil, nil)
    rd_kafka_queue_destroy(pointer)
    Unmanaged.passUnretained(arrival).release()
  }

  /// Gives the next message that is there to `body`, or tells of an event; nil when there is nothing now. Never waits.
  package func next<R>(_ body: (KafkaMessage) -> R, event: (Event) -> R) -> R? {
    let message = queue.withLock { queue in
      Taken(pointer: queue.pointer.flatMap { rd_kafka_consume_queue($0, 0) })
    }.pointer
    guard let message else {
      // Serves the callbacks that wait: errors of the client.
      rd_kafka_poll(handle.pointer, 0)
      return nil
    }
    defer { rd_kafka_message_destroy(message) }
    if message.pointee.err == RD_KAFKA_RESP_ERR__PARTITION_EOF {
      handle.callbacks.state.withLock { $0.brokersAreDown = false }
      return event(.end(message.pointee.offset))
    }
    guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
      let text = rd_kafka_message_errstr(message).map { String(cString: $0) } ?? ""
      return event(.failure(KafkaError(message.pointee.err, "\(topic)[\(partition)] \(text)")))
    }
    return body(KafkaMessage(message))
  }

  private struct Taken: @unchecked Sendable {
    // A message taken from the queue belongs to the taker alone.
    let pointer: UnsafeMutablePointer<rd_kafka_message_t>?
  }

  /// Messages fetched and not yet taken.
  package var waiting: Int {
    queue.withLock { queue in queue.pointer.map { rd_kafka_queue_length($0) } ?? 0 }
  }
}
