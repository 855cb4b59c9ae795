import Foundation
import Synchronization

/// A process with its output as it comes. It is killed with the value, and when the test that waits for it is cancelled by its time limit.
///
/// Started with posix_spawn and followed by a thread of its own: many at once made Foundation's `Process` wait forever.
final class ChildProcess: Sendable {
  private struct State {
    var output: [UInt8] = []
    var errors: [UInt8] = []
    /// Set when the process has ended and everything that it said is here.
    var status: Int32?
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  struct NotStarted: Error, CustomStringConvertible {
    let description: String
  }

  let identifier: pid_t
  private let input: Int32
  private let state: Shared

  /// Held by the thread as well, which may outlive the value.
  private final class Shared: Sendable {
    let state = Mutex(State())

    func change(_ body: (inout State) -> Void) {
      let waiting = state.withLock { state in
        body(&state)
        defer { state.waiting = [] }
        return state.waiting
      }
      for continuation in waiting { continuation.resume() }
    }
  }

  static let environment = ProcessInfo.processInfo.environment.merging([
    "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "SWIFT_BACKTRACE": "enable=no",
  ]) { $1 }

  /// One start at a time: between making a pipe and marking it, another child would inherit it and keep it open.
  private static let starting = Mutex(())

  init(_ program: String, _ arguments: [String], folder: String? = nil) throws {
    var command = [program] + arguments
    // The shell goes to the folder and becomes the program.
    if let folder { command = ["/bin/sh", "-c", #"cd "$0" && exec "$@""#, folder] + command }
    let (identifier, pipes) = try ChildProcess.starting.withLock { _ in try ChildProcess.spawn(command) }
    self.identifier = identifier
    input = pipes[0]
    let shared = Shared()
    state = shared
    Thread.detachNewThread { ChildProcess.follow(identifier, pipes[1], pipes[2], shared) }
  }

  /// Starts a command; its identifier, and our ends of its input, output and errors.
  private static func spawn(_ command: [String]) throws -> (pid_t, [Int32]) {
    var pipes: [[Int32]] = []
    for _ in 0..<3 {
      var ends: [Int32] = [0, 0]
      guard pipe(&ends) == 0 else { throw NotStarted(description: "pipe: \(String(cString: strerror(errno)))") }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      pipes.append(ends)
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, pipes[0][0], 0)
    posix_spawn_file_actions_adddup2(&actions, pipes[1][1], 1)
    posix_spawn_file_actions_adddup2(&actions, pipes[2][1], 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Threads of a test run block signals, and what they block a child would too.
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let words = command.map { strdup($0) } + [nil]
    let variables = ChildProcess.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in words + variables { free(text) } }
    var identifier: pid_t = 0
    let failure = posix_spawn(&identifier, command[0], &actions, &attributes, words, variables)
    for end in [pipes[0][0], pipes[1][1], pipes[2][1]] { close(end) }
    guard failure == 0 else {
      for end in [pipes[0][1], pipes[1][0], pipes[2][0]] { close(end) }
      throw NotStarted(description: "\(command[0]): \(String(cString: strerror(failure)))")
    }
    return (identifier, [pipes[0][1], pipes[1][0], pipes[2][0]])
  }

  deinit {
    if state.state.withLock({ $0.status == nil }) { kill(identifier, SIGKILL) }
    close(input)
  }

  /// Reads both pipes to their ends, then takes the exit status.
  private static func follow(_ child: pid_t, _ output: Int32, _ errors: Int32, _ shared: Shared) {
    var open = [pollfd(fd: output, events: Int16(POLLIN), revents: 0), pollfd(fd: errors, events: Int16(POLLIN), revents: 0)]
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while open.contains(where: { $0.fd >= 0 }) {
      guard poll(&open, 2, -1) > 0 else { continue }
      for index in open.indices where open[index].fd >= 0 && open[index].revents != 0 {
        let count = read(open[index].fd, &buffer, buffer.count)
        if count <= 0 {
          close(open[index].fd)
          open[index].fd = -1
        } else {
          shared.change { state in
            if index == 0 { state.output += buffer[..<count] } else { state.errors += buffer[..<count] }
          }
        }
      }
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7f
    let result = signal == 0 ? status >> 8 & 0xff : signal
    shared.change { $0.status = result }
  }

  var output: String { String(decoding: state.state.withLock { $0.output }, as: UTF8.self) }
  var errors: String { String(decoding: state.state.withLock { $0.errors }, as: UTF8.self) }

  /// Waits until `fact` gives something, looking again whenever the process says something or ends; nil when it ended without.
  private func wait<Fact: Sendable>(_ fact: @Sendable (State) -> Fact?) async -> Fact? {
    let (child, shared) = (identifier, state)
    return await withTaskCancellationHandler {
      while true {
        let (found, isOver) = shared.state.withLock { (fact($0), $0.status != nil) }
        if found != nil || isOver { return found }
        await withCheckedContinuation { continuation in
          let isNow = shared.state.withLock { state in
            if fact(state) != nil || state.status != nil { return true }
            state.waiting.append(continuation)
            return false
          }
          if isNow { continuation.resume() }
        }
      }
    } onCancel: {
      if shared.state.withLock({ $0.status == nil }) { kill(child, SIGKILL) }
    }
  }

  var isRunning: Bool { state.state.withLock { $0.status == nil } }

  /// The exit status, or the number of the signal that ended it, when everything that it said is here too.
  @discardableResult
  func ended() async -> Int32 {
    await wait { $0.status } ?? -1
  }

  /// The first whole line of output that begins so; nil when the process ended without it.
  func line(_ beginning: String) async -> String? {
    await wait { state in ChildProcess.lines(state.output).first { $0.hasPrefix(beginning) }.map(String.init) }
  }

  /// The whole line of output with this number, from 0; nil when the process ended before it.
  func line(_ number: Int) async -> String? {
    await wait { state in
      let lines = ChildProcess.lines(state.output)
      return number < lines.count ? String(lines[number]) : nil
    }
  }

  /// The first whole line on standard error that contains the text; nil when the process ended without it.
  func errorLine(containing text: String) async -> String? {
    await wait { state in ChildProcess.lines(state.errors).first { $0.contains(text) }.map(String.init) }
  }

  private static func lines(_ bytes: [UInt8]) -> [Substring] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
  }

  func send(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    // A child that has ended takes nothing: that must not end the tests.
    _ = Foundation.signal(SIGPIPE, SIG_IGN)
    _ = write(input, bytes, bytes.count)
  }

  func signal(_ number: Int32) { kill(identifier, number) }
}
