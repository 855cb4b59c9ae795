import ChangeLog
import ChangeRecords
import DynamoModel
import Foundation
import Kafka
import KafkaLog
import KafkaTestKit
import PipelineFiles
import Pipelines
import Projections
import ReadModels
import Relay
import SQLite
import SQLiteReadModels
import StoreTestKit
import TableStore
import Telemetry
import Testing
import Workers

/// Real messages through the table store, its log, the chat-rooms pipeline and SQLite, against the brute-force computation, row by row.
@Suite(.serialized) struct RealInputTests {
  static let pipeline = try? PipelineLoader.load(ChatMessages.root.path + "/pipelines/chat-rooms")

  /// The test over partitions and restarts builds six read models: it takes so many messages, and all with
  /// AFTERIMAGE_ALL_MESSAGES=1.
  static let limit = ProcessInfo.processInfo.environment["AFTERIMAGE_ALL_MESSAGES"] == nil ? 6_000 : Int.max

  func store(_ messages: ChatMessages, partitions: Int, _ directory: TemporaryDirectory) async throws -> TableStore {
    let pipeline = try #require(Self.pipeline)
    var definition = pipeline.tables[0].definition
    definition.partitions = partitions
    let store = try TableStore(path: directory.path + "/tables")
    _ = try store.createTable(definition, clock: .history)
    let handle = try #require(store.table("Chat"))
    for first in stride(from: 0, to: messages.messages.count, by: 500) {
      var actions: [WriteAction] = []
      var times: [Int64] = []
      for index in first..<min(first + 500, messages.messages.count) {
        let item = messages.item(index)
        actions.append(WriteAction(table: "Chat", key: try handle.key(ofPut: item), needsCurrent: false) { _ in .put(item) })
        times.append(messages.messages[index].time)
      }
      _ = try await store.write(WriteTransaction(actions: actions, times: times.map { LogTime(rawValue: $0) }))
    }
    return store
  }

  func build(
    _ store: TableStore, _ path: String, restartEvery: Int? = nil, batch: Int = 4096, sessionsMax: Int = .max,
    log: (any ChangeLog)? = nil
  ) async throws -> [String: Digest] {
    let pipeline = try #require(Self.pipeline)
    var replay = Replay(
      store: try SQLiteGeneration(path: path, pipeline: pipeline), logs: [log ?? EmbeddedLog(store, table: "Chat")],
      batchRecords: batch, restartEvery: restartEvery,
      wait: log == nil ? .zero : .milliseconds(500), sessionsMax: sessionsMax)
    try await replay.catchUp()
    let reader = try SQLiteReader(path: path, pipeline: pipeline)
    defer { reader.close() }
    let checks = try reader.checkRows(of: pipeline)
    let findings = checks.flatMap(\.findings)
    #expect(findings.isEmpty)
    return Dictionary(uniqueKeysWithValues: checks.map { ($0.projection, $0.found) })
  }

  @Test func `sessions, boards and thanks equal a brute-force computation row by row`() async throws {
    let messages = try ChatMessages.load()
    if !messages.isReal { print("RealInputTests: ../shared is not there; the test runs on seeded messages of its own") }
    let directory = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
    let store = try await store(messages, partitions: 3, directory)
    defer { store.close() }
    let path = directory.path + "/read-model.db"
    _ = try await build(store, path)
    let expected = BruteForce(messages.messages)
    let reader = try Connection(path: path, options: .readOnly)

    var sessions: Set<BruteForce.Session> = []
    let presence = try reader.prepare(
      "SELECT person, started_at, last_at, comments, status, ended_at, ended_by, seconds FROM presence")
    while try presence.step() {
      let ended = presence.text(5).map(Self.milliseconds) ?? 0
      sessions.insert(
        .init(
          nick: presence.bytes(0) ?? [], started: Self.milliseconds(presence.text(1) ?? ""),
          last: Self.milliseconds(presence.text(2) ?? ""), comments: Int(presence.int64(3)),
          isActive: presence.text(4) == "active",
          ended: ended, endedBy: presence.text(6) ?? ""))
    }
    #expect(sessions == expected.sessions, "\(sessions.symmetricDifference(expected.sessions).prefix(5))")

    var seconds: [[UInt8]: Int64] = [:]
    let durations = try reader.prepare("SELECT person, sum(seconds) FROM presence GROUP BY person")
    while try durations.step() { seconds[durations.bytes(0) ?? []] = durations.int64(1) }
    #expect(seconds == expected.seconds)

    var counts: [[UInt8]: Int] = [:]
    let activity = try reader.prepare("SELECT person, comments FROM user_activity")
    while try activity.step() { counts[activity.bytes(0) ?? []] = Int(activity.int64(1)) }
    #expect(counts == expected.counts)

    #expect(try Self.places(reader, "SELECT day, member, score, reached_at FROM talkers_by_day") == expected.byDay)
    #expect(try Self.places(reader, "SELECT '', member, score, reached_at FROM thanked") == expected.thanked)
  }

