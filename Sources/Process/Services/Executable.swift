package import Glibc

/// Other programs. Foundation's `Process` is not used: its wait needs a run loop, which the thread of a task has not, and its start
/// reads past the end of a directory entry (Swift 6.3 on Linux, found by the address sanitizer), which ends the process now and then.
package enum Executable {
  /// Why a program did not start, or how it ended.
  package struct Failure: Error, Sendable, CustomStringConvertible {
    package let description: String
  }

  /// Starts a program by its path, its output in a file, and its errors too if they are kept. The caller waits for it, or lets it go.
  package static func spawn(_ command: [String], output: String, keepsErrors: Bool = false) throws(Failure) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    if keepsErrors {
      posix_spawn_file_actions_adddup2(&actions, 1, 2)
    } else {
      posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    }
    let arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    defer { for text in arguments { free(text) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, command[0], &actions, nil, arguments, environ)
    guard code == 0 else { throw Failure(description: "\(command[0]) does not start: \(String(cString: strerror(code)))") }
    return pid
  }

  /// Runs a program to its end, its output in a file: a child that it leaves behind may keep that open. Blocks. Its exit status, or 128
  /// and the number of the signal that ended it.
  package static func status(of command: [String], output: String, keepsErrors: Bool = false) throws(Failure) -> Int32 {
    let pid = try spawn(command, output: output, keepsErrors: keepsErrors)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) == -1, errno == EINTR {}
    return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
  }

  /// The same, where any status but 0 is a failure.
  package static func run(_ command: [String], output: String, keepsErrors: Bool = false) throws(Failure) {
    let status = try status(of: command, output: output, keepsErrors: keepsErrors)
    guard status == 0 else { throw Failure(description: "\(command.joined(separator: " ")) ended with status \(status)") }
  }

  /// Runs a program once this process is gone, also when it was killed.
  package static func runAfterEnd(_ command: [String]) throws(Failure) {
    let watch = "while kill -0 \(getpid()) 2>/dev/null; do sleep 0.5; done; exec \"$0\" \"$@\""
    _ = try spawn(["/usr/bin/setsid", "/bin/sh", "-c", watch] + command, output: "/dev/null")
  }
}
