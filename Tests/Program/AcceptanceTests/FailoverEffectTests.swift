import DynamoClient
import DynamoModel
import Foundation
import Postgres
import PostgresTestKit
import Testing

/// Effects whose database goes over to a standby.
@Suite(.timeLimit(.minutes(2)), .enabled(if: PostgresCluster.isAvailable, Comment(rawValue: PostgresCluster.skipped)))
struct FailoverEffectTests {
  private func wait(_ what: String, _ server: DevProcess, _ isSo: () throws -> Bool) async throws {
    let end = ContinuousClock.now + PostgresScene.waitMax
    while try !isSo() {
      try #require(ContinuousClock.now < end, "\(what): \(server.child.errors.suffix(4_000))")
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  /// How many effects of the pipeline are done, as a server has it. A standby may not have received the pipeline's schema yet.
  private func done(_ cluster: PostgresCluster) throws -> Int64 {
    let connection = try PostgresConnection(cluster.settings())
    defer { connection.close() }
    guard try connection.run("SELECT to_regclass('\"afterimage.sent\".sent') IS NOT NULL").boolean(0, 0) else { return 0 }
    return try connection.run("SELECT count(*) FROM \"afterimage.sent\".sent").int64(0, 0)
  }

  @Test func `what the standby had not received goes out again under the same keys, and nothing else does`() async throws {
    let primary = try PostgresCluster()
    let standby = try PostgresCluster(standbyOf: primary)
    let (folder, receiver) = (try TestFolder(), try HookReceiver())
    try folder.write(
      "sent/pipeline.yaml",
      SentEffectTests.pipeline(
        "  tell: { each: doc inserted, webhook: { url: 'http://127.0.0.1:\(receiver.port)/', body: { id: id, at: commit } } }"))
    let server = try await DevProcess.start(
      data: folder.file("data"), pipelines: [folder.file("sent")],
      ["--read-models", primary.url(orOf: standby), "--allow-webhook-host", "127.0.0.1:\(receiver.port)", "--health-port", "0"])
    let client = DynamoClient(endpoint: server.tables)
    func put(_ id: String) async throws {
      _ = try await client.call("PutItem") { writer in
        writer.member("TableName", "Docs")
        writer.name("Item")
        writer.item(["id": .string(id)])
      }
    }
    func sent(_ id: String) -> [HookReceiver.Request] {
      receiver.requests.filter { String(decoding: $0.body, as: UTF8.self).contains("\"\(id)\"") }
    }
    // What was written before an effect is active is not its own.
    let active = try await Program.run("effect", "resume", "sent", "tell", "--server", server.page)
    #expect(active.status == 0, "\(active)")
    try await put("a")
    try await wait("the standby has the first as done", server) { try done(standby) == 1 }
    try standby.stopReceiving()
    for id in ["b", "c"] { try await put(id) }
    try await wait("the others are done", server) { try done(primary) == 3 }
    #expect(receiver.requests.count == 3)
    primary.kill()
    try standby.promote()
    #expect(try done(standby) == 1)
    try await wait("they are done again", server) { try done(standby) == 3 }
    try await put("d")
    try await wait("others follow", server) { try done(standby) == 4 }
    for (id, count) in [("a", 1), ("b", 2), ("c", 2), ("d", 1)] {
      let requests = sent(id)
      #expect(requests.count == count && requests.allSatisfy { $0 == requests[0] }, "\(id): \(requests)")
    }
    #expect(Set(receiver.requests.map(\.key)).count == 4 && !receiver.requests[0].key.isEmpty)
    #expect(await server.stop() == 0)
  }
}
