import Foundation
import PythonTestKit
import Testing

/// A server with keys and TLS: who may write, that workers' effects still reach it, and that no secret is said anywhere.
@Suite struct ProtectedTests {
  @Test(.timeLimit(.minutes(1))) func `a server with keys and TLS carries out effects and says no secret`() async throws {
    let folder = try TestFolder()
    let (certificate, key) = try await folder.certificate()
    let keys = try folder.write(
      "keys.yaml",
      """
      keys:
        - {id: WRITER, secret: s3cret-of-the-writer, allow: [{tables: [Chat], access: [read, write]}]}
        - {id: reader, token: s3cret-token-of-the-reader, allow: [{pipelines: [chat-rooms], access: [query]}]}
      """)
    let server = try await DevProcess.start(
      data: folder.file("data"), pipelines: [Program.pipeline("chat-rooms")],
      ["--keys", keys, "--tls-cert", certificate, "--tls-key", key])
    #expect(server.tables.hasPrefix("https://") && server.page.hasPrefix("https://"))
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "protected.py").path
    let outcome = try await Program.run(Python.path, [file, server.tables, server.page, certificate])
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)\nserver:\n\(server.child.errors)")
    #expect(await server.stop() == 0)
    #expect(!(server.child.errors + server.child.output).contains("s3cret"))
  }

  @Test(.timeLimit(.minutes(1)))
  func `without keys the table API stays on loopback, and wrong files of keys are refused with their place`()
    async throws
  {
    let folder = try TestFolder()
    func refused(_ more: [String]) async throws -> String {
      let outcome = try await Program.run(
        "dev", arguments: ["--data", folder.file("data"), "--port", "0", "--page-port", "0"] + more)
      #expect(outcome.status != 0)
      return outcome.errors
    }
    #expect(
      try await refused(["--address", "0.0.0.0"]).contains("the table API may listen on 0.0.0.0 only with keys to check: name a"))
    #expect(
      try await refused(["--page-address", "0.0.0.0"]).contains(
        "the page with the queries may listen on 0.0.0.0 only with keys to check: name a file of them with --keys"))
    let wrong = try folder.write("keys.yaml", "keys:\n  - id: A\n    secret: hidden\n    alow: []\n")
    let said = try await refused(["--keys", wrong])
    #expect(said.contains("keys.yaml:4:5: alow is not known here"), "\(said)")
    #expect(!said.contains("hidden"))
    #expect(try await refused(["--tls-cert", wrong]).contains("--tls-cert and --tls-key go together"))
  }
}
