import Foundation
import Services

/// A program of the tests, as users run theirs: found on the path, with credentials that any server without keys takes.
enum ClientProgram {
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
