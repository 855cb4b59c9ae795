import DynamoModel
import Foundation
import PythonTestKit
import StoreTestKit
import TableStore
import Testing

/// Clients of others, unmodified, each with a small program of our own; `make test` installs them.
@Suite struct ClientTests {
  @Test(
    .enabled(if: Python.areClientsAvailable, "make test installs the clients"),
    arguments: ["pynamodb_orm", "aioboto3_client", "langchain_history", "langgraph_checkpoints"])
  func `a client of others works unmodified`(program: String) async throws {
    try await run([Python.clients, ClientProgram.path("\(program).py")])
  }

  @Test(.enabled(if: Python.isAvailable, "make test installs it")) func `the aws command line works unmodified`() async throws {
    try await run(["/bin/sh", ClientProgram.path("awscli.sh"), Python.aws])
  }

  @Test(.enabled("make test installs it") { ClientProgram.jars != nil })
  func `the Enhanced Client of AWS's SDK for Java works unmodified`() async throws {
    try await run(ClientProgram.java("EnhancedClient"))
  }

  @Test(.enabled("make test installs it") { ClientProgram.jars != nil })
  func `the Kinesis Client Library shares a stream's shards among workers`() async throws {
    let server = try APIServer(options: .init(streamShardLifetime: 4_000))
    _ = try server.store.createTable(
      TableDefinition(name: "changes", key: .strings(sort: false), stream: .newAndOldImages, partitions: 4))
    try await run(ClientProgram.java("KinesisConsumer"), with: server)
  }

  private func run(_ command: [String]) async throws {
    try await run(command, with: try APIServer())
  }

  private func run(_ command: [String], with server: APIServer) async throws {
    try FileManager.default.createDirectory(atPath: server.buckets.path, withIntermediateDirectories: true)
    let (status, output) = try await ClientProgram.run(command + ["http://127.0.0.1:\(server.port)"], in: server.buckets.path)
    #expect(status == 0, "\(command) failed:\n\(output)")
  }
}
