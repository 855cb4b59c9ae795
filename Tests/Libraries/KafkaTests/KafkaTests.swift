import Kafka
import KafkaTestKit
import Services
import Testing

@Suite struct KafkaConfigurationTests {
  @Test func `a setting that librdkafka does not know is named`() {
    let configuration = KafkaConfiguration(bootstrap: "localhost:1", [.init("no.such.key", "1")])
    let error = #expect(throws: KafkaError.self) { try Consumer(configuration) { _ in } }
    #expect(error?.text.contains("no.such.key") == true)
  }

  @Test func `a setting that the log's promises stand on is refused`() {
    let configuration = KafkaConfiguration(bootstrap: "localhost:1", [.init("isolation.level", "read_uncommitted")])
    let error = #expect(throws: KafkaError.self) { try Consumer(configuration) { _ in } }
    #expect(error?.text.contains("isolation.level") == true)
  }
}

@Suite(.enabled(if: KafkaBroker.isAvailable, Comment(rawValue: KafkaBroker.skipped)), .timeLimit(.minutes(2)))
struct KafkaTests {
  let configuration: KafkaConfiguration
  let topic = KafkaBroker.uniqueName()
  let admin: Admin

  init() throws {
    configuration = try KafkaBroker.configuration()
    admin = try Admin(configuration) { _ in }
  }

  func producer(_ id: String) async throws -> Producer {
    let producer = try Producer(configuration, transactionalID: id, messageBytesMax: 16 << 20) { _ in }
    try await producer.initTransactions()
    return producer
  }

  func create(_ partitions: Int = 1, _ settings: [KafkaConfiguration.Setting] = []) async throws {
    _ = try await admin.create(.init(name: topic, partitions: partitions, settings: settings))
  }

  func send(_ producer: Producer, _ values: [String], commit: Bool = true) async throws {
    let topic = topic
    try await producer.perform { producer in
      let place = try producer.topic(topic)
      try producer.begin()
      for (index, value) in values.enumerated() {
        try producer.produce(
          place, partition: 0, key: Array("k\(index)".utf8), value: Array(value.utf8), headers: ["h": "\(index)", "empty": ""],
          timestamp: Int64(1_000 * (index + 1)))
      }
      if commit { try producer.commit() } else { try producer.abort() }
    }
  }

  /// The values of a partition up to its end, `count` at least: a commit returns a moment before its messages can be seen.
  func values(_ count: Int, from offset: Int64 = 0) async throws -> [String] {
    let consumer = try Consumer(configuration) { _ in }
    let arrivals = Signal()
    let stream = try await consumer.open(topic: topic, partition: 0, offset: offset) { arrivals.announce() }
    var values: [String] = []
    while true {
      let ticket = arrivals.ticket
      var isOver = false
      while !isOver {
        let step: Result<String, KafkaError>?? = stream.next(
          { .success(String(decoding: $0.value ?? .init(start: nil, count: 0), as: UTF8.self)) },
          event: { event in
            if case .failure(let error) = event { return .failure(error) }
            return nil
          })
        guard let step else { break }
        guard let step else {
          isOver = true
          break
        }
        values.append(try step.get())
      }
      if isOver, values.count >= count { return values }
      await arrivals.wait(since: ticket, timeout: .seconds(10))
    }
  }

  @Test func `what is committed is read with key, headers and timestamp, what is aborted is not`() async throws {
    try await create()
    let producer = try await producer(topic)
    try await send(producer, ["lost"], commit: false)
    try await send(producer, ["a", "b"])
    #expect(try await values(2) == ["a", "b"])

    let consumer = try Consumer(configuration) { _ in }
    let arrivals = Signal()
    let stream = try await consumer.open(topic: topic, partition: 0, offset: 0) { arrivals.announce() }
    var seen: String?
    while seen == nil {
      let ticket = arrivals.ticket
      seen = look(stream)
      if seen?.hasPrefix("1000") == true { seen = nil; continue }
      if seen == nil { await arrivals.wait(since: ticket, timeout: .seconds(10)) }
    }
    #expect(seen == "2000 k1 1 0 true")
  }

  func look(_ stream: PartitionStream) -> String? {
    stream.next(
      { message in
        let header = message.header("h").map { String(decoding: $0, as: UTF8.self) }
        let key = message.key.map { String(decoding: $0, as: UTF8.self) }
        return
          "\(message.timestamp) \(key ?? "-") \(header ?? "-") \(message.header("empty")?.count ?? -1) \(message.header("none") == nil)"
      }, event: { "\($0)" })
  }

  @Test func `a newer producer with the same id fences the older one`() async throws {
    try await create()
    let older = try await producer(topic)
    try await send(older, ["a"])
    let newer = try await producer(topic)
    let error = await #expect(throws: KafkaError.self) { try await send(older, ["b"]) }
    #expect(error?.isFenced == true)
    try await send(newer, ["c"])
    #expect(try await values(2) == ["a", "c"])
  }

  @Test func `an offset that is no longer kept is an error, not another offset`() async throws {
    try await create()
    try await send(try await producer(topic), ["a", "b", "c"])
    try await admin.trim(topic: topic, partition: 0, before: 2)
    let error = await #expect(throws: KafkaError.self) { try await values(1) }
    #expect(error?.isOutOfRange == true)
    #expect(try await values(1, from: Consumer.beginning) == ["c"])
    let tail = await #expect(throws: KafkaError.self) { try await values(1, from: Consumer.tail(100)) }
    #expect(tail?.isOutOfRange == true)
  }

  @Test func `partitions are counted, and a topic that is not there has none`() async throws {
    let consumer = try Consumer(configuration) { _ in }
    #expect(try await consumer.partitions(of: topic) == nil)
    try await create(3)
    #expect(try await admin.create(.init(name: topic, partitions: 3, settings: [])) == false)
    #expect(try await admin.partitions(of: topic) == 3)
    try await admin.delete(topic: topic)
  }

  @Test func `a message of 12 MB passes where the topic allows it, and a larger one than allowed says so`() async throws {
    try await create(1, [.init("max.message.bytes", "\(16 << 20)")])
    let producer = try await producer(topic)
    // A random block longer than the window of lz4, so that compression does not make it small.
    let block = String(decoding: (0..<(1 << 17)).map { _ in UInt8.random(in: 65...122) }, as: UTF8.self)
    let large = String(repeating: block, count: 96)
    try await send(producer, [large])
    #expect(try await values(1).map(\.utf8.count) == [12 << 20])
    let error = await #expect(throws: KafkaError.self) { try await send(producer, [large + large]) }
    #expect(error?.isTooLarge == true)
  }
}