  static func places(_ reader: Connection, _ sql: String) throws -> Set<BruteForce.Place> {
    var found: Set<BruteForce.Place> = []
    let rows = try reader.prepare(sql)
    while try rows.step() {
      found.insert(
        .init(
          board: rows.text(0) ?? "", member: rows.bytes(1) ?? [], score: Int(rows.int64(2)),
          reached: milliseconds(rows.text(3) ?? "")))
    }
    return found
  }

  /// `2026-01-01T10:00:00.000000Z` of whole seconds.
  static func milliseconds(_ text: String) -> Int64 { ChatMessages.milliseconds(String(text.prefix(19)) + "Z") }

  @Test func `partitions, batches, restarts and how many sessions stay in memory change no row`() async throws {
    let messages = try ChatMessages.load(limit: Self.limit)
    var digests: [[String: Digest]] = []
    for partitions in [1, 3, 8] {
      let directory = TemporaryDirectory()
      try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
      let store = try await store(messages, partitions: partitions, directory)
      defer { store.close() }
      digests.append(try await build(store, directory.path + "/whole.db"))
      digests.append(try await build(store, directory.path + "/restarted.db", restartEvery: 1_000, batch: 333))
      // Few sessions stay in memory: the others are looked up.
      digests.append(try await build(store, directory.path + "/few.db", restartEvery: 3_000, batch: 500, sessionsMax: 10))
    }
    for other in digests.dropFirst() { #expect(other == digests[0]) }
    #expect(digests[0]["presence"].map { $0.rows > 100 } == true)
  }

  @Test(.enabled(if: KafkaBroker.isAvailable, Comment(rawValue: KafkaBroker.skipped)))
  func `the log and Kafka give the same rows`() async throws {
    let messages = try ChatMessages.load(limit: Self.limit)
    let directory = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
    let store = try await store(messages, partitions: 3, directory)
    defer { store.close() }
    let own = EmbeddedLog(store, table: "Chat")
    let relay = Relay(source: own, kafka: try KafkaBroker.configuration(), logger: .silent, metrics: Metrics()) { "PK" }
    let running = Task { try await relay.run() }
    defer { running.cancel() }
    let kafka = try KafkaLog(table: "Chat", configuration: try KafkaBroker.configuration()) { _ in }
    let limit = ContinuousClock.now + .seconds(120)
    var isPublished = false
    while !isPublished, ContinuousClock.now < limit {
      isPublished = true
      for partition in 0..<3 {
        let last = try await own.bounds(partition: partition).last
        if (try? await kafka.bounds(partition: partition).last) != last { isPublished = false }
      }
    }
    #expect(isPublished)
    let embedded = try await build(store, directory.path + "/embedded.db")
    #expect(try await build(store, directory.path + "/kafka.db", log: kafka) == embedded)
    #expect(try await build(store, directory.path + "/kafka-restarted.db", restartEvery: 1_000, log: kafka) == embedded)
  }
}
