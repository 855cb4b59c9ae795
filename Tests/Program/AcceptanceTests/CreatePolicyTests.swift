import Foundation
import Kafka
import KafkaLog
import KafkaTestKit
import Testing

/// Brokers with a policy for new topics that those of a table do not follow.
@Suite(.serialized, .timeLimit(.minutes(5)), .enabled(if: BrokerOwner.isAvailable, Comment(rawValue: BrokerOwner.skipped)))
struct CreatePolicyTests {
  /// The policy's class in an archive.
  private static func plugin(in folder: TestFolder) async throws -> String {
    let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "CreatePolicy.java").path
    let libraries = try #require(KafkaBroker.libraries)
    let manifest = try folder.write("manifest.txt", "Premain-Class: CreatePolicy\n")
    let archive = folder.file("policy.jar")
    for command in [
      ["javac", "-cp", "\(libraries)/*", "-d", folder.file("classes"), source],
      ["jar", "cfm", archive, manifest, "-C", folder.file("classes"), "."],
    ] {
      let outcome = try await Program.run("/usr/bin/env", command)
      try #require(outcome.status == 0, "\(outcome)")
    }
    return archive
  }

  @Test func `the relay says what the policy says and what to ask for, and goes on once the owner has made the topics`()
    async throws
  {
    let folder = try TestFolder()
    let kafka = try KafkaCluster(
      ["create.topic.policy.class.name=CreatePolicy"],
      plugin: try await Self.plugin(in: folder))
    let scene = try await TopicScene(brokers: kafka)
    try await scene.put("a")
    let admin = try Admin(scene.configuration) { _ in }
    for (topic, settings) in [
      (TopicNames().companion(of: scene.table), [("cleanup.policy", "compact")]),
      (scene.topic, [("cleanup.policy", "delete"), ("retention.bytes", "-1")]),
    ] {
      try await scene.wrong(
        "a policy of the brokers does not allow the topic \(topic) as it is made here",
        "(topic \(topic): a topic must name its min.insync.replicas: ",
        "make this one with 1 partition and \(settings[0].0)=\(settings[0].1), ", "and with what the policy wants")
      try await admin.create(
        .init(
          name: topic, partitions: 1,
          settings: settings.map { KafkaConfiguration.Setting($0.0, $0.1) } + [.init("min.insync.replicas", "1")]))
    }
    // Writers do not notice.
    let last = try await scene.put("b")
    try await scene.wait("both are published") { try await scene.notes(last) == ["a", "b"] }
    _ = await scene.server.stop()
  }
}
