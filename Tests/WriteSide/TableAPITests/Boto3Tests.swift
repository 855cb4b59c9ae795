import AccessKeys
import Foundation
import HTTPServer
import PythonTestKit
import StoreTestKit
import TableAPI
import Testing

/// Runs the Python programs beside this file against a server: unmodified boto3, as users have it.
@Suite struct Boto3Tests {
  @Test func `boto3 works unmodified`() async throws {
    let server = try APIServer()
    for name in ["basics", "tables", "reads", "legacy", "streams", "partiql", "model"] {
      try await run("boto3_\(name).py", ["http://127.0.0.1:\(server.port)"])
    }
    try await run("boto3_backups.py", ["http://127.0.0.1:\(server.port)", server.buckets.path])
  }

  @Test func `signatures and permissions are checked`() async throws {
    let folder = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    let keys = folder.path + "/keys.yaml"
    try Data(
      """
      keys:
        - id: ADMIN
          secret: admin-secret
          allow: [{tables: ["*"], access: [read, write, admin]}]
      """.utf8
    ).write(to: URL(filePath: keys))
    let server = try APIServer(access: AccessControl(try KeyFile(path: keys)))
    try await run("boto3_access.py", ["http://127.0.0.1:\(server.port)", keys])
  }

  @Test func `TLS is spoken, and a new certificate is taken while connections are open`() async throws {
    let folder = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    let first = try await identity("first", folder)
    let server = try APIServer(identity: first)
    let endpoint = "https://127.0.0.1:\(server.port)"
    try await run("boto3_tls.py", [endpoint, folder.path + "/first.pem", "first"])
    let second = try await identity("second", folder)
    #expect(!server.server.reload(TLSIdentity(certificate: second.certificate, key: first.key)))
    try await run("boto3_tls.py", [endpoint, folder.path + "/first.pem", "first"])
    #expect(server.server.reload(second))
    try await run("boto3_tls.py", [endpoint, folder.path + "/second.pem", "second"])
    server.server.retire()
    try await run("boto3_tls.py", [endpoint, folder.path + "/second.pem", "second"])
  }

  private func identity(_ name: String, _ folder: TemporaryDirectory) async throws -> TLSIdentity {
    let (certificate, key) = ("\(folder.path)/\(name).pem", "\(folder.path)/\(name).key")
    let (status, output) = try await ClientProgram.run([
      "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj",
      "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1",
    ])
    #expect(status == 0, "openssl failed: \(output)")
    return TLSIdentity(
      certificate: Array(try Data(contentsOf: URL(filePath: certificate))), key: Array(try Data(contentsOf: URL(filePath: key))))
  }

  private func run(_ program: String, _ arguments: [String]) async throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    #expect(Python.isAvailable, "boto3 is missing: \(Python.skipped)")
    let (status, output) = try await ClientProgram.run([Python.path, folder.appending(path: program).path] + arguments)
    #expect(status == 0, "\(program) failed:\n\(output)")
  }
}
