import Foundation
import KafkaTestKit
import Testing

/// The owner of a secured broker, who gives and takes rights: a program of Kafka's own client library, since librdkafka 2.0.2 knows no rights on
/// transactional ids. Used by one task.
final class BrokerOwner {
  /// A right of a user on everything whose name begins so.
  struct Right: Hashable, CustomStringConvertible {
    let operation: String
    /// As Kafka calls the kind of what it is on.
    let type: String
    let prefix: String

    /// `on` is plain English: topics, groups, transactional ids.
    init?(_ operation: String, on kind: String, prefix: String) {
      guard let type = ["topics": "TOPIC", "groups": "GROUP", "transactional ids": "TRANSACTIONAL_ID"][kind] else { return nil }
      (self.operation, self.type, self.prefix) = (operation, type, prefix)
    }

    var description: String { "\(operation) on \(type) \(prefix)*" }
  }

  static let skipped =
    "skipped: rights on brokers are given by a Java program. Install Debian's default-jdk-headless (`make test-packages`)"
  static var isAvailable: Bool {
    KafkaBroker.libraries != nil && FileManager.default.isExecutableFile(atPath: "/usr/bin/javac")
  }

  private let child: ChildProcess
  private var asked = 0

  init(_ kafka: KafkaCluster) throws {
    let program = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "BrokerOwner.java").path
    child = try ChildProcess(
      "/usr/bin/java",
      ["-cp", "\(try #require(KafkaBroker.libraries))/*", program, kafka.bootstrap, kafka.authority])
  }

  func grant(_ right: Right, to user: String) async throws {
    try await perform("grant \(user) \(right.type) PREFIXED \(right.prefix) \(right.operation)")
  }

  func revoke(_ right: Right, from user: String) async throws {
    try await perform("revoke \(user) \(right.type) PREFIXED \(right.prefix) \(right.operation)")
  }

  func set(_ setting: String, of topic: String, to value: String) async throws {
    try await perform("set \(topic) \(setting) \(value)")
  }

  func make(_ topic: String, partitions: Int, _ settings: [String] = []) async throws {
    try await perform((["topic", topic, "\(partitions)"] + settings).joined(separator: " "))
  }

  /// Of groups whose names begin so, the lag of each partition that has an offset.
  func lag(of groups: String) async throws -> [Int] {
    let answer = await ask("lag \(groups)")
    #expect(answer?.hasPrefix("lag") == true, "\(answer ?? child.errors)")
    return (answer ?? "").split(separator: " ").compactMap { Int($0) }
  }

  private func perform(_ line: String) async throws {
    let answer = await ask(line)
    #expect(answer == "done", "\(line): \(answer ?? child.errors)")
  }

  private func ask(_ line: String) async -> String? {
    child.send(line)
    defer { asked += 1 }
    return await child.line(asked)
  }
}
