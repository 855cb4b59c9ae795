internal import CLibrdkafka
internal import Services

/// A member of a consumer group that takes part in its assignment and reads no records: what it is assigned is paused, and whoever reads does so on
/// a `Consumer`, from positions of its own.
///
/// The assignor is eager: at each rebalance every member gives everything back before anybody is assigned anything. The library waits for `confirm` in
/// between, and sends heartbeats meanwhile; all members of the group wait for the slowest. The actor's calls wait for up to 100 ms, on a thread of
/// their own.
package actor GroupMember {
  private let executor = BlockingExecutor("afterimage.kafka.group")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  package struct Membership: Sendable {
    package var group: String
    /// A name under which the member comes back after a restart without a rebalance (static membership): it does not leave when it is closed. Nil for a
    /// member that leaves at once.
    package var instance: String?
    /// As Kafka's tools show the member.
    package var client: String

    package init(group: String, instance: String? = nil, client: String) {
      self.group = group
      self.instance = instance
      self.client = client
    }
  }

  package enum Event: Sendable, Equatable {
    /// The partitions of each topic that are this member's from now on. To be confirmed.
    case assigned([String: [Int]])
    /// Everything is shared out anew, and nothing is this member's before the next assignment. To be confirmed, for the group waits for that. `isLost`
    /// where it has gone on without this member and others may have its partitions already.
    case revoked(isLost: Bool)
    /// The member is of no further use: another one has its instance id, or the brokers refuse it for good.
    case ended(KafkaError)
    /// Something that may pass: no broker is there, the group may not be used.
    case failed(KafkaError)
    /// The group has taken a commit: it may be used.
    case committed
  }

  /// How long a member that was not heard of stays in its group unless a setting says otherwise.
  package static let sessionTimeoutMilliseconds = 10_000
  private static let pollMilliseconds: Int32 = 100

  /// A tenth of the session's time-out, at most half a second.
  static func heartbeatMilliseconds(session: Int?) -> Int { min(500, max(100, (session ?? sessionTimeoutMilliseconds) / 10)) }

  private static let answerMilliseconds: Int32 = 500
  /// After this a commit whose outcome has not come is forgotten.
  private static let commitAge = Duration.seconds(10)

  private let handle: ClientHandle
  private let queue: Pointer
  /// The partitions of the event that waits for `confirm`; nil for a revocation.
  private var pending: PartitionList?
  private var committing: ContinuousClock.Instant?

  private struct Pointer: @unchecked Sendable {
    // Used by the actor alone.
    let queue: OpaquePointer
  }

  /// Joins nothing yet. Throws for a setting that librdkafka refuses. `log` gets librdkafka's lines, on its threads.
  package init(
    _ configuration: KafkaConfiguration, _ membership: Membership, log: @escaping KafkaLogSink
  ) throws(KafkaError) {
    let session = configuration.settings.last { $0.key == "session.timeout.ms" }.flatMap { Int($0.value) }
    let base: KeyValuePairs = [
      "client.id": membership.client, "session.timeout.ms": "\(GroupMember.sessionTimeoutMilliseconds)",
      // By a heartbeat's answer a member learns that the group is shared out anew.
      "heartbeat.interval.ms": "\(GroupMember.heartbeatMilliseconds(session: session))",
      "reconnect.backoff.max.ms": "1000", "topic.metadata.refresh.interval.ms": "2000",
    ]
    // The cooperative assignor of librdkafka 2.0.2 has known faults.
    let assignor = "roundrobin,range"
    let object =
      if let instance = membership.instance {
        try configuration.make(
          base,
          fixed: [
            "group.id": membership.group, "group.instance.id": instance, "partition.assignment.strategy": assignor,
            "enable.auto.commit": "false", "enable.auto.offset.store": "false", "auto.offset.reset": "error",
          ])
      } else {
        try configuration.make(
          base,
          fixed: [
            "group.id": membership.group, "partition.assignment.strategy": assignor, "enable.auto.commit": "false",
            "enable.auto.offset.store": "false", "auto.offset.reset": "error",
          ])
      }
    rd_kafka_conf_set_events(
      object, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_ERROR)
    handle = try ClientHandle(RD_KAFKA_CONSUMER, object, log: log)
    rd_kafka_poll_set_consumer(handle.pointer)
    queue = Pointer(queue: rd_kafka_queue_get_consumer(handle.pointer)!)
  }

  deinit { rd_kafka_queue_destroy(queue.queue) }

  /// Asks for partitions of these topics; in place of those before.
  package func subscribe(_ topics: [String]) throws(KafkaError) {
    let list = PartitionList(topics.sorted().map { ($0, RD_KAFKA_PARTITION_UA, 0) })
    let code = rd_kafka_subscribe(handle.pointer, list.pointer)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, "the topics \(topics.joined(separator: ", "))") }
  }

  /// What has happened since, or nil after 100 ms. Must be called all the time: a member that does not ask is taken for dead.
  package func next() -> Event? {
    guard let event = rd_kafka_queue_poll(queue.queue, GroupMember.pollMilliseconds) else { return nil }
    defer { rd_kafka_event_destroy(event) }
    let code = rd_kafka_event_error(event)
    switch rd_kafka_event_type(event) {
    case RD_KAFKA_EVENT_REBALANCE:
      guard code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, let list = rd_kafka_event_topic_partition_list(event) else {
        pending = nil
        return .revoked(isLost: rd_kafka_assignment_lost(handle.pointer) != 0)
      }
      let assigned = PartitionList(copy: list)
      pending = assigned
      return .assigned(assigned.partitions)
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
      committing = nil
      if code == RD_KAFKA_RESP_ERR_NO_ERROR { return .committed }
      // What else goes wrong with a commit is of no interest: the next one says more.
      let error = KafkaError(code, "the group's offsets")
      return error.isGroupDenied ? .failed(error) : nil
    case RD_KAFKA_EVENT_ERROR:
      let text = rd_kafka_event_error_string(event).map { String(cString: $0) }
      if rd_kafka_event_error_is_fatal(event) != 0 || code == RD_KAFKA_RESP_ERR__FATAL { return .ended(fatal(code, text)) }
      return .failed(KafkaError(code, text))
    default: return nil
    }
  }

  /// What made the member useless, in librdkafka's words.
  private func fatal(_ code: rd_kafka_resp_err_t, _ text: String?) -> KafkaError {
    var reason = [CChar](repeating: 0, count: 512)
    let found = rd_kafka_fatal_error(handle.pointer, &reason, reason.count)
    let own = String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return KafkaError(
      code: (found == RD_KAFKA_RESP_ERR_NO_ERROR ? code : found).rawValue, isFatal: true, own.isEmpty ? text ?? "" : own)
  }

  /// The event of the last `next` was acted on: the group may go on.
  package func confirm() {
    guard let assigned = pending else {
      rd_kafka_assign(handle.pointer, nil)
      return
    }
    pending = nil
    assigned.setOffsets(Int64(RD_KAFKA_OFFSET_END))
    rd_kafka_assign(handle.pointer, assigned.pointer)
    rd_kafka_pause_partitions(handle.pointer, assigned.pointer)
  }

  /// Tells the group how far partitions are worked off, for whoever looks at its lag: `offset` is that of the next message. Returns at once; while one is
  /// under way, others are left out.
  package func commit(_ offsets: [(topic: String, partition: Int, offset: Int64)]) {
    if let committing, ContinuousClock.now - committing < GroupMember.commitAge { return }
    let list = PartitionList(offsets.map { ($0.topic, Int32($0.partition), $0.offset) })
    // With `rd_kafka_commit` the outcome would be no event of the queue.
    let code = rd_kafka_commit_queue(handle.pointer, list.pointer, queue.queue, nil, nil)
    committing = code == RD_KAFKA_RESP_ERR_NO_ERROR ? .now : nil
  }

  /// Whether the group lets this member look at its offsets of a topic; waits for up to half a second. For a member that has nothing to commit.
  package func isAnswered(_ topic: String) -> Bool {
    let list = PartitionList([(topic, 0, 0)])
    guard rd_kafka_committed(handle.pointer, list.pointer, GroupMember.answerMilliseconds) == RD_KAFKA_RESP_ERR_NO_ERROR else {
      return false
    }
    return list.pointer.pointee.elems[0].err == RD_KAFKA_RESP_ERR_NO_ERROR
  }

  /// Leaves the group, or as a static member only stops; for at most `limit`. False when that time was over: the library's call may hang in an outage.
  package func close(within limit: Duration) async -> Bool {
    if let error = rd_kafka_consumer_close_queue(handle.pointer, queue.queue) {
      rd_kafka_error_destroy(error)
      return false
    }
    let end = ContinuousClock.now + limit
    while rd_kafka_consumer_closed(handle.pointer) == 0 {
      guard ContinuousClock.now < end else { return false }
      if case .revoked? = next() { confirm() }
    }
    return true
  }
}

/// Owns a list of librdkafka's.
private final class PartitionList {
  let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

  init(copy list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) { pointer = rd_kafka_topic_partition_list_copy(list) }

  init(_ entries: [(topic: String, partition: Int32, offset: Int64)]) {
    pointer = rd_kafka_topic_partition_list_new(Int32(entries.count))
    for (topic, partition, offset) in entries {
      rd_kafka_topic_partition_list_add(pointer, topic, partition).pointee.offset = offset
    }
  }

  deinit { rd_kafka_topic_partition_list_destroy(pointer) }

  var partitions: [String: [Int]] {
    var found: [String: [Int]] = [:]
    for index in 0..<Int(pointer.pointee.cnt) {
      let entry = pointer.pointee.elems[index]
      found[String(cString: entry.topic), default: []].append(Int(entry.partition))
    }
    return found.mapValues { $0.sorted() }
  }

  func setOffsets(_ offset: Int64) {
    for index in 0..<Int(pointer.pointee.cnt) { pointer.pointee.elems[index].offset = offset }
  }
}
