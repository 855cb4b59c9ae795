import DynamoModel
import Foundation
import PythonTestKit
import StoreTestKit
import TableStore
import Testing

/// Clients of others, unmodified, each with a small program of our own; `make test` installs them.
@Suite struct ClientTests {
  private static let root = URL(filePath: #filePath).appending(path: "../../../..").standardized
  /// The Kinesis Client Library and AWS's SDK for Java, as a PyPI package carries them.
  private static let jars = (FileManager.default.subpaths(atPath: Python.clientsLibrary) ?? [])
    .first { $0.hasSuffix("/amazon_kclpy/jars") }.map { "\(Python.clientsLibrary)/\($0)" }

  @Test(
    .enabled(if: Python.areClientsAvailable, "make test installs the clients"),
    arguments: ["pynamodb_orm", "aioboto3_client", "langchain_history", "langgraph_checkpoints"])
  func `a client of others works unmodified`(program: String) async throws {
    try await run([Python.clients, Self.program("\(program).py")])
  }

  @Test(.enabled(if: Python.isAvailable, "make test installs it")) func `the aws command line works unmodified`() async throws {
    try await run(["/bin/sh", Self.program("awscli.sh"), Python.aws])
  }

  @Test(.enabled("make test installs it") { jars != nil })
  func `the Enhanced Client of AWS's SDK for Java works unmodified`() async throws {
    try await run(["/bin/sh", Self.program("java.sh"), try #require(Self.jars), "EnhancedClient"])
  }

  @Test(.enabled("make test installs it") { jars != nil })
  func `the Kinesis Client Library shares a stream's shards among workers`() async throws {
    let server = try APIServer(options: .init(streamShardLifetime: 4_000))
    _ = try server.store.createTable(
      TableDefinition(name: "changes", key: .strings(sort: false), stream: .newAndOldImages, partitions: 4))
    try await run(["/bin/sh", Self.program("java.sh"), try #require(Self.jars), "KinesisConsumer"], with: server)
  }

  private static func program(_ name: String) -> String {
    root.appending(path: "Tests/WriteSide/TableAPITests/clients/\(name)").path
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
