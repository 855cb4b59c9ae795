internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import Foundation
internal import Gzip
internal import Kafka
internal import KafkaLog
internal import PipelineFiles
internal import Pipelines
internal import ReadModels
internal import Relay
internal import SQLiteReadModels
internal import Services
internal import TableStore
internal import Telemetry
import Workers

/// Whole shipped pipelines on a million records: live work that catches up a filled log with ordinary checkpoints, from the store's own log and
/// from Kafka, beside a Python script that folds the same input once and loads it into SQLite.
///
/// Processor time is the whole process's: of the worker with all its threads, and of the script with its interpreter.
enum PipelineBench {
  /// AFTERIMAGE_BENCH_RECORDS makes it fewer, for a quick look: then only the work on the store's own log is measured.
  private static let given = ProcessInfo.processInfo.environment["AFTERIMAGE_BENCH_RECORDS"].flatMap { Int($0) }
  static let records = given ?? 1_000_000
  private static var isQuickLook: Bool { given != nil }
  private static let folder = "Sources/Program/afterimage-bench"

  static func run(_ report: inout Report) async throws {
    guard FileManager.default.fileExists(atPath: folder + "/chat_rooms.py") else {
      return report.note("pipeline", "skipped: the scripts are looked for in \(folder), from the repository's root")
    }
    if let messages = try ChatInput.load() {
      try await run("chat-rooms", table: "Chat", script: "chat_rooms.py", messages, &report)
    } else {
      report.note("pipeline", "chat-rooms is skipped: its messages are in ../shared, or where AFTERIMAGE_SHARED says")
    }
    try await run("game-scores", table: "GameScores", script: "game_scores.py", PlayInput(), &report)
  }

  private static func run(
    _ name: String, table: String, script: String, _ input: some PipelineInput, _ report: inout Report
  ) async throws {
    var measured = report
    let label = "pipeline." + name.replacing("-", with: "_")
    try await withTemporaryDirectory { directory in
      let pipeline = try PipelineLoader.load("pipelines/\(name)")
      let store = try TableStore(path: directory + "/tables")
      defer { store.close() }
      _ = try store.createTable(pipeline.tables[0].definition, clock: .history)
      let log = EmbeddedLog(store, table: table)
      try await fill(store, table, input)
      let embedded = try await work(Job(pipeline: pipeline, directory: directory + "/embedded"), log)
      measured.add("\(label)_per_second", Double(records) / embedded.seconds, "records/s")
      measured.add("\(label)_per_cpu_second", Double(records) / embedded.cpuSeconds, "records/cpu-s")
      measured.add("\(label)_resident_bytes", Double(residentBytes()), "bytes")

      if isQuickLook { return }
      try input.write(to: directory + "/input.tsv")
      let before = Stopwatch.childrenCPU
      try Executable.run(
        ["/usr/bin/env", "python3", "\(folder)/\(script)", directory + "/input.tsv", directory + "/script.db"],
        output: directory + "/script.out")
      let seconds = Stopwatch.childrenCPU - before
      measured.add("\(label)_script_per_cpu_second", Double(records) / seconds, "records/cpu-s")
      measured.add("\(label)_of_script_per_cpu_second", seconds / embedded.cpuSeconds, "ratio")

      guard let broker = try BenchBroker.start(in: directory) else {
        return measured.note(label, "no Kafka. Set AFTERIMAGE_TEST_KAFKA to a bootstrap address")
      }
      defer { broker.stop() }
      let kafka = KafkaConfiguration(bootstrap: broker.bootstrap)
      let relayed = try await KafkaBench.publish(log, table, kafka) { "PK" }
      measured.add("\(label)_relay_per_second", relayed.perSecond, "records/s")
      measured.add("\(label)_relay_per_cpu_second", relayed.perCPUSecond, "records/cpu-s")
      let source = try KafkaLog(table: table, configuration: kafka) { _ in }
      let live = try await work(Job(pipeline: pipeline, directory: directory + "/kafka"), source)
      measured.add("\(label)_kafka_per_second", Double(records) / live.seconds, "records/s")
      measured.add("\(label)_kafka_per_cpu_second", Double(records) / live.cpuSeconds, "records/cpu-s")
      measured.add("\(label)_kafka_of_embedded_per_cpu_second", embedded.cpuSeconds / live.cpuSeconds, "ratio")
    }
    report = measured
  }

  /// Writes a shipped pipeline's file into a folder, under another name.
  static func copy(_ pipeline: String, as name: String, to folder: String) throws {
    let text = try String(contentsOfFile: "pipelines/\(pipeline)/pipeline.yaml", encoding: .utf8)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try text.replacingOccurrences(of: "pipeline: \(pipeline)", with: "pipeline: \(name)").write(
      toFile: folder + "/pipeline.yaml", atomically: true, encoding: .utf8)
  }

  /// A pipeline's work on a log of so many records.
  struct Job {
    let pipeline: Pipeline
    var directory: String
    var stores = ReadModelStores.sqlite
    var records = PipelineBench.records
  }

