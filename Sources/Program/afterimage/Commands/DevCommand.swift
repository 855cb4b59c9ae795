internal import Arguments
internal import Assembly
internal import Telemetry

/// `afterimage dev`: everything in one process, with nothing else installed.
enum DevCommand {
  static let command = Command(
    "dev", about: "Run tables, workers, queries and the page in one process.",
    notes: """
      Tables and read models are kept in --data. Without --pipeline every folder under ./pipelines that has a pipeline.yaml is run; where there is
      none, --demo writes the sample pipelines into --data and runs those.
      Point a DynamoDB client at the table address; without --keys any credentials will do.
      """,
    options: [
      SettingsFile.option, .init("data", value: "DIR", "Where tables and read models are kept.", default: "./afterimage-data"),
      NodeOptions.readModels, NodeOptions.passwordFile, NodeOptions.namespace,
      .init("fresh", "Delete what is in --data first."),
      .init("pipeline", short: "p", value: "DIR", "A pipeline folder; may be given several times.", repeats: true),
      NodeOptions.set,
      .init("port", value: "PORT", "Port of the table API; 0 takes a free one.", default: "8000"),
      .init("page-port", value: "PORT", "Port of the page, the queries and the metrics; 0 takes a free one.", default: "8001"),
      NodeOptions.healthPort, NodeOptions.healthAddress,
      .init("partitions", value: "N", "Log partitions of new tables.", default: "1"),
      .init(
        "history", value: "TABLE",
        "Make this table with a history clock: each write brings its time. May be given several times.", repeats: true
      ),
      .init("kafka", value: "BROKERS", "Carry the log through this Kafka (bootstrap.servers) in place of the table store's own."),
      .init(
        "demo",
        "Play believable users through the table API. Without --mail-command, mails go to mails.txt in the data directory."),
      .init("seconds", value: "N", "End after this many seconds."),
    ] + ListeningOptions.all + [
      .init("log-level", value: "LEVEL", "debug, info, warning or error.", default: "info")
    ] + EffectOptions.all
  ) { arguments in
    var settings = try NodeOptions.settings(arguments)
    if arguments.has("fresh") { try DataDirectory.remove(settings.dataDirectory) }
    if arguments.has("demo"), settings.effects.mailCommand.isEmpty {
      settings.effects.mailCommand = ["tee", "-a", "\(settings.dataDirectory)/mails.txt"]
    }
    if arguments.has("demo"), settings.pipelines.isEmpty {
      settings.pipelines = try PipelineFolders.samples(in: DataDirectory.samplePipelines(settings.dataDirectory))
    }
    if let brokers = arguments.value("kafka") {
      settings.kafka = brokers
      settings.roles.insert(.relay)
    }
    try await NodeRun.run(settings, seconds: try arguments.integer("seconds", in: 1...1_000_000), demo: arguments.has("demo"))
  }
}
