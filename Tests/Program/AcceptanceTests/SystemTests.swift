import Foundation
import PythonTestKit
import Testing

/// The acceptance scenarios of the source systems B and C: a running `afterimage dev`, written to with unmodified boto3 and asked over
/// HTTP. Each Python program beside this file holds a system's scenarios by their names.
@Suite(.serialized) struct SystemTests {
  enum Way: String { case plain, killed }

  @Test(.timeLimit(.minutes(2)), arguments: [1, 3]) func `the session store does what its users need`(partitions: Int)
    async throws
  {
    try await run("system_b.py", partitions, .plain) { folder in [Program.pipeline("session-store"), try shortened(folder)] }
  }

  @Test(.timeLimit(.minutes(2)), arguments: [1, 3]) func `chat rooms do what their users need`(partitions: Int) async throws {
    try await run("system_c.py", partitions, .plain) { _ in [Program.pipeline("chat-rooms")] }
  }

  @Test(.timeLimit(.minutes(2))) func `the session store survives kill -9 between writing and reading`() async throws {
    try await run("system_b.py", 1, .killed) { folder in [Program.pipeline("session-store"), try shortened(folder)] }
  }

  @Test(.timeLimit(.minutes(2))) func `chat rooms survive kill -9 between writing and reading`() async throws {
    try await run("system_c.py", 3, .killed) { _ in [Program.pipeline("chat-rooms")] }
  }

  @Test(.timeLimit(.minutes(2))) func `bad input is refused clearly and costs nothing`() async throws {
    try await run("bad_input.py", 1, .plain) { _ in [Program.pipeline("chat-rooms")] }
  }

  /// The session store with spans that a test can wait for.
  private func shortened(_ folder: TestFolder) throws -> String {
    let text = try String(contentsOfFile: Program.pipeline("session-store") + "/pipeline.yaml", encoding: .utf8)
    let short = text.replacingOccurrences(of: "pipeline: session-store", with: "pipeline: session-store-short")
      .replacingOccurrences(of: "session_store", with: "session_store_short")
      .replacingOccurrences(of: "gap: 12h", with: "gap: 2s").replacingOccurrences(of: "max: 10m", with: "max: 1s")
    #expect(short.contains("gap: 2s") && short.contains("max: 1s"))
    return (try folder.write("short/pipeline.yaml", short) as NSString).deletingLastPathComponent
  }

  private func run(_ program: String, _ partitions: Int, _ way: Way, _ pipelines: (TestFolder) throws -> [String]) async throws {
    let folder = try TestFolder()
    let data = folder.file("data")
    let pipelines = try pipelines(folder)
    let more = ["--partitions", "\(partitions)"]
    var server = try await DevProcess.start(data: data, pipelines: pipelines, more)
    let models = data + "/read-models"
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: program).path
    let python = try ChildProcess(Python.path, [file, server.tables, server.page, models, way.rawValue])
    var said = ""
    var line = 0
    while let text = await python.line(line) {
      line += 1
      switch text {
      case "KILL", "REPLAY":
        let ports = server.ports
        await server.kill()
        said += server.child.errors
        if text == "REPLAY" { try FileManager.default.removeItem(atPath: models) }
        server = try await DevProcess.start(data: data, pipelines: pipelines, port: ports.tables, pagePort: ports.page, more)
        python.send("done")
      default: break
      }
    }
    let status = await python.ended()
    #expect(status == 0, "\(python.output)\(python.errors)\nserver:\n\(server.child.errors)")
    #expect(await server.stop() == 0)
    said += server.child.errors + server.child.output
    #expect(!said.contains("tok3n-"), "an access token is in the server's output")
  }
}
