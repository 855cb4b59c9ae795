internal import Foundation
internal import Glibc
internal import Services

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
    try Executable.runAfterEnd([script, "destroy", directory])
    let bootstrap = try run(script, ["bootstrap", directory], directory + ".out")
    return BenchBroker(bootstrap: bootstrap, cluster: (script, directory))
  }

  func stop() {
    guard let cluster else { return }
    _ = try? BenchBroker.run(cluster.script, ["destroy", cluster.directory], cluster.directory + ".out")
  }

  /// What the script prints, by way of a file: a broker that it starts keeps its output open.
  private static func run(_ script: String, _ arguments: [String], _ path: String) throws -> String {
    try Executable.run([script] + arguments, output: path)
    return try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
