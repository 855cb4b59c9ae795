import DynamoClient
import DynamoModel
import Foundation
import Kafka
import KafkaTestKit
import Services
import Synchronization
import Testing

/// Effects of workers that share lanes through Kafka and PostgreSQL.
@Suite(.serialized, .enabled(if: Fleet.isAvailable, Comment(rawValue: Fleet.skipped))) struct SentEffectFleetTests {
  private struct Record: Equatable {
    let key: String?
    let value: String
    let headers: [String: String]
  }

  /// Everything on a topic of one partition.
  private static func records(_ topic: String, _ configuration: KafkaConfiguration) async throws -> [Record] {
    let consumer = try Consumer(configuration) { _ in }
    let arrivals = Signal()
    let stream = try await consumer.open(topic: topic, partition: 0, offset: 0) { arrivals.announce() }
    var records: [Record] = []
    let end = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < end {
      let ticket = arrivals.ticket
      while let step: Record? = stream.next(
        { message in
          func text(_ name: StaticString) -> String { message.header(name).map { String(decoding: $0, as: UTF8.self) } ?? "" }
          return Record(
            key: message.key.map { String(decoding: $0, as: UTF8.self) },
            value: message.value.map { String(decoding: $0, as: UTF8.self) } ?? "",
            headers: ["idempotency-key": text("idempotency-key"), "content-type": text("content-type")])
        }, event: { _ in nil })
      {
        guard let step else { return records }
        records.append(step)
      }
      await arrivals.wait(since: ticket, timeout: .seconds(1))
    }
    return records
  }

  @Test(.timeLimit(.minutes(5)))
  func `a topic that is not there is waited for, and what a killed worker has sent another sends again under the same key`()
    async throws
  {
    let folder = try TestFolder()
    let victim = Mutex<(@Sendable () -> Void)?>(nil)
    let receiver = try HookReceiver { request in
      // The worker that sends "b" dies before it hears of the answer.
      if String(decoding: request.body, as: UTF8.self).contains("\"b\"") {
        victim.withLock { kill in
          kill?()
          kill = nil
        }
      }
    }
    try folder.write(
      "sent/pipeline.yaml",
      SentEffectTests.pipeline(
        """
          tell: { each: doc inserted, webhook: { url: 'http://127.0.0.1:\(receiver.port)/', body: { id: id, at: commit } } }
          publish: { each: doc inserted, topic: { name: news, key: id, value: { id: id, text: text } }, retry: { attempts: 1000, first: 100ms, most: 200ms } }
          wrong: { each: doc inserted, topic: { name: afterimage.Docs, value: 1 } }
        """))
    let fleet = try await Fleet(folder, pipeline: folder.file("sent"), workers: 0, queries: 1)
    let allowed = ["--allow-webhook-host", "127.0.0.1:\(receiver.port)"]
    for worker in 0..<2 { try await fleet.start(worker, allowed) }
    func put(_ id: String) async throws {
      _ = try await DynamoClient(endpoint: fleet.tables.tables).call("PutItem") { writer in
        writer.member("TableName", "Docs")
        writer.name("Item")
        writer.item(["id": .string(id), "Text": .string("ü")])
      }
    }
    func listed() async throws -> String {
      try await Program.run("effect", "list", "sent", "--server", fleet.queries[0].page).output
    }
    // What was written before an effect is active is not its own.
    try await fleet.wait("the effects are active") {
      try await Program.run("effect", "resume", "sent", "tell", "--server", fleet.queries[0].page).status == 0
    }
    try await put("a")
    try await fleet.wait("the webhook is there") { receiver.requests.count == 1 }
    try await fleet.wait("the topic is missed") { try await listed().contains("there is no topic news on the Kafka at") }
    try await fleet.wait("an own topic is refused") {
      try await listed().contains("afterimage.Docs is one of the program's own topics")
    }
    let configuration = KafkaConfiguration(bootstrap: fleet.kafka.bootstrap)
    let admin = try Admin(configuration) { _ in }
    _ = try await admin.create(Admin.NewTopic(name: "news", partitions: 1, settings: []))
    try await fleet.wait("it is published") { try await !listed().contains("there is no topic news") }
    var found: [Record] = []
    try await fleet.wait("the record is there") {
      found = try await Self.records("news", configuration)
      return !found.isEmpty
    }
    #expect(
      found.first?.key == "a" && found.first?.value == #"{"id":"a","text":"ü"}"#
        && found.first?.headers["content-type"] == "application/json")
    #expect(found.first?.headers["idempotency-key"]?.hasPrefix("4:sent7:publish") == true)
    // Whoever carries effects out.
    let leader = fleet.workers.firstIndex { $0?.child.errors.contains("effect given up") == true }
    let child = try #require(leader.flatMap { fleet.workers[$0]?.child })
    victim.withLock { $0 = { child.signal(SIGKILL) } }
    try await put("b")
    try await fleet.wait("the other one sends it again") { receiver.requests.count >= 3 }
    let sent = receiver.requests.filter { String(decoding: $0.body, as: UTF8.self).contains("\"b\"") }
    #expect(sent.count == 2 && sent[0] == sent[1] && sent[0].key != receiver.requests[0].key)
    try await fleet.wait("nothing but what was refused is left") { try await listed().contains("2 rows") }
    if let leader { await fleet.kill(leader) }
    await fleet.stop()
  }
}
