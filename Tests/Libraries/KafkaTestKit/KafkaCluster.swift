internal import Foundation
internal import Synchronization

/// A broker of a test's own, to be killed and started again; destroyed with the value.
package final class KafkaCluster: Sendable {
  package let bootstrap: String
  private let directory: String
  private let isShared = Mutex(false)

  package static var isAvailable: Bool {
    KafkaBroker.isAvailable && ProcessInfo.processInfo.environment["AFTERIMAGE_TEST_KAFKA"] == nil
  }

  /// `settings` are the broker's own, `name=value`.
  package init(_ settings: [String] = [], brokers: Int = 1) throws {
    directory = FileManager.default.temporaryDirectory.appendingPathComponent("afterimage-kafka-\(UUID().uuidString)").path
    // Ports far from others: two test processes on one machine must not race for the first free one.
    let port = 20_000 + Int(ProcessInfo.processInfo.processIdentifier % 2_000) * 20 + Int.random(in: 0..<3) * 6
    let set = settings.flatMap { ["--set", $0] }
    _ = try KafkaBroker.run(["start", directory, "--port", "\(port)", "--brokers", "\(brokers)"] + set)
    bootstrap = try KafkaBroker.run(["bootstrap", directory])
    try KafkaBroker.destroyAfterEnd(directory)
  }

  /// Keeps it until the process ends.
  func outlive() { isShared.withLock { $0 = true } }

  /// SIGKILL: nothing is flushed. One of several by its number, from 1 on.
  package func kill(_ broker: Int? = nil) throws {
    _ = try KafkaBroker.run(["kill", directory] + (broker.map { ["\($0)"] } ?? []))
  }

  package func restart() throws { _ = try KafkaBroker.run(["restart", directory]) }

  deinit {
    if !isShared.withLock({ $0 }) { _ = try? KafkaBroker.run(["destroy", directory]) }
  }
}
