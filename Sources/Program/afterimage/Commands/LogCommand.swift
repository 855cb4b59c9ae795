internal import Arguments
internal import ChangeRecords
internal import DynamoModel
internal import Foundation
internal import Services

/// `afterimage log TABLE`: a table's change records, for people and for scripts.
enum LogCommand {
  static let command = Command(
    "log", about: "Show a table's change records, and go on with --follow.",
    notes: """
      Without --after the last records of each partition, in order of time. A line holds commit time, partition:sequence, what happened, and the
      item's key with what changed. Records hold no private attributes. -o json prints records as DynamoDB Streams does, one a line.
      """,
    positionals: [TableCommand.table],
    options: [
      .init("follow", short: "f", "Go on with what comes, until Ctrl-C."),
      .init("partition", value: "N", "Only this partition; otherwise all."),
      .init("after", value: "SEQ", "The records after this sequence number; 0 is the beginning."),
      .init(
        "limit", short: "n", value: "N", "At most this many records of a partition (with --follow: to begin with).", default: "20"
      ),
      Commands.endpoint, Commands.authorities, Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let limit = try arguments.integer("limit", in: 1...10_000_000) ?? 20
    let after = try arguments.integer("after", in: 0...Int(Int64.max)).map { SequenceNumber(rawValue: UInt64($0)) }
    let only = try arguments.integer("partition", in: 0...TableDefinition.partitionsMax - 1)
    let reader = LogReader(server: TableServer(arguments), table: arguments.words[0])
    let first = try await reader.read(only ?? 0, after: after, limit: limit)
    var ends = [only ?? 0: first.end]
    var lines = first.lines
    if only == nil {
      for partition in 1..<max(1, first.partitions) {
        let next = try await reader.read(partition, after: after, limit: limit)
        ends[partition] = next.end
        lines += next.lines
      }
      lines.sort { ($0.time, $0.partition, $0.sequence) < ($1.time, $1.partition, $1.sequence) }
    }
    for line in lines { Console.line(isJSON ? line.json : line.text) }
    if arguments.has("follow") { try await follow(reader, ends, isJSON) }
  }

  /// Prints what comes in every partition until a signal.
  private static func follow(_ reader: LogReader, _ ends: [Int: SequenceNumber], _ isJSON: Bool) async throws {
    let stop = StopSignal()
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for (partition, end) in ends {
        group.addTask {
          var end = end
          while !Task.isCancelled {
            let batch = try await reader.read(partition, after: end, limit: 1000, wait: 1000)
            end = batch.end
            for line in batch.lines { Console.line(isJSON ? line.json : line.text) }
          }
          return false
        }
      }
      group.addTask {
        await stop.wait()
        return true
      }
      while let isStop = try await group.next() {
        if isStop { break }
      }
      group.cancelAll()
      while (try? await group.next()) != nil {}
    }
  }
}

/// Reads a table's log through the table server.
struct LogReader: Sendable {
  let server: TableServer
  let table: String

  /// The most that one call is asked for.
  static let pageMax = 1000

  struct Batch {
    var partitions = 1
    var end = SequenceNumber.beforeAll
    var lines: [LogLine] = []
  }

  func read(_ partition: Int, after: SequenceNumber?, limit: Int, wait: Int = 0) async throws -> Batch {
    var batch = Batch()
    var after = after
    while true {
      let from = after
      let wanted = min(LogReader.pageMax, limit - batch.lines.count)
      let tape = try await server.call("Afterimage_20261121.ReadLog", on: table) { writer in
        writer.member("Partition", partition)
        if let from { writer.member("After", "\(from)") }
        writer.member("Limit", wanted)
        if wait > 0 { writer.member("WaitMilliseconds", wait) }
      }
      batch.partitions = Int(tape.text(tape.root, "Partitions")) ?? 1
      batch.end = SequenceNumber(tape.text(tape.root, "End")) ?? .beforeAll
      let found = tape.elements(tape.root, "Records")
      for record in found { batch.lines.append(try LogLine(tape, record)) }
      after = batch.end
      if found.isEmpty || batch.lines.count >= limit || wait > 0 { return batch }
    }
  }
}
