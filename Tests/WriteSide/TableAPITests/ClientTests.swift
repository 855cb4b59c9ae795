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
  func `a client of others works unmodified`(program: String) throws {
    try run([Self.python, Self.root.appending(path: "Tests/WriteSide/TableAPITests/clients/\(program).py").path])
  }

  @Test func `the aws command line works unmodified`() throws {
    try run(["/bin/sh", Self.root.appending(path: "Tests/WriteSide/TableAPITests/clients/awscli.sh").path])
  }

  private func run(_ command: [String]) throws {
    let server = try APIServer()
    let process = Process()
    process.executableURL = URL(filePath: command[0])
    process.arguments = command.dropFirst() + ["http://127.0.0.1:\(server.port)"]
    try FileManager.default.createDirectory(atPath: server.buckets.path, withIntermediateDirectories: true)
    process.currentDirectoryURL = URL(filePath: server.buckets.path)
    process.environment = ProcessInfo.processInfo.environment.merging([
      "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
      "AWS_EC2_METADATA_DISABLED": "true", "PYTHONDONTWRITEBYTECODE": "1",
    ]) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(command) failed:\n\(String(decoding: output, as: UTF8.self))")
  }
}
