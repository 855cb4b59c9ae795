import DynamoClient
import DynamoModel
import Foundation
import KafkaTestKit
import Testing

/// A table server with a certificate that an authority of its own signed, and a process elsewhere that reads its logs and writes to it.
@Suite(.timeLimit(.minutes(3)), .enabled(if: KafkaCluster.isAvailable, Comment(rawValue: KafkaBroker.skipped)))
struct TableAuthorityTests {
  private func serve(_ roles: String, _ folder: TestFolder, _ name: String, _ more: [String]) async throws -> DevProcess {
    try await DevProcess.serve(
      ["--roles", roles, "--data", folder.file(name), "--health-port", "0", "-p", Program.pipeline("chat-rooms")] + more)
  }

  private func call(_ client: DynamoClient, _ operation: String, _ name: String, _ item: Item) async throws {
    _ = try await client.call(operation) { writer in
      writer.member("TableName", "Chat")
      writer.name(text: name)
      writer.item(item)
    }
  }

  @Test func `its log is read and effects are carried out with the authority that is named, and without it is said why not`()
    async throws
  {
    let folder = try TestFolder()
    let kafka = try KafkaCluster()
    let (certificate, key) = try await folder.certificate()
    let tables = try await serve("table", folder, "tables", ["--tls-cert", certificate, "--tls-key", key])
    #expect(tables.tables.hasPrefix("https://"))
    let client = DynamoClient(endpoint: tables.tables, authorities: certificate)
    let room: Item = ["PK": .string("Room:music"), "SK": .string("meta")]
    try await call(client, "PutItem", "Item", room)
    try await call(client, "PutItem", "Item", ["PK": .string("User:ana"), "SK": .string("Join:music")])

    let elsewhere = ["--kafka", kafka.bootstrap, "--table-endpoint", tables.tables]
    let untrusting = try await serve("relay,worker", folder, "untrusting", elsewhere)
    let said = try #require(await untrusting.child.errorLine(containing: "the tables to relay are not known"))
    #expect(said.contains("the certificate of \(tables.tables) is not trusted here"), "\(said)")
    #expect(await untrusting.stop() == 0)

    let trusting = try await serve("relay,worker,query", folder, "trusting", elsewhere + ["--table-endpoint-ca", certificate])
    func wait(_ words: String, _ isSo: (String) -> Bool) async throws {
      let end = ContinuousClock.now + Fleet.waitMax
      while true {
        let answer = try await Program.run(
          "query", "chat-rooms", "members_of_room", "--param", "room=music", "--server", trusting.page)
        if isSo(answer.output) { return }
        try #require(ContinuousClock.now < end, "\(words): \(answer)\n\(trusting.child.errors)")
        try await Task.sleep(for: .milliseconds(50))
      }
    }
    try await wait("who has joined is seen") { $0.contains("ana") }
    try await call(client, "DeleteItem", "Key", room)
    try await wait("a room that is gone takes its members with it") { !$0.contains("ana") }
    #expect(await trusting.stop() == 0, "\(trusting.child.errors)")
    #expect(await tables.stop() == 0)
  }

  @Test func `a file that holds no certificates is refused with its place, and the option where it has no use`() async throws {
    let folder = try TestFolder()
    func refused(_ more: [String], status: Int32 = 1) async throws -> String {
      let usual = ["--roles", "relay,worker", "--kafka", "localhost:1", "--data", folder.file("data"), "--health-port", "0"]
      let outcome = try await Program.run("serve", arguments: usual + more)
      #expect(outcome.status == status, "\(outcome)")
      return outcome.errors
    }
    let endpoint = ["--table-endpoint", "https://localhost:1"]
    let (certificate, key) = try await folder.certificate()
    #expect(try await refused(endpoint + ["--table-endpoint-ca", key]).contains("\(key):1: it holds no certificate"))
    #expect(try await refused(endpoint + ["--table-endpoint-ca", folder.file("none")]).contains("none cannot be read"))
    let whole = try String(contentsOfFile: certificate, encoding: .utf8)
    let cut = try folder.write("cut.pem", whole + "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    let line = whole.split(separator: "\n").count + 1
    let torn = try await refused(endpoint + ["--table-endpoint-ca", cut])
    #expect(torn.contains("cut.pem:\(line): the certificate cannot be read"), "\(torn)")
    let half = try folder.write("half.pem", String(whole.prefix(whole.count / 2)))
    let unended = try await refused(endpoint + ["--table-endpoint-ca", half])
    #expect(unended.contains("half.pem:1: the certificate has no end"), "\(unended)")
    for without in [["--table-endpoint", "http://localhost:1"], []] as [[String]] {
      let said = try await refused(["--roles", "worker"] + without + ["--table-endpoint-ca", certificate], status: 2)
      #expect(said.contains("--table-endpoint-ca goes with a --table-endpoint that begins with https://"), "\(said)")
    }
  }
}
