import ChangeRecords
import Foundation
import Kafka
import KafkaLog
import KafkaTestKit
import Services
import Synchronization
import Testing

/// Reads what relays publish: whether a secret is in it, and, if it doubles, to put every record on its topic a second time, as a connector does that
/// delivers at least once. A copy stands some records after the first.
final class TopicFollower: Sendable {
  struct Found: Sendable, CustomStringConvertible {
    var records = 0
    var copies = 0
    var secrets = 0

    var description: String { "\(records) records, \(copies) copies, \(secrets) secrets" }
  }

  private let found = Mutex(Found())
  private let isOver = Mutex(false)
  private let following: Mutex<Task<Void, any Error>?> = Mutex(nil)
  private let doubles: Bool

  /// Follows until `stop`; topics that are not there yet are waited for.
  init(_ topics: [String], partitions: Int, doubles: Bool, secret: String?) {
    self.doubles = doubles
    let secret = secret.map { Array($0.utf8) }
    let task = Task { [weak self] in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for topic in topics {
          group.addTask { [self] in try await self?.follow(topic, partitions, secret) }
        }
        try await group.waitForAll()
      }
    }
    following.withLock { $0 = task }
  }

  private func follow(_ topic: String, _ partitions: Int, _ secret: [UInt8]?) async throws {
    let configuration = try KafkaBroker.configuration()
    let consumer = try Consumer(configuration) { _ in }
    while try await consumer.partitions(of: topic) == nil {
      if isOver.withLock({ $0 }) { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    let producer =
      doubles ? try Producer(configuration, transactionalID: KafkaBroker.uniqueName(), messageBytesMax: 16 << 20) { _ in } : nil
    try await producer?.initTransactions()
    let arrivals = Signal()
    var streams: [PartitionStream] = []
    for partition in 0..<partitions {
      streams.append(try await consumer.open(topic: topic, partition: partition, offset: 0) { arrivals.announce() })
    }
    var last = Array(repeating: SequenceNumber.beforeAll, count: partitions)
    while true {
      let ticket = arrivals.ticket
      // What is there when the end is asked for is followed still.
      let isLast = isOver.withLock { $0 }
      var messages: [Message] = []
      for stream in streams {
        while messages.count < 500, let step: Message? = stream.next({ Message($0, stream.partition) }, event: { _ in nil }) {
          if let message = step, message.sequence > last[stream.partition] {
            last[stream.partition] = message.sequence
            messages.append(message)
          }
        }
      }
      if let producer, !messages.isEmpty { try await copy(messages, to: topic, with: producer) }
      let secrets = secret.map { secret in messages.filter { $0.value.firstRange(of: secret) != nil }.count } ?? 0
      let copies = producer == nil ? 0 : messages.count
      found.withLock { found in
        found.records += messages.count
        found.copies += copies
        found.secrets += secrets
      }
      if messages.isEmpty {
        if isLast { return }
        await arrivals.wait(since: ticket, timeout: .milliseconds(200))
      }
    }
  }

  private func copy(_ messages: [Message], to topic: String, with producer: Producer) async throws {
    try await producer.perform { producer in
      try producer.begin()
      let place = try producer.topic(topic)
      for message in messages {
        try producer.produce(
          place, partition: message.partition, key: message.key, value: message.value,
          headers: [
            RecordHeaders.formatName: "\(RecordHeaders.format)", RecordHeaders.tableIDName: message.tableID,
            RecordHeaders.positionName: "\(message.partition):\(message.sequence.rawValue)",
            RecordHeaders.orderName: message.order,
          ], timestamp: message.timestamp)
      }
      try producer.commit()
    }
  }

  /// A record of ours as it stands on the topic.
  private struct Message: Sendable {
    let partition: Int
    let key: [UInt8]?
    let value: [UInt8]
    let timestamp: Int64
    let sequence: SequenceNumber
    let tableID: String
    let order: String

    init?(_ message: KafkaMessage, _ partition: Int) {
      guard case .ours(let headers) = RecordHeaders.read(message) else { return nil }
      self.partition = partition
      key = message.key.map { Array($0) }
      value = message.value.map { Array($0) } ?? []
      timestamp = message.timestamp
      sequence = headers.sequence
      tableID = "\(headers.tableID)"
      order = "\(headers.order.rawValue)"
    }
  }

  /// Waits until everything that was published so far has been read; what was found.
  func stop() async throws -> Found {
    isOver.withLock { $0 = true }
    try await following.withLock { $0 }?.value
    let found = found.withLock { $0 }
    #expect(found.records > 0 && (!doubles || found.copies == found.records), "\(found)")
    #expect(found.secrets == 0, "a secret is on a topic: \(found)")
    return found
  }
}
