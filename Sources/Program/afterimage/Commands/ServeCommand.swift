internal import Arguments
internal import Assembly
internal import Foundation
internal import Telemetry

/// `afterimage serve`: chosen roles, for a deployment with Kafka.
enum ServeCommand {
  static let command = Command(
    "serve", about: "Run chosen roles: table, relay, worker, query.",
    notes: """
      table   the table store and its API
      relay   the tables' logs to Kafka, one topic a table; without the table role from the server at --table-endpoint
      worker  projections and effects, from Kafka with --kafka, else from the table role's own log
      query   named queries, boards, the page and metrics, from the read models in --data; without the worker role those of the
              worker that has the same --data
      """,
    options: [
      SettingsFile.option, .init("roles", value: "LIST", "Roles, joined by commas.", default: "table,worker,query"),
      .init("data", value: "DIR", "Where tables and read models are kept.", default: "./afterimage-data"),
      NodeOptions.readModels, NodeOptions.passwordFile, NodeOptions.namespace,
      .init("pipeline", short: "p", value: "DIR", "A pipeline folder; may be given several times.", repeats: true),
      NodeOptions.set,
      .init("port", value: "PORT", "Port of the table API; 0 takes a free one.", default: "8000"),
      .init("page-port", value: "PORT", "Port of the page, the queries and the metrics; 0 takes a free one.", default: "8001"),
      NodeOptions.healthPort, NodeOptions.healthAddress,
      .init("partitions", value: "N", "Log partitions of new tables.", default: "1"),
      .init("history", value: "TABLE", "Make this table with a history clock. May be given several times.", repeats: true),
      .init("kafka", value: "BROKERS", "bootstrap.servers of the Kafka that carries the log."),
      NodeOptions.kafkaSet,
      .init(
        "instance", value: "NAME",
        "Come back under this name, each worker its own, without a rebalance; for workers that share pipelines through Kafka and --read-models."
      ),
      .init(
        "table-endpoint", value: "URL", "The table server of a relay, and of a worker's effects, when it is another process."),
      .init(
        "table-endpoint-ca", value: "FILE",
        "Trust the certificate of --table-endpoint if these authorities signed it (PEM), in place of the machine's. AFTERIMAGE_TLS_CA says it too."
      ),
      .init("retention", value: "HOURS", "Trim the tables' change records after this many hours; without it they are kept."),
    ] + ListeningOptions.all + [
      .init("auto-rebuild", "Build edited projections without waiting for `afterimage pipeline rebuild`."),
      .init("log-level", value: "LEVEL", "debug, info, warning or error.", default: "info"),
    ] + EffectOptions.all
  ) { arguments in
    var roles: Set<NodeSettings.Role> = []
    for word in (arguments.value("roles") ?? "").split(separator: ",") {
      guard let role = NodeSettings.Role(rawValue: String(word)) else {
        throw UsageError(
          "\(arguments.named("roles")): `\(word)` is not a role; there are \(NodeSettings.Role.allCases.map(\.rawValue).joined(separator: ", "))",
          command: arguments.command)
      }
      roles.insert(role)
    }
    if roles.contains(.relay), arguments.value("kafka") == nil {
      throw UsageError("\(arguments.named("roles")): the relay role needs --kafka", command: arguments.command)
    }
    if roles.contains(.relay), !roles.contains(.table), arguments.value("table-endpoint") == nil {
      throw UsageError(
        "\(arguments.named("roles")): the relay role needs the table role or --table-endpoint", command: arguments.command)
    }
    var settings = try NodeOptions.settings(arguments)
    settings.roles = roles
    settings.rebuildsByItself = arguments.has("auto-rebuild")
    settings.kafka = arguments.value("kafka")
    settings.instance = arguments.value("instance")
    if let name = settings.instance, !InstanceLock.isName(name) {
      throw InstanceName.mistake(name, arguments.named("instance"), arguments)
    }
    if settings.instance != nil, settings.kafka == nil || settings.readModels == nil || !roles.contains(.worker) {
      throw UsageError(
        "\(arguments.named("instance")) is for the worker role with --kafka and --read-models", command: arguments.command)
    }
    settings.kafkaSettings = try NodeOptions.kafkaSettings(arguments)
    settings.tableEndpoint = try tableEndpoint(arguments)
    settings.tableAuthorities = try authorities(arguments)
    settings.retention = try arguments.integer("retention", in: 1...1_000_000).map { Int64($0) * 3_600_000 }
    try await NodeRun.run(settings)
  }

  static func tableEndpoint(_ arguments: ParsedArguments) throws(UsageError) -> String? {
    guard let endpoint = arguments.value("table-endpoint") else { return nil }
    let url = URL(string: endpoint)
    guard ["http", "https"].contains(url?.scheme?.lowercased()), url?.host?.isEmpty == false else {
      throw UsageError(
        "\(arguments.named("table-endpoint")) takes the address of a table server, as http://tables:8000, not `\(endpoint)`",
        command: arguments.command)
    }
    return endpoint
  }

  /// The flag, else the environment, which commands read as well; nil where no other table server is named, or the machine's own authorities are meant.
  private static func authorities(_ arguments: ParsedArguments) throws(UsageError) -> String? {
    let endpoint = arguments.value("table-endpoint")
    guard let file = arguments.value("table-endpoint-ca") else { return endpoint == nil ? nil : Commands.usualAuthorities }
    guard let endpoint, endpoint.lowercased().hasPrefix("https://") else {
      throw UsageError(
        "\(arguments.named("table-endpoint-ca")) goes with a --table-endpoint that begins with https://",
        command: arguments.command)
    }
    return file
  }
}
