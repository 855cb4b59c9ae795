internal import Foundation
internal import Glibc

/// The brokers of the Kafka part: those that AFTERIMAGE_TEST_KAFKA names, or one of its own from the shared folder's `kafka-cluster`,
/// destroyed when the bench ends however it ends.
struct BenchBroker {
  let bootstrap: String
  private let cluster: (script: String, directory: String)?

  /// Nil when there is neither.
  static func start(in directory: String) throws -> BenchBroker? {
    if let given = ProcessInfo.processInfo.environment["AFTERIMAGE_TEST_KAFKA"], !given.isEmpty {
      return BenchBroker(bootstrap: given, cluster: nil)
    }
    let shared =
      ProcessInfo.processInfo.environment["AFTERIMAGE_SHARED"]
      ?? URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../../shared").standardizedFileURL.path
    let script = shared + "/kafka/kafka-cluster"
    guard FileManager.default.isExecutableFile(atPath: script) else { return nil }
    let directory = directory + "/kafka"
    // Ports far from others: two processes on one machine must not race for the first free one.
    let port = 40_000 + Int(getpid() % 1_000) * 4
    _ = try run(script, ["start", directory, "--port", "\(port)"], directory + ".out")
    let watch = "while kill -0 \(getpid()) 2>/dev/null; do sleep 1; done; \"$0\" destroy \"$1\""
    _ = try spawn(["/usr/bin/setsid", "/bin/sh", "-c", watch, script, directory], output: "/dev/null")
    let bootstrap = try run(script, ["bootstrap", directory], directory + ".out")
    return BenchBroker(bootstrap: bootstrap, cluster: (script, directory))
  }

  func stop() {
    guard let cluster else { return }
    _ = try? BenchBroker.run(cluster.script, ["destroy", cluster.directory], cluster.directory + ".out")
  }

  /// What the script prints, by way of a file: a broker that it starts keeps its output open.
  private static func run(_ script: String, _ arguments: [String], _ path: String) throws -> String {
    let pid = try spawn([script] + arguments, output: path)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) == -1, errno == EINTR {}
    guard status == 0 else {
      throw BenchError("kafka-cluster \(arguments.joined(separator: " ")) ended with status \(status)")
    }
    return try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Starts a program. Foundation's Process is not used: its wait needs a run loop, which a task's thread has not.
  static func spawn(_ command: [String], output: String) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    let arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, command[0], &actions, nil, arguments, environ)
    guard code == 0 else { throw BenchError("\(command[0]) does not start: \(String(cString: strerror(code)))") }
    return pid
  }
}
