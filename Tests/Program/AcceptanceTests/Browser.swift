import Foundation
import Synchronization
import Testing

/// A real browser without a window, in which `evil.test` leads to this machine.
enum Browser {
  static let path = "/usr/bin/chromium"
  static let isAvailable = FileManager.default.isExecutableFile(atPath: path)

  /// What the page at an address has become when it has done its work, as HTML.
  static func page(_ address: String, _ folder: TestFolder) async throws -> String {
    let shown = try await Program.run(
      path,
      [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking",
        "--user-data-dir=\(folder.file("browser"))", "--host-resolver-rules=MAP evil.test 127.0.0.1",
        "--virtual-time-budget=10000",
        "--dump-dom", address,
      ])
    #expect(shown.status == 0, "\(shown)")
    return shown.output
  }

  /// A page that is made after the server that serves it.
  final class Page: Sendable {
    private let text = Mutex<[UInt8]>([])

    var bytes: [UInt8] { text.withLock { $0 } }

    func set(_ page: String) { text.withLock { $0 = Array(page.utf8) } }
  }
}
