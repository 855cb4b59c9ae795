internal import CSpawn
internal import Glibc
internal import Synchronization

/// A program that is run once, with bytes on its standard input, and ended when it takes too long.
///
/// No shell is between: the words are the program and its arguments. It gets the environment of this process without the variables that are to be kept from it,
/// and no open file but its own three. What it writes to standard output is dropped; of standard error the beginning is kept.
package struct Subprocess: Sendable {
  package let words: [String]
  package let timeLimit: Duration
  /// Beginnings of the names of variables that the program does not get.
  package let hiddenVariables: [String]

  /// The program, as a path or found on PATH, and its arguments.
  package init(_ words: [String], timeLimit: Duration, hidden hiddenVariables: [String] = []) {
    self.words = words
    self.timeLimit = timeLimit
    self.hiddenVariables = hiddenVariables
  }

  /// How it ended.
  package enum End: Sendable, Equatable {
    case exited(status: Int)
    case killed(signal: Int)
    case tookTooLong
    case notStarted(reason: String)
  }

  package struct Outcome: Sendable, Equatable {
    package let end: End
    /// The beginning of what it wrote to standard error.
    package let complaint: String

    /// Each property by its name.
    package init(end: End, complaint: String) {
      self.end = end
      self.complaint = complaint
    }
  }

  package static let complaintBytesMax = 1_000
  /// What a program may write to standard error at all: whole blocks of its own buffers.
  private static let complaintFileBytes = 65_536

  /// Runs it on a thread of its own, and answers when it has ended.
  package func run(input: [UInt8]) async -> Outcome {
    await withCheckedContinuation { continuation in
      let thread = try? OwnedThread("subprocess") { continuation.resume(returning: runHere(input)) }
      if thread == nil {
        continuation.resume(returning: Outcome(end: .notStarted(reason: "no thread can be started"), complaint: ""))
      }
    }
  }

  /// A file in memory, so that nobody waits for anybody who does not read. The caller closes it.
  private static func memoryFile(_ bytes: [UInt8]) -> Int32? {
    let file = afterimage_memory_file("afterimage")
    guard file >= 0 else { return nil }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { write(file, $0.baseAddress! + written, bytes.count - written) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        close(file)
        return nil
      }
      written += count
    }
    lseek(file, 0, SEEK_SET)
    return file
  }

  private func runHere(_ input: [UInt8]) -> Outcome {
    func failed(_ reason: String) -> Outcome { Outcome(end: .notStarted(reason: reason), complaint: "") }
    guard let program = words.first else { return failed("no program is named") }
    guard let standardInput = Subprocess.memoryFile(input) else { return failed("out of memory") }
    defer { close(standardInput) }
    let complaints = afterimage_bounded_memory_file("afterimage", Subprocess.complaintFileBytes)
    guard complaints >= 0 else { return failed("out of memory") }
    defer { close(complaints) }
    var process = pid_t()
    let code = spawn(program, input: standardInput, complaints: complaints, &process)
    guard code == 0 else { return failed("\(program): \(String(cString: strerror(code)))") }
    let end = wait(for: process)
    return Outcome(end: end, complaint: Subprocess.beginning(of: complaints))
  }

  /// Whether a program of this name would be found: a path is taken as it is, a name is looked for in PATH.
  package static func isThere(_ program: String) -> Bool {
    if program.contains("/") { return afterimage_is_program(program) != 0 }
    let path = getenv("PATH").map { String(cString: $0) } ?? "/bin:/usr/bin"
    return path.split(separator: ":", omittingEmptySubsequences: false).contains { folder in
      afterimage_is_program((folder.isEmpty ? "." : folder) + "/" + program) != 0
    }
  }

  private func spawn(_ program: String, input standardInput: Int32, complaints: Int32, _ process: inout pid_t) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, standardInput, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, complaints, 2)
    afterimage_spawn_closing(&actions, 3)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A group of its own, so that what it starts is ended with it; and the usual signals, whatever this process has blocked.
    posix_spawnattr_setpgroup(&attributes, 0)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
    defer { for pointer in arguments + variables { free(pointer) } }
    return posix_spawnp(&process, program, &actions, &attributes, &arguments, &variables)
  }

  private var environment: [String] {
    var all: [String] = []
    var next = environ
    while let pointer = next.pointee {
      let text = String(cString: pointer)
      if !hiddenVariables.contains(where: { text.hasPrefix($0) }) { all.append(text) }
      next += 1
    }
    return all
  }

  private func wait(for process: pid_t) -> End {
    let end = ContinuousClock.now + timeLimit
    var pause: UInt32 = 500
    var isKilled = false
    while true {
      var status: Int32 = 0
      let found = waitpid(process, &status, isKilled ? 0 : WNOHANG)
      if found == process {
        if isKilled { return .tookTooLong }
        let signal = Int(status & 0x7f)
        return signal == 0 ? .exited(status: Int((status >> 8) & 0xff)) : .killed(signal: signal)
      }
      if found < 0, errno != EINTR { return .notStarted(reason: String(cString: strerror(errno))) }
      if found == 0, ContinuousClock.now >= end {
        kill(-process, SIGKILL)
        isKilled = true
        continue
      }
      usleep(pause)
      pause = min(pause * 2, 20_000)
    }
  }

  private static func beginning(of file: Int32) -> String {
    lseek(file, 0, SEEK_SET)
    var bytes = [UInt8](repeating: 0, count: complaintBytesMax)
    let count = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress!, complaintBytesMax) }
    return String(decoding: bytes.prefix(max(0, count)).prefix { $0 != 0 }, as: UTF8.self)
  }
}
