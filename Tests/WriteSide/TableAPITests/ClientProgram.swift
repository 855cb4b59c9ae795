import Foundation
import PythonTestKit
import Services

/// A program of the tests, as users run theirs: found on the path, with credentials that any server without keys takes.
enum ClientProgram {
  /// The Kinesis Client Library and AWS's SDK for Java, as a PyPI package carries them; nil until `make test` has installed them.
  static let jars = (FileManager.default.subpaths(atPath: Python.clientsLibrary) ?? [])
    .first { $0.hasSuffix("/amazon_kclpy/jars") }.map { "\(Python.clientsLibrary)/\($0)" }

  /// A program of the folder `clients`.
  static func path(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "clients/\(name)").path
  }

  /// The command that compiles and runs one that is written in Java.
  static func java(_ name: String) -> [String] { ["/bin/sh", path("java.sh"), jars ?? "", name] }

  /// Its exit code, and all that it wrote. Waits on a thread of its own: the server that it speaks with may need the few that
  /// asynchronous tests share.
  static func run(_ command: [String], in directory: String? = nil) async throws -> (status: Int32, output: String) {
    try await withCheckedThrowingContinuation { continuation in
      Thread { continuation.resume(with: Result { try wait(command, in: directory) }) }.start()
    }
  }

  private static func wait(_ command: [String], in directory: String?) throws -> (status: Int32, output: String) {
    let output = FileManager.default.temporaryDirectory.path + "/client-program-\(UUID())"
    defer { try? FileManager.default.removeItem(atPath: output) }
    let place = directory.map { ["-C", $0] } ?? []
    let variables = [
      "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true",
      "PYTHONDONTWRITEBYTECODE=1",
    ]
    let status = try Executable.status(of: ["/usr/bin/env"] + place + variables + command, output: output, keepsErrors: true)
    return (status, String(decoding: try Data(contentsOf: URL(filePath: output)), as: UTF8.self))
  }
}