  /// From the worker's start to the checkpoint that holds the last record.
  static func work(_ job: Job, _ log: any ChangeLog) async throws -> (seconds: Double, cpuSeconds: Double) {
    try FileManager.default.createDirectory(atPath: job.directory, withIntermediateDirectories: true)
    let watch = Stopwatch()
    let changed = Signal()
    let worker = PipelineWorker(
      pipeline: job.pipeline, directory: job.directory, stores: job.stores, changed: changed,
      settings: WorkerSettings(), logger: .silent, sink: NoEffects(), logs: { _ in log }, load: { _ in job.pipeline })
    let running = Task { try await worker.run() }
    while true {
      let ticket = changed.ticket
      let applied = worker.generations.first?.lanes.all.first?.sequence ?? .beforeAll
      if applied.rawValue >= UInt64(job.records) { break }
      guard watch.seconds < 300 else { throw BenchError("only \(applied) records were applied in five minutes") }
      await changed.wait(since: ticket, timeout: .milliseconds(20))
    }
    let result = (watch.seconds, watch.cpuSeconds)
    running.cancel()
    _ = try? await running.value
    return result
  }

  static func fill(
    _ store: TableStore, _ table: String, _ input: some PipelineInput, records: Int = records
  ) async throws {
    guard let handle = store.table(table) else { throw BenchError("no table \(table)") }
    var actions: [WriteAction] = []
    var times: [LogTime] = []
    for number in 0..<records {
      let (time, item) = input.record(number)
      actions.append(WriteAction(table: table, key: try handle.key(ofPut: item), needsCurrent: false) { _ in .put(item) })
      times.append(LogTime(rawValue: time))
      if actions.count == 1_000 || number == records - 1 {
        _ = try await store.write(WriteTransaction(actions: actions, times: times))
        (actions, times) = ([], [])
      }
    }
  }
}

/// What a pipeline is measured on: items that are put, and the same as lines for the script.
protocol PipelineInput {
  /// The commit time in milliseconds and the item.
  func record(_ number: Int) -> (time: Int64, item: Item)
  func line(_ number: Int) -> String
}

extension PipelineInput {
  fileprivate func write(to path: String) throws {
    var bytes: [UInt8] = []
    for number in 0..<PipelineBench.records { bytes += line(number).utf8 }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }
}

/// Each real message by as many people as it takes to make a million, each in a room of their own.
struct ChatInput: PipelineInput {
  private struct Message {
    let time: Int64
    let sent: String
    let person: String
    let text: String
  }

  private let messages: [Message]
  private let copies: Int

  static func load() throws -> ChatInput? {
    let shared = ProcessInfo.processInfo.environment["AFTERIMAGE_SHARED"] ?? "../shared"
    let path = shared + "/data/ubuntu-irc.tsv.gz"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let reader = try LineReader(path: path)
    var messages: [Message] = []
    while let line = try reader.next() {
      let fields = line.split(separator: 9, maxSplits: 2, omittingEmptySubsequences: false).map {
        String(decoding: $0, as: UTF8.self)
      }
      let time = try Timestamp.parse(fields[0], zone: nil).rawValue / 1000
      messages.append(Message(time: time, sent: fields[0], person: fields[1], text: fields[2]))
    }
    return ChatInput(messages: messages, copies: PipelineBench.records / messages.count + 1)
  }

  private func parts(_ number: Int) -> (message: Message, person: String, room: String, stamp: String) {
    let (line, copy) = number.quotientAndRemainder(dividingBy: copies)
    let message = messages[line]
    return (message, "\(message.person)~\(copy)", "ubuntu-\(copy)", "\(message.sent)#\(1_000_000 + line)")
  }

  func record(_ number: Int) -> (time: Int64, item: Item) {
    let (message, person, room, stamp) = parts(number)
    return (
      message.time,
      [
        "PK": .string("User:\(person)"), "SK": .string(stamp), "RoomID": .string(room), "CreatedAt": .string(message.sent),
        "Comment": .string(message.text),
      ]
    )
  }

  func line(_ number: Int) -> String {
    let (message, person, room, stamp) = parts(number)
    return "\(message.time)\t\(person)\t\(room)\t\(message.sent)\t\(stamp)\t\(message.text)\n"
  }
}

/// Plays of 20,000 players in 20 games over half a year; some play far more than others.
private struct PlayInput: PipelineInput {
  private func parts(_ number: Int) -> (time: Int64, player: String, game: String, played: String, points: Int) {
    var bits = UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9_7F4A_7C15
    bits = (bits ^ (bits >> 29)) &* 0xBF58_476D_1CE4_E5B9
    bits ^= bits >> 32
    let (one, other) = (Int(bits & 0xffff) % 20_000, Int(bits >> 16 & 0xffff) % 20_000)
    let time: Int64 = 1_700_000_000_000 + Int64(number) * 15_000
    let played = Timestamp.text(Instant(rawValue: time * 1000))
    return (
      time, "player-\(one * other / 20_000)", "game-\(bits >> 32 & 0xff % 20)", String(played.prefix(19)) + "Z",
      Int(bits >> 40 & 0xfffff)
    )
  }

  func record(_ number: Int) -> (time: Int64, item: Item) {
    let (time, player, game, played, points) = parts(number)
    return (
      time,
      [
        "PK": .string("Player:\(player)"), "SK": .string("Play:\(game)#\(played)#\(number)"),
        "Score": .number(Number(Int64(points))),
      ]
    )
  }

  func line(_ number: Int) -> String {
    let (time, player, game, played, points) = parts(number)
    return "\(time)\t\(player)\t\(game)\t\(played)\tPlay:\(game)#\(played)#\(number)\t\(points)\n"
  }
}
