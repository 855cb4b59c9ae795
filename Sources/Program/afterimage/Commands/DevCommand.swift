internal import Arguments
internal import Assembly
internal import Foundation
internal import Pipelines
internal import Services
internal import Telemetry

/// `afterimage dev`: everything in one process, with nothing else installed.
enum DevCommand {
  static let command = Command(
    "dev", about: "Run tables, workers, queries and the page in one process.",
    notes: """
      Tables and read models are kept in --data. Without --pipeline every folder under ./pipelines that has a pipeline.yaml is run.
      Point a DynamoDB client at the table address; any credentials will do.
      """,
    options: [
      .init("data", value: "DIR", "Where tables and read models are kept.", default: "./afterimage-data"),
      .init("fresh", "Delete what is in --data first."),
      .init("pipeline", short: "p", value: "DIR", "A pipeline folder; may be given several times."),
      .init("port", value: "PORT", "Port of the table API; 0 takes a free one.", default: "8000"),
      .init("page-port", value: "PORT", "Port of the page, the queries and the metrics; 0 takes a free one.", default: "8001"),
      .init("partitions", value: "N", "Log partitions of new tables.", default: "1"),
      .init("history", value: "TABLE", "Make this table with a history clock: each write brings its time. May be given several times."),
      .init("demo", "Play believable users through the table API."),
      .init("seconds", value: "N", "End after so many seconds."),
      .init("log-level", value: "LEVEL", "debug, info, warning or error.", default: "info"),
    ]
  ) { arguments in
    let level = try arguments.choice("log-level", of: Logger.Level.allCases.map(\.rawValue)).flatMap(Logger.Level.init) ?? .info
    let data = arguments.value("data") ?? "./afterimage-data"
    if arguments.has("fresh") { try DataDirectory.remove(data) }
    var pipelines = arguments.all("pipeline")
    if pipelines.isEmpty { pipelines = PipelineFolders.found(in: "pipelines") }
    let settings = NodeSettings(
      dataDirectory: data, tablePort: UInt16(try arguments.integer("port", in: 0...65_535) ?? 8000),
      pagePort: UInt16(try arguments.integer("page-port", in: 0...65_535) ?? 8001), pipelines: pipelines,
      partitions: try arguments.integer("partitions", in: 1...256) ?? 1, historyTables: arguments.all("history"), logger: Logger(level: level))
    let seconds = try arguments.integer("seconds", in: 1...1_000_000)
    let node = try Node(settings)
    Console.line("tables     \(node.tableEndpoint ?? "")")
    Console.line("page       \(node.pageEndpoint ?? "")")
    for pipeline in node.pipelines {
      Console.line("pipeline   \(pipeline.name)  sqlite3 -readonly \(data)/read-models/\(pipeline.name)/current.db")
    }
    if node.pipelines.isEmpty { Console.line("pipeline   none: give one with --pipeline, or make one under ./pipelines") }
    let stop = StopSignal()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await node.run() }
      if arguments.has("demo"), let endpoint = node.tableEndpoint {
        group.addTask { try await DemoPlayers(endpoint: endpoint, pipelines: node.pipelines.map(\.name)).run() }
      }
      group.addTask {
        await withTaskGroup(of: Void.self) { ends in
          ends.addTask { await stop.wait() }
          if let seconds { ends.addTask { try? await Task.sleep(for: .seconds(seconds)) } }
          await ends.next()
          ends.cancelAll()
        }
        throw CancellationError()
      }
      do {
        while try await group.next() != nil {}
      } catch is CancellationError {
        group.cancelAll()
        while (try? await group.next()) != nil {}
      }
    }
    Console.line("stopped")
  }
}
