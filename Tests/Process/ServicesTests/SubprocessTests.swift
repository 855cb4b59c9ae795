import Foundation
import Services
import Testing

/// Programs that are run once.
@Suite(.timeLimit(.minutes(1))) struct SubprocessTests {
  private func run(_ script: String, input: String = "", limit: Duration = .seconds(30)) async -> Subprocess.Outcome {
    await Subprocess(["sh", "-c", script], timeLimit: limit, hidden: ["AFTERIMAGE_", "AWS_"]).run(input: Array(input.utf8))
  }

  @Test func `it gets its input whole and says how it ended`() async throws {
    let path = NSTemporaryDirectory() + "afterimage-subprocess-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let text = String(repeating: "0123456789abcdef\n", count: 100_000)
    #expect(await run("cat > '\(path)'", input: text) == Subprocess.Outcome(end: .exited(status: 0), complaint: ""))
    #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    // Who does not read is not waited for, and harms nobody.
    #expect(await run("exit 3", input: text).end == .exited(status: 3))
    #expect(await run("kill -TERM $$").end == .killed(signal: 15))
    // Who complains without an end is refused the rest.
    let complaint = await run("echo it is so >&2; yes no >&2; exit 1")
    #expect(complaint.end == .exited(status: 1) && complaint.complaint.hasPrefix("it is so\n"))
    #expect(complaint.complaint.utf8.count <= Subprocess.complaintBytesMax)
  }

  @Test func `what takes too long is ended, with what it started`() async throws {
    let start = ContinuousClock.now
    let outcome = await run("sleep 600 & wait", limit: .milliseconds(100))
    #expect(outcome.end == .tookTooLong && ContinuousClock.now - start < .seconds(20))
  }

  @Test func `no shell reads the words, and secrets are kept from it`() async throws {
    setenv("AFTERIMAGE_TEST_SECRET", "s", 1)
    defer { unsetenv("AFTERIMAGE_TEST_SECRET") }
    #expect(await run("test -z \"$AFTERIMAGE_TEST_SECRET\" && test -n \"$PATH\"").end == .exited(status: 0))
    // One word, with what a shell would read.
    #expect(
      await Subprocess(["test", "a; exit 9", "=", "a; exit 9"], timeLimit: .seconds(9)).run(input: []).end == .exited(status: 0))
  }

  @Test func `it has no file of this process`() async throws {
    let file = open("/dev/null", O_RDONLY)
    defer { close(file) }
    #expect(await run("test ! -e /proc/self/fd/\(file) || exit 7").end == .exited(status: 0))
  }

  @Test func `what cannot be started says so`() async {
    for words in [[], ["/nowhere/at/all"], ["/etc/hostname"]] {
      guard case .notStarted(let reason) = await Subprocess(words, timeLimit: .seconds(9)).run(input: []).end else {
        Issue.record("\(words) was started")
        continue
      }
      #expect(!reason.isEmpty)
    }
  }
}
