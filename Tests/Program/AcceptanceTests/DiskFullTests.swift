import Foundation
import PythonTestKit
import Testing

/// Disks that are full or take nothing: on a small file system of its own, in a name space that ends with the test.
@Suite(.timeLimit(.minutes(2))) struct DiskFullTests {
  static let skipped = Comment(rawValue: "skipped: this machine lets no user mount a file system of its own")

  static var hasNameSpaces: Bool {
    get async {
      (try? await Program.run("/usr/bin/env", ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]))?.status == 0
    }
  }

  /// Runs a Python program beside this file with these arguments, `folder` being a tmpfs of so many megabytes.
  private func run(_ program: String, _ arguments: [String], megabytes: Int, in folder: TestFolder) async throws {
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: program).path
    let mounted = #"mount -t tmpfs -o size=\#(megabytes)m tmpfs "$0" && exec \#(Python.path) "$@""#
    let outcome = try await Program.run(
      "/usr/bin/env", ["unshare", "-rm", "sh", "-c", mounted, folder.path, script, Program.path] + arguments)
    #expect(outcome.status == 0, "\(outcome)")
  }

  @Test(.enabled(skipped, { await hasNameSpaces }))
  func `a full disk refuses writes, says so, loses nothing, and writes go on when there is room`() async throws {
    let folder = try TestFolder()
    try await run("disk_full.py", [Program.pipeline("chat-rooms"), folder.path], megabytes: 40, in: folder)
  }

  @Test(.enabled(skipped, { await hasNameSpaces }))
  func `a read model on a full disk says so and goes on when there is room, and nothing is lost`() async throws {
    let folder = try TestFolder()
    try await run("read_model_full.py", [folder.path], megabytes: 400, in: folder)
  }

  @Test(.enabled(skipped, { await hasNameSpaces }))
  func `a read-only directory is named, and what it holds is served again when it is not`() async throws {
    let folder = try TestFolder()
    try await run("read_only.py", [Program.pipeline("chat-rooms"), folder.path], megabytes: 200, in: folder)
  }
}
