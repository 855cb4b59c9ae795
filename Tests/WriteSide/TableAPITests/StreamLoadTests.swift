import DynamoModel
import Foundation
import StoreTestKit
import TableStore
import Testing

private let soakSeconds = ProcessInfo.processInfo.environment["AFTERIMAGE_SOAK_SECONDS"].flatMap { Int($0) } ?? 0

/// A stream whose shards are closed every half minute, under writes of many items, with three workers of the Kinesis Client Library of which one is
/// killed with SIGKILL: `make soak`.
@Suite(.serialized, .enabled(if: ClientProgram.jars != nil && soakSeconds > 0, "it takes minutes: `make soak`"))
struct StreamLoadTests {
  private static let lifetime = 30
  /// Closing waits for the store's next housekeeping, and for a record in the shard.
  private static let longestLifetime = 45
  private static let workers = ["worker-0", "worker-1", "worker-2"]

  @Test(.timeLimit(.minutes(60)), arguments: [1, 4, 32])
  func `a worker that is killed loses nothing, and each item's changes come in order`(shards: Int) async throws {
    let seconds = max(1, soakSeconds / 2)
    let server = try APIServer(options: .init(streamShardLifetime: Int64(Self.lifetime) * 1000))
    _ = try server.store.createTable(
      TableDefinition(name: "changes", key: .strings(sort: false), stream: .newAndOldImages, partitions: shards))
    let notes = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: notes.path, withIntermediateDirectories: true)
    let (status, output) = try await ClientProgram.run(
      ClientProgram.java("KinesisLoad") + [
        "http://127.0.0.1:\(server.port)", notes.path, "\(Self.workers.count)", "\(seconds)",
      ])
    #expect(status == 0, "\(output)")

    var deliveries = StreamDeliveries()
    for note in Self.notes(notes.path).sorted(by: { $0.time < $1.time }) { deliveries.take(note) }
    let written = try Self.words(notes.path + "/written").reduce(into: [:]) { $0[$1[0]] = Int($1[1]) }
    let faults = deliveries.faults(written: written)
    #expect(faults.isEmpty, "\(faults.count) faults: \(faults.prefix(20).joined(separator: "\n"))\n\(output)")
    let killed = try #require(try Self.words(notes.path + "/killed").first)
    let lost = Array(killed.dropFirst(2))
    #expect(!lost.isEmpty, "the worker that was killed had nothing")
    let takeovers = deliveries.takeovers(of: lost, from: killed[1], at: try #require(Int64(killed[0])))
    let left = takeovers.filter { $0.value == nil }.keys.sorted()
    #expect(left.isEmpty, "nobody took over \(left.joined(separator: ", "))\n\(output)")
    #expect(deliveries.ended.count >= shards * (seconds / Self.longestLifetime), "\(deliveries.ended.count) shards were closed")
    let times = takeovers.values.compactMap(\.self).sorted()
    print(
      "StreamLoadTests: \(shards) shards, \(seconds) s: \(output.split(separator: "\n").first ?? ""); \(written.count) items, "
        + "\(deliveries.ended.count) shards read to their ends, \(deliveries.repeats) repeats; \(lost.count) shards of \(killed[1]) "
        + "taken over after \(times.first.map { "\($0)" } ?? "-") to \(times.last.map { "\($0)" } ?? "-")")
  }

  /// Whole lines: the last one of a worker that was killed may be cut off. A worker that had not begun yet has no file.
  private static func notes(_ folder: String) -> [StreamDeliveries.Note] {
    workers.flatMap { worker in
      let text = (try? String(contentsOfFile: "\(folder)/\(worker)", encoding: .utf8)) ?? ""
      return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        .compactMap { StreamDeliveries.Note(line: $0, worker: worker) }
    }
  }

  private static func words(_ path: String) throws -> [[String]] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
  }
}
