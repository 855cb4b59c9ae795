import Dispatch
import Foundation
import Services

/// A real browser without a window, in which `evil.test` leads to this machine.
package enum Browser {
  package static let path = "/usr/bin/chromium"
  package static let isAvailable = FileManager.default.isExecutableFile(atPath: path)

  /// What the page at an address has become when it has done its work, as HTML. A page that keeps a request open has none: its time stands
  /// still. `profile` is a folder for what the browser keeps.
  package static func page(_ address: String, profile: String) async throws -> String {
    let output = FileManager.default.temporaryDirectory.path + "/page-\(UUID())"
    defer { try? FileManager.default.removeItem(atPath: output) }
    let command = [
      path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
      "--disable-background-networking", "--user-data-dir=\(profile)", "--host-resolver-rules=MAP evil.test 127.0.0.1",
      "--virtual-time-budget=10000", "--dump-dom", address,
    ]
    let ended: Result<Void, Executable.Failure> = await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        do throws(Executable.Failure) {
          try Executable.run(command, output: output)
          continuation.resume(returning: .success(()))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
    try ended.get()
    return try String(contentsOfFile: output, encoding: .utf8)
  }
}
