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

  /// Messages that are taken from librdkafka's queue at once: one by one each costs two looks at the clock.
  private static let takenMax = 256

  private struct Queue: @unchecked Sendable {
    // The pointers are used under the mutex alone; `pointer` is nil once closed.
    var pointer: OpaquePointer?
    /// Messages taken and not yet given out: those from `first` up to `end`.
    let taken: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>
    var first = 0
    var end = 0

    init(pointer: OpaquePointer) {
      self.pointer = pointer
      taken = .allocate(capacity: PartitionStream.takenMax)
      taken.initialize(repeating: nil, count: PartitionStream.takenMax)
    }

    /// The next message, which then belongs to the caller.
    mutating func next() -> UnsafeMutablePointer<rd_kafka_message_t>? {
      guard let pointer else { return nil }
      if first == end {
        first = 0
        end = max(0, rd_kafka_consume_batch_queue(pointer, 0, taken, PartitionStream.takenMax))
        if end == 0 { return nil }
      }
      first += 1
      return taken[first - 1]
    }

    /// Lets go of what was taken; once, when the queue closes.
    mutating func close() {
      pointer = nil
      while first < end {
        rd_kafka_message_destroy(taken[first])
        first += 1
      }
      taken.deallocate()
    }
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
    let closing = queue.withLock { queue in
      let pointer = queue.pointer
      if pointer != nil { queue.close() }
      return Closing(pointer: pointer)
    }
    guard let pointer = closing.pointer else { return }
    if started, let object = try? handle.topic(topic) { rd_kafka_consume_stop(object.pointer, Int32(partition)) }
    rd_kafka_queue_cb_event_enable(pointer, nil, nil)
    rd_kafka_queue_destroy(pointer)
    Unmanaged.passUnretained(arrival).release()
  }

  /// Gives the next message that is there to `body`, or tells of an event; nil when there is nothing now. Never waits.
  package func next<R>(_ body: (KafkaMessage) -> R, event: (Event) -> R) -> R? {
    let message = queue.withLock { Taken(pointer: $0.next()) }.pointer
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

  private struct Closing: @unchecked Sendable {
    // The queue belongs to the one call that found it open.
    let pointer: OpaquePointer?
  }

  /// Messages fetched and not yet given out.
  package var waiting: Int {
    queue.withLock { queue in queue.pointer.map { rd_kafka_queue_length($0) + queue.end - queue.first } ?? 0 }
  }
}
