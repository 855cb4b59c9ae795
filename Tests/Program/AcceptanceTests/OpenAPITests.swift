import Foundation
import PythonTestKit
import Testing

/// The document of the query server, checked by others' validators against what a running process answers.
@Suite(.serialized) struct OpenAPITests {
  @Test(.timeLimit(.minutes(3)), .enabled(if: Python.isAvailable, Comment(rawValue: Python.skipped)))
  func `the document is valid, and what the server answers is what it says`() async throws {
    let folder = try TestFolder()
    let names = [
      "chat-memory", "chat-rooms", "chatbot-sessions", "direct-messages", "errbot", "game-scores", "mini-jira", "session-store",
      "session-store-single",
    ]
    // Sessions of three seconds would have ended before they are asked for.
    let server = try await DevProcess.start(
      data: folder.file("data"), pipelines: names.map { Program.pipeline($0) }, ["--set", "errbot.tts_cooldown=1h"])
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "openapi.py").path
    let outcome = try await Program.run(
      Python.path, [file, server.tables, server.page, Program.repository.appending(path: "pipelines/HTTP.md").path])
    #expect(outcome.status == 0 && outcome.output.hasSuffix(" paths\n"), "\(outcome)")
    #expect(await server.stop() == 0)
  }
}
