internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import Foundation
internal import PipelineFiles
internal import Pipelines
internal import ReadModels
internal import SQLiteReadModels
internal import Services
internal import TableStore
internal import Telemetry
internal import Workers

/// A million open sessions and a board of a million members over two partitions (`AFTERIMAGE_BENCH_MILLION` sets how many; past two millions without
/// the board), in a process of its own: how fast they come, what they take in
/// memory and on disk, and how long it is from the start of a process to the first record that it applies, after a clean stop and after
/// kill -9.
enum MillionBench {
  static let count = Int(ProcessInfo.processInfo.environment["AFTERIMAGE_BENCH_MILLION"] ?? "") ?? 1_000_000
  private static let partitions = 2
  private static let table = "Players"

  /// Past a few millions the sessions alone.
  private static let hasBoard = count <= 2_000_000

  private static let yaml = sessions + (hasBoard ? board : "")

  private static let board = """

      best:
        leaderboard: player
        of: player
        score: max(score)
    """

  private static let sessions = """
    pipeline: million
    tables:
      \(table): { key: { partition: id string }, partitions: \(partitions) }
    items:
      player: { in: \(table), match: { id: "{player}" }, fields: { score: score integer, page: page } }
    projections:
      active:
        sessions: player
        touch: player inserted, player changed(page)
        gap: 30d
        columns: { touches: count, last_page: last(page) }
    """

  static func run(_ report: inout Report) async throws {
    var measured = report
    try await withTemporaryDirectory { directory in
      try await fill(directory)
      let first = try await child(directory, expects: .all)
      measured.add("million.build_seconds", first.seconds, "s")
      measured.add("million.build_cpu_seconds", first.cpuSeconds, "cpu-s")
      measured.add("million.build_resident_mb", first.resident, "MB")
      measured.add("million.disk_mb", first.disk, "MB")
      let second = try await child(directory, expects: .another)
      measured.add("million.start_seconds", second.seconds, "s")
      measured.add("million.resident_mb", second.resident, "MB")
      measured.add("million.ranks_seconds", second.ranks, "s")
      measured.add("million.start_seconds_after_kill", try await child(directory, expects: .another).seconds, "s")
    }
    report = measured
  }

  private static func fill(_ directory: String) async throws {
    let pipeline = try PipelineLoader.load(text: Array(yaml.utf8), file: "million.yaml")
    try yaml.write(toFile: directory + "/million.yaml", atomically: true, encoding: .utf8)
    let store = try TableStore(path: directory + "/tables")
    defer { store.close() }
    _ = try store.createTable(pipeline.tables[0].definition, clock: .history)
    for start in stride(from: 0, to: count, by: 10_000) {
      let numbers = start..<min(start + 10_000, count)
      _ = try await store.write(
        WriteTransaction(
          actions: numbers.map { put($0, 0) }, times: numbers.map { LogTime(rawValue: 1_700_000_000_000 + Int64($0)) }))
    }
  }

  private static func put(_ number: Int, _ round: Int) -> WriteAction {
    let item: Item = [
      "id": .string("player-\(number)"), "page": .string("/page/\((number + round) % 97)"),
      "score": .number(Number(Int64(number &* 7_919 % 1_000_003 + round))),
    ]
    return WriteAction(table: table, key: ["id": item["id"] ?? .null], needsCurrent: false) { _ in .put(item) }
  }

  // MARK: The process that is measured

  private enum Expected: String {
    /// All records, into a new read model; then the process stops in order.
    case all
    /// One record more, which the process writes itself; then it is killed.
    case another
  }

  private struct Figures {
    let seconds: Double
    let cpuSeconds: Double
    let resident: Double
    let disk: Double
    let ranks: Double
  }

  private static func child(_ directory: String, expects expected: Expected) async throws -> Figures {
    let output = directory + "/worker.out"
    let pid = try Executable.spawn(
      ["/proc/self/exe", "work-million", directory, expected.rawValue, String(Date().timeIntervalSince1970)], output: output,
      keepsErrors: true)
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    let text = try String(contentsOfFile: output, encoding: .utf8)
    let numbers = text.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
    guard numbers.count == 5 else { throw BenchError("the worker says: \(text.prefix(500))") }
    return Figures(seconds: numbers[0], cpuSeconds: numbers[1], resident: numbers[2], disk: numbers[3], ranks: numbers[4])
  }

  /// What a process started as `afterimage-bench work-million DIRECTORY EXPECTED STARTED` does.
  static func work(_ arguments: [String]) async throws -> Never {
    let directory = arguments[0]
    guard let expected = Expected(rawValue: arguments[1]), let started = Double(arguments[2]) else { exit(2) }
    let store = try TableStore(path: directory + "/tables")
    let log = EmbeddedLog(store, table: table)
    if expected == .another {
      let round = Int.random(in: 1...1_000_000)
      _ = try await store.write(
        WriteTransaction(actions: [put(round % count, round)], times: [LogTime(rawValue: 1_700_000_000_000 + Int64(count))]))
    }
    let pipeline = try PipelineLoader.load(text: Array(yaml.utf8), file: "million.yaml")
    let changed = Signal()
    let worker = PipelineWorker(
      pipeline: pipeline, directory: directory + "/model", stores: .sqlite, changed: changed,
      settings: WorkerSettings(), logger: .silent, sink: NoEffects(), logs: { _ in log }, load: { _ in pipeline })
    try FileManager.default.createDirectory(atPath: directory + "/model", withIntermediateDirectories: true)
    let running = Task { try await worker.run() }
    var last: [SequenceNumber] = []
    for partition in 0..<partitions { last.append(try await log.bounds(partition: partition).last) }
    while true {
      let ticket = changed.ticket
      let lanes = worker.generations.first?.lanes.all ?? []
      if lanes.count == partitions, lanes.map(\.sequence.rawValue).reduce(0, +) >= last.map(\.rawValue).reduce(0, +) { break }
      guard Date().timeIntervalSince1970 - started < 3_600 else { throw BenchError("not applied in an hour") }
      await changed.wait(since: ticket, timeout: .milliseconds(10))
    }
    let seconds = Date().timeIntervalSince1970 - started
    let cpu = Stopwatch.processCPU
    let path = try FileManager.default.subpathsOfDirectory(atPath: directory + "/model").first { $0.hasSuffix("/read-model.db") }
    guard let path = path.map({ directory + "/model/" + $0 }) else { throw BenchError("the worker made no read model") }
    let watch = Stopwatch()
    let reader = try SQLiteReader(path: path, pipeline: pipeline)
    if hasBoard {
      let members = try reader.ranks(pipeline.projection(named: "best") ?? ProjectionID(rawValue: 1))?.board([])?.count ?? 0
      guard members == count else { throw BenchError("the board has \(members) members") }
    }
    let ranks = watch.seconds
    let resident = Double(residentBytes()) / 1e6
    if expected == .all {
      running.cancel()
      _ = try? await running.value
      store.close()
    }
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    let disk = (attributes[.size] as? NSNumber)?.doubleValue ?? 0
    print(seconds, cpu, resident, disk / 1e6, ranks)
    fflush(nil)
    if expected == .another { kill(getpid(), SIGKILL) }
    exit(0)
  }
}
