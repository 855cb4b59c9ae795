internal import Arguments
internal import Assembly
internal import DynamoModel
internal import PipelineFiles
internal import Pipelines

/// `afterimage pipeline ...`: pipeline files, without a running server, and the read models made by them.
enum PipelineCommand {
  static let command = Command(
    "pipeline", about: "Check, test and show pipeline folders; explain queries; check and rebuild read models.",
    commands: [
      check, test, show, schema, PipelineExplainCommand.command, PipelineRebuildCommand.command, PipelineDigestCommand.command,
    ])

  private static let folders = Command.Positional("DIR", "A pipeline folder.", count: .one)

  private static let check = Command(
    "check", about: "Say everything that is wrong with a pipeline; exit code 3 if anything is.", positionals: [folders],
    options: [
      .init(
        "store", value: "URL",
        "Prepares every query, metric and tile in this PostgreSQL database too, postgres://user@host/database, over temporary tables; the password by libpq's own means."
      ), NodeOptions.set, Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let store = try store(arguments)
    let pipeline = try load(arguments, isJSON: isJSON).pipeline
    if let store {
      let file = arguments.words[0] + "/" + PipelineLoader.fileName
      let findings = try StoreCheck.findings(of: pipeline, file: file, store)
      guard findings.isEmpty else {
        report(PipelineError(findings), isJSON: isJSON)
        throw CheckFailure()
      }
    }
    if isJSON {
      Console.line(#"{"findings":[]}"#)
    } else {
      let parameters = pipeline.parameters.isEmpty ? "" : ", with \(pipeline.parameterText)"
      Console.line(
        "\(pipeline.name): \(pipeline.projections.count) projections, \(pipeline.queries.count) queries, nothing wrong\(parameters)"
      )
    }
  }

  private static func store(_ arguments: ParsedArguments) throws -> String? {
    guard let url = arguments.value("store") else { return nil }
    guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") else {
      throw UsageError("--store takes a URL that begins with postgres://", command: arguments.command)
    }
    return url
  }

  /// The pipeline of the folder, with the parameters that are set, and its tests. Reports what is wrong with them.
  private static func load(_ arguments: ParsedArguments, isJSON: Bool) throws -> (pipeline: Pipeline, tests: [Scenario]) {
    let settings = try NodeOptions.parameters(arguments)
    let loaded: (pipeline: Pipeline, tests: [Scenario])
    do throws(PipelineError) {
      let pipeline = try PipelineLoader.load(arguments.words[0], set: settings)
      loaded = (pipeline, try ScenarioLoader.load(arguments.words[0], of: pipeline))
    } catch {
      report(error, isJSON: isJSON)
      throw CheckFailure()
    }
    if let problem = settings.problem(among: [loaded.pipeline.name]) {
      throw UsageError(problem, command: arguments.command)
    }
    return loaded
  }

  private static func report(_ error: PipelineError, isJSON: Bool) {
    guard isJSON else { return Console.line(error.description) }
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("findings")
    writer.array(error.findings) { writer, finding in
      writer.beginObject()
      writer.member("file", finding.file)
      writer.member("line", finding.line)
      writer.member("column", finding.column)
      writer.member("message", finding.message)
      writer.endObject()
    }
    writer.endObject()
    Console.line(String(decoding: writer.bytes, as: UTF8.self))
  }

  private static let test = Command(
    "test", about: "Run a pipeline's scenario tests; exit code 3 if one fails.", positionals: [folders],
    options: [
      .init("partitions", value: "N", "Log partitions of the tables.", default: "1"),
      .init("restart-every", value: "N", "Stop and go on from the file after this many records."),
      .init("redeliver", "Deliver each record more than once."),
      .init(
        "store", value: "URL",
        "Keeps the read models in this PostgreSQL database, postgres://user@host/database, in schemas of their own that are dropped again."
      ),
      NodeOptions.set,
      Commands.output,
    ]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let place = try store(arguments).map { ScenarioPlace.database($0) } ?? .files
    let scenarios = try load(arguments, isJSON: isJSON).tests
    let runner = ScenarioRunner(
      partitions: try arguments.integer("partitions", in: 1...256) ?? 1,
      restartEvery: try arguments.integer("restart-every", in: 1...1_000_000), redelivers: arguments.has("redeliver"),
      place: place)
    var failed = 0
    var writer = JSONWriter()
    writer.beginArray()
    for scenario in scenarios {
      let problems = try await runner.run(scenario)
      if !problems.isEmpty { failed += 1 }
      writer.beginObject()
      writer.member("test", scenario.name)
      writer.member("passed", problems.isEmpty)
      writer.name("problems")
      writer.array(problems) { $0.string($1) }
      writer.endObject()
      if !isJSON {
        Console.line("\(problems.isEmpty ? "pass" : "FAIL")  \(scenario.name)")
        for problem in problems { Console.line("      \(problem)") }
      }
    }
    writer.endArray()
    Console.line(isJSON ? String(decoding: writer.bytes, as: UTF8.self) : "\(scenarios.count - failed) passed, \(failed) failed")
    if failed > 0 { throw CheckFailure() }
  }

  private static let schema = Command(
    "schema", about: "Write the JSON Schema of pipeline files, by which editors know their keys.",
    notes: """
      Any editor with a YAML language server takes it: `afterimage pipeline schema > pipeline.schema.json`, and as the first line of a pipeline file
      `# yaml-language-server: $schema=pipeline.schema.json` with the path from there.
      """
  ) { _ in
    var writer = JSONWriter()
    EditorSchema.write(to: &writer)
    Console.line(String(decoding: writer.bytes, as: UTF8.self))
  }

  private static let show = Command(
    "show", about: "Say in sentences what a pipeline does.", positionals: [folders],
    options: [NodeOptions.set, Commands.output]
  ) { arguments in
    let isJSON = try Commands.isJSON(arguments)
    let pipeline = try load(arguments, isJSON: isJSON).pipeline
    guard isJSON else { return Console.line(pipeline.explanation) }
    var writer = JSONWriter()
    pipeline.writeJSON(to: &writer)
    Console.line(String(decoding: writer.bytes, as: UTF8.self))
  }
}
