import Foundation
import Testing

/// A full disk: on a small file system of its own, in a name space that ends with the test.
@Suite(.timeLimit(.minutes(1))) struct DiskFullTests {
  static var hasNameSpaces: Bool {
    get async {
      (try? await Program.run("/usr/bin/env", ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]))?.status == 0
    }
  }

  @Test(.enabled("skipped: this machine lets no user mount a file system of its own", { await hasNameSpaces }))
  func `a full disk refuses writes, says so, and loses nothing`() async throws {
    let folder = try TestFolder()
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "disk_full.py").path
    let mounted = #"mount -t tmpfs -o size=40m tmpfs "$0" && exec python3 "$@""#
    let outcome = try await Program.run(
      "/usr/bin/env",
      ["unshare", "-rm", "sh", "-c", mounted, folder.path, script, Program.path, Program.pipeline("chat-rooms"), folder.path])
    #expect(outcome.status == 0, "\(outcome)")
  }
}
