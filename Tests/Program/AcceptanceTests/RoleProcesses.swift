import ChangeRecords
import Foundation
import Kafka
import KafkaLog
import Services
import Testing

/// A deployment of four processes, one for each role, through Kafka. Used by one task.
final class RoleProcesses {
  enum Role: String, CaseIterable { case table, relay, worker, query }

  private let folder: TestFolder
  private let pipeline: String
  private let kafka: String
  private var processes: [Role: DevProcess] = [:]
  /// The addresses of the first start, kept over restarts.
  let endpoint: String
  let page: String

  init(_ folder: TestFolder, pipeline: String, kafka: String) async throws {
    (self.folder, self.pipeline, self.kafka) = (folder, pipeline, kafka)
    let table = try await DevProcess.serve(
      ["--roles", "table", "--data", folder.file("table"), "--partitions", "3", "-p", pipeline])
    let query = try await DevProcess.serve(["--roles", "query", "--data", folder.file("worker"), "-p", pipeline])
    (endpoint, page) = (table.tables, query.page)
    processes = [.table: table, .query: query]
    for role in [Role.relay, .worker] { processes[role] = try await start(role) }
  }

  /// The data directories of tables and of read models.
  var tables: String { folder.file("table") }
  var models: String { folder.file("worker") }

  private func start(_ role: Role) async throws -> DevProcess {
    func port(_ address: String) -> Int { address.split(separator: ":").last.flatMap { Int($0) } ?? 0 }
    let arguments = ["--roles", role.rawValue, "-p", pipeline]
    switch role {
    case .table:
      return try await DevProcess.serve(arguments + ["--data", tables, "--partitions", "3"], port: port(endpoint))
    case .query: return try await DevProcess.serve(arguments + ["--data", models], pagePort: port(page))
    case .relay:
      return try await DevProcess.serve(
        arguments + ["--data", folder.file("relay"), "--kafka", kafka, "--table-endpoint", endpoint])
    case .worker:
      return try await DevProcess.serve(arguments + ["--data", models, "--kafka", kafka, "--table-endpoint", endpoint])
    }
  }

  /// kill -9, and a new start.
  func killAndStart(_ role: Role) async throws {
    await processes[role]?.kill()
    processes[role] = try await start(role)
  }

  /// The log lines of the processes that run now.
  var said: String {
    Role.allCases.map { "\($0): \(processes[$0]?.child.errors.suffix(4_000) ?? "")" }.joined(separator: "\n")
  }

  /// Ctrl-C to all.
  func stop() async {
    for role in [Role.query, .worker, .relay, .table] {
      let status = await processes[role]?.stop()
      #expect(status == 0, "\(role): \(processes[role]?.child.errors ?? "")")
    }
  }

  /// What a reader of committed messages sees on a table's topic, duplicates and all: the sequence numbers of each partition.
  func relayed(_ table: String) async throws -> [[SequenceNumber]] {
    let consumer = try Consumer(KafkaConfiguration(bootstrap: kafka)) { _ in }
    let topic = TopicNames().records(of: table)
    var all: [[SequenceNumber]] = []
    for partition in 0..<3 {
      let arrivals = Signal()
      let stream = try await consumer.open(topic: topic, partition: partition, offset: 0) { arrivals.announce() }
      var sequences: [SequenceNumber] = []
      var isAtEnd = false
      while !isAtEnd {
        let ticket = arrivals.ticket
        while !isAtEnd,
          let step: SequenceNumber? = stream.next(
            { message in
              if case .ours(let headers) = RecordHeaders.read(message) { return headers.sequence }
              return .beforeAll
            }, event: { _ in nil })
        {
          if let step { sequences.append(step) } else { isAtEnd = true }
        }
        if !isAtEnd { await arrivals.wait(since: ticket, timeout: .seconds(10)) }
      }
      all.append(sequences)
    }
    return all
  }
}
