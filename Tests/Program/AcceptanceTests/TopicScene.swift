import Foundation
import Kafka
import KafkaLog
import KafkaTestKit
import Testing

/// A table of notes whose log goes through Kafka, with a name of its own, and the server that runs everything.
final class TopicScene {
  /// How long a fact is waited for: machines that run the whole suite are slow.
  static let waitMax = Duration.seconds(120)

  let table = "Notes\(UInt32.random(in: 0 ... .max))"
  let folder: TestFolder
  let bootstrap: String
  private(set) var server: DevProcess

  private let partitions: Int

  /// `topicPartitions`: somebody has made the topic, with so many. `brokers` are others than those that tests share.
  init(partitions: Int = 1, topicPartitions: Int? = nil, brokers: KafkaCluster? = nil) async throws {
    self.partitions = partitions
    folder = try TestFolder()
    bootstrap = try brokers?.bootstrap ?? KafkaBroker.bootstrap()
    let yaml = Notes.pipeline.replacingOccurrences(of: "Notes:", with: "\(table):").replacingOccurrences(
      of: "in: Notes", with: "in: \(table)")
    try folder.write("notes/pipeline.yaml", yaml)
    if let topicPartitions {
      try await Admin(KafkaConfiguration(bootstrap: bootstrap)) { _ in }.create(
        .init(name: TopicNames().records(of: table), partitions: topicPartitions, settings: []))
    }
    server = try await DevProcess.start(
      data: folder.file("data"), pipelines: [folder.file("notes")],
      ["--kafka", bootstrap, "--partitions", "\(partitions)"])
  }

  var topic: String { TopicNames().records(of: table) }
  var configuration: KafkaConfiguration { KafkaConfiguration(bootstrap: bootstrap) }

  /// Stops what runs, lets `body` do something, and starts it again.
  func restart(_ body: () async throws -> Void) async throws {
    #expect(await server.stop() == 0)
    try await body()
    server = try await DevProcess.start(
      data: folder.file("data"), pipelines: [folder.file("notes")],
      ["--kafka", bootstrap, "--partitions", "\(partitions)"])
  }

  /// Writes a note; its position.
  @discardableResult
  func put(_ id: String, to server: String? = nil) async throws -> String {
    let put = try await Program.run("table", "put", table, "id=\(id)", "Text=hello", "--endpoint", server ?? self.server.tables)
    #expect(put.status == 0, "\(put)")
    return put.output.split(separator: " ").last.map { $0.trimmingCharacters(in: .newlines) } ?? ""
  }

  /// Waits for a fact.
  func wait(_ words: String, _ isSo: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + TopicScene.waitMax
    while try await !isSo() {
      try #require(ContinuousClock.now < end, "\(words): \(server.child.errors)")
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  /// The notes in the read model, once it holds the record at `position`.
  func notes(_ position: String? = nil) async throws -> [String] {
    var answer: Program.Outcome
    let end = ContinuousClock.now + TopicScene.waitMax
    repeat {
      answer = try await Program.run(
        "query",
        arguments: ["notes", "all", "--server", server.page, "-o", "json"] + (position.map { ["--at-least", $0] } ?? []))
      // The server has waited for as long as it waits for anybody.
    } while position != nil && answer.status == 1 && answer.errors.contains("has not reached") && ContinuousClock.now < end
    #expect(answer.status == 0, "\(answer)")
    let json = try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any]
    return ((json?["rows"] as? [[Any]]) ?? []).compactMap { $0.first as? String }.sorted()
  }

  /// Waits until doctor calls something wrong that has all of these words, and gives what it printed.
  @discardableResult
  func wrong(_ words: String...) async throws -> Program.Outcome {
    let end = ContinuousClock.now + TopicScene.waitMax
    while true {
      let doctor = try await doctor()
      if doctor.status == 3, words.allSatisfy({ doctor.output.contains($0) }) { return doctor }
      guard ContinuousClock.now < end else {
        Issue.record("doctor does not say \(words): \(doctor)\n\(server.child.errors)")
        return doctor
      }
    }
  }

  func doctor() async throws -> Program.Outcome {
    try await Program.run("doctor", "--data", folder.file("data"), "--endpoint", server.tables, "--server", server.page)
  }

  var metrics: String {
    get async throws { try await Program.run("/usr/bin/env", ["curl", "-s", server.page + "/metrics"]).output }
  }

  /// Puts a message on the topic as another program would; without headers when `position` is nil.
  func send(_ value: String, format: String = "2", position: String? = nil) async throws {
    let producer = try Producer(configuration, transactionalID: KafkaBroker.uniqueName(), messageBytesMax: 1 << 20) { _ in }
    try await producer.initTransactions()
    var headers: [(StaticString, String)] = []
    if let position {
      let parts = position.split(separator: ":", maxSplits: 1).map(String.init)
      headers = [
        (RecordHeaders.formatName, format), (RecordHeaders.tableIDName, parts[0]), (RecordHeaders.positionName, parts[1]),
      ]
    }
    let (topic, all) = (topic, headers)
    try await producer.perform { producer in
      try producer.begin()
      let place = try producer.topic(topic)
      let time = Int64(Date().timeIntervalSince1970 * 1000)
      if let (format, tableID, position) = all.isEmpty ? nil : (all[0], all[1], all[2]) {
        try producer.produce(
          place, partition: 0, key: [1], value: Array(value.utf8),
          headers: [format.0: format.1, tableID.0: tableID.1, position.0: position.1, RecordHeaders.orderName: "1"],
          timestamp: time)
      } else {
        try producer.produce(place, partition: 0, key: [1], value: Array(value.utf8), headers: [:], timestamp: time)
      }
      try producer.commit()
    }
  }

  /// What an operator does about a topic that cannot be used: the table is published again in another, while everything runs.
  func republish() async throws {
    let outcome = try await Program.run("relay", "republish", table, "--kafka", bootstrap)
    #expect(outcome.status == 0 && outcome.output.contains("\(topic).published.2"), "\(outcome)")
  }

  /// Deletes both topics while nothing runs: the relay publishes the table's log from its start.
  func deleteTopics() async throws {
    let topics = [topic, TopicNames().companion(of: table)]
    try await restart {
      let admin = try Admin(configuration) { _ in }
      for topic in topics {
        try await admin.delete(topic: topic)
        while try await admin.partitions(of: topic) != nil { try await Task.sleep(for: .milliseconds(20)) }
      }
    }
  }
}

/// The position `count` after another.
func position(_ position: String, plus count: Int) -> String {
  var parts = position.split(separator: ":").map(String.init)
  parts[2] = "\((Int(parts[2]) ?? 0) + count)"
  return parts.joined(separator: ":")
}
