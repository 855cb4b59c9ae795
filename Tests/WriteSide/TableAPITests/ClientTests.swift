import Foundation
import StoreTestKit
import Testing

/// Clients of others, unmodified, each with a small program of our own; `make test` installs them.
@Suite struct ClientTests {
  private static let root = URL(filePath: #filePath).appending(path: "../../../..").standardized
  private static let python = root.appending(path: ".build/clients/bin/python").path

  @Test(
    .enabled("make test installs the clients") { FileManager.default.isExecutableFile(atPath: python) },
    arguments: ["pynamodb_orm", "aioboto3_client", "langchain_history", "langgraph_checkpoints"])
  func `a client of others works unmodified`(program: String) async throws {
    try await run([Self.python, Self.root.appending(path: "Tests/WriteSide/TableAPITests/clients/\(program).py").path])
  }

  @Test func `the aws command line works unmodified`() async throws {
    try await run(["/bin/sh", Self.root.appending(path: "Tests/WriteSide/TableAPITests/clients/awscli.sh").path])
  }

  private func run(_ command: [String]) async throws {
    let server = try APIServer()
    try FileManager.default.createDirectory(atPath: server.buckets.path, withIntermediateDirectories: true)
    let (status, output) = try await ClientProgram.run(command + ["http://127.0.0.1:\(server.port)"], in: server.buckets.path)
    #expect(status == 0, "\(command) failed:\n\(output)")
  }
}
