internal import Foundation
internal import Glibc
package import Kafka
internal import Services
internal import Synchronization

/// The broker that a test process talks to: the one that AFTERIMAGE_TEST_KAFKA names, or one of its own from the shared folder's
/// `kafka-cluster`, in a temporary directory, destroyed when the process ends however it ends.
package enum KafkaBroker {
  /// What a skipped test says.
  package static let skipped =
    "skipped: no Kafka broker. Set AFTERIMAGE_TEST_KAFKA to a bootstrap address, or put kafka-cluster into ../shared/kafka"

  package static var isAvailable: Bool { given != nil || script != nil }

  private static var given: String? {
    let value = ProcessInfo.processInfo.environment["AFTERIMAGE_TEST_KAFKA"]
    return value?.isEmpty == false ? value : nil
  }

  /// `kafka-cluster` of the shared folder, which stands beside the repository unless AFTERIMAGE_SHARED says otherwise.
  private static var script: String? {
    let shared =
      ProcessInfo.processInfo.environment["AFTERIMAGE_SHARED"]
      ?? URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../../shared").standardizedFileURL.path
    let path = shared + "/kafka/kafka-cluster"
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }

  /// Kafka's own Java libraries, for programs that are its clients; nil where a broker is given.
  package static var libraries: String? { script.map { ($0 as NSString).deletingLastPathComponent + "/libs" } }

  private static let started = Mutex<String?>(nil)

  /// The broker's address; starts it at the first call.
  package static func bootstrap() throws -> String {
    if let given { return given }
    return try started.withLock { started in
      if let started { return started }
      let cluster = try KafkaCluster()
      cluster.outlive()
      started = cluster.bootstrap
      return cluster.bootstrap
    }
  }

  package static func configuration() throws -> KafkaConfiguration { KafkaConfiguration(bootstrap: try bootstrap()) }

  /// A name that no other test uses.
  package static func uniqueName(_ prefix: String = "t") -> String {
    "\(prefix)-\(UInt64.random(in: 0 ... .max))"
  }

  /// Runs the script and gives what it prints.
  static func run(_ arguments: [String], environment: [String] = []) throws -> String {
    guard let script else { throw KafkaTestError(KafkaBroker.skipped) }
    let output = FileManager.default.temporaryDirectory.appendingPathComponent("afterimage-\(UUID().uuidString).out").path
    defer { try? FileManager.default.removeItem(atPath: output) }
    try Executable.run(["/usr/bin/env"] + environment + [script] + arguments, output: output)
    return try String(contentsOfFile: output, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Destroys the cluster once this process is gone, also when it was killed.
  static func destroyAfterEnd(_ directory: String) throws {
    guard let script else { return }
    try Executable.runAfterEnd([script, "destroy", directory])
  }
}

package struct KafkaTestError: Error, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}
