internal import Arguments
internal import Assembly
internal import ChangeLog
internal import Foundation
internal import HTTPServer
internal import PipelineFiles
internal import Pipelines
internal import Services
internal import Telemetry

/// Options that `dev` and `serve` share.
enum NodeOptions {
  static let healthPort = Command.Option(
    "health-port", value: "PORT",
    "Port of /live, /ready and /metrics; 0 takes a free one. Without it 8002, or a free one when another process has that.")
  static let healthAddress = Command.Option(
    "health-address", value: "IP", "Where /live, /ready and /metrics listen, open to whoever reaches it.", default: "127.0.0.1")

  static let set = Command.Option(
    "set", value: "PIPELINE.NAME=VALUE",
    "Give a parameter of a pipeline another value than its file says, as `chat-rooms.idle=5s`. May be given several times.",
    repeats: true)

  /// What the flag sets.
  static func parameters(_ arguments: ParsedArguments) throws(UsageError) -> ParameterSettings {
    do throws(ParameterSettings.Mistake) {
      return try ParameterSettings(arguments.all("set")) { arguments.named("set", $0) }
    } catch {
      throw UsageError(error.description, command: arguments.command)
    }
  }

  static let readModels = Command.Option(
    "read-models", value: "URL",
    "Keep read models in this PostgreSQL database (postgres://..., as libpq takes it) in place of files in --data. AFTERIMAGE_READ_MODELS says it too."
  )
  static let passwordFile = Command.Option(
    "read-models-password-file", value: "FILE", "The database's password, in the form of libpq's .pgpass.")

  /// The same database, for commands that look at what is in it.
  static let readModelsThere = Command.Option(
    "read-models", value: "URL", "The PostgreSQL database that holds the read models (postgres://..., as libpq takes it).")

  static let namespace = Command.Option(
    "namespace", value: "NAME",
    "Begins the names of topics, consumer groups and schemas, so that several environments share a Kafka or a PostgreSQL; afterimage unless given. AFTERIMAGE_NAMESPACE says it too."
  )

  /// The flag, else the environment.
  static func namespace(_ arguments: ParsedArguments) throws(UsageError) -> Namespace {
    let given = arguments.value("namespace")
    guard let name = given ?? ProcessInfo.processInfo.environment["AFTERIMAGE_NAMESPACE"], given != nil || !name.isEmpty else {
      return .usual
    }
    do throws(Namespace.Refusal) {
      return try Namespace(name)
    } catch {
      throw UsageError(
        "\(given == nil ? "AFTERIMAGE_NAMESPACE" : arguments.named("namespace")): \(error)", command: arguments.command)
    }
  }

  /// What the flag names; nil without it.
  private static func database(_ arguments: ParsedArguments) throws(UsageError) -> String? {
    guard let url = arguments.value("read-models") else { return nil }
    try check(url, arguments)
    return url
  }

  private static func check(_ url: String, _ arguments: ParsedArguments) throws(UsageError) {
    guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") else {
      throw UsageError("\(arguments.named("read-models")) takes a URL that begins with postgres://", command: arguments.command)
    }
  }

  /// The flag, else the environment, where a password is not seen by everybody.
  private static func readModels(_ arguments: ParsedArguments) throws(UsageError) -> String? {
    if let url = try database(arguments) { return url }
    guard let url = ProcessInfo.processInfo.environment["AFTERIMAGE_READ_MODELS"], !url.isEmpty else {
      guard arguments.value("read-models-password-file") == nil else {
        throw UsageError(
          "\(arguments.named("read-models-password-file")) goes with --read-models", command: arguments.command)
      }
      return nil
    }
    try check(url, arguments)
    return url
  }

  /// Where the read models are that a command's flags name; nil when they name none.
  static func place(_ arguments: ParsedArguments) throws(UsageError) -> ReadModelPlace? {
    let file = arguments.value("read-models-password-file")
    switch (arguments.value("data"), try database(arguments)) {
    case (_?, _?): throw UsageError("--data and --read-models are two places", command: arguments.command)
    case (nil, let url?): return .database(url: url, passwordFile: file, namespace: try namespace(arguments))
    case (let data, nil):
      guard file == nil else {
        throw UsageError(
          "\(arguments.named("read-models-password-file")) goes with --read-models", command: arguments.command)
      }
      guard arguments.value("namespace") == nil else {
        throw UsageError("\(arguments.named("namespace")) goes with --read-models", command: arguments.command)
      }
      return data.map { .data($0) }
    }
  }

  /// The same; where they name none, the environment, and then the usual directory.
  static func usualPlace(_ arguments: ParsedArguments) throws(UsageError) -> ReadModelPlace {
    if arguments.value("data") != nil, let place = try place(arguments) { return place }
    return try databasePlace(arguments) ?? .data("./afterimage-data")
  }

  /// The database that the flag names, else the environment; nil for none.
  static func databasePlace(_ arguments: ParsedArguments) throws(UsageError) -> ReadModelPlace? {
    guard let url = try readModels(arguments) else {
      guard arguments.value("namespace") == nil else {
        throw UsageError("\(arguments.named("namespace")) goes with --read-models", command: arguments.command)
      }
      return nil
    }
    return .database(
      url: url, passwordFile: arguments.value("read-models-password-file"), namespace: try namespace(arguments))
  }

  static func settings(_ arguments: ParsedArguments) throws(UsageError) -> NodeSettings {
    let level = try arguments.choice("log-level", of: Logger.Level.allCases.map(\.rawValue)).flatMap(Logger.Level.init) ?? .info
    var certificate: CertificateFiles?
    switch (arguments.value("tls-cert"), arguments.value("tls-key")) {
    case (nil, nil): break
    case (let file?, let key?): certificate = CertificateFiles(certificate: file, key: key)
    default:
      throw UsageError(
        "\(arguments.named("tls-cert")) and \(arguments.named("tls-key")) go together", command: arguments.command)
    }
    var pipelines = arguments.all("pipeline")
    if pipelines.isEmpty { pipelines = PipelineFolders.found(in: "pipelines") }
    var settings = NodeSettings(
      dataDirectory: arguments.value("data") ?? "./afterimage-data", address: arguments.value("address") ?? "127.0.0.1",
      pageAddress: arguments.value("page-address") ?? "127.0.0.1",
      tablePort: UInt16(try arguments.integer("port", in: 0...65_535) ?? 8000),
      pagePort: UInt16(try arguments.integer("page-port", in: 0...65_535) ?? 8001), pipelines: pipelines,
      partitions: try arguments.integer("partitions", in: 1...256) ?? 1, historyTables: arguments.all("history"),
      keysFile: arguments.value("keys"), certificate: certificate, logger: Logger(level: level))
    settings.clockJumpDaysMax = try arguments.integer("clock-jump-max", in: 1...36_500) ?? 7
    settings.parameters = try parameters(arguments)
    settings.healthPort = try arguments.integer("health-port", in: 0...65_535).map { UInt16($0) }
    settings.options = arguments.places
    settings.supervision = Supervision(
      environment: ProcessInfo.processInfo.environment, process: ProcessInfo.processInfo.processIdentifier)
    settings.healthAddress = arguments.value("health-address") ?? "127.0.0.1"
    settings.readModels = try readModels(arguments)
    settings.readModelsPasswordFile = arguments.value("read-models-password-file")
    settings.namespace = try namespace(arguments)
    guard arguments.value("namespace") == nil || arguments.value("kafka") != nil || settings.readModels != nil else {
      throw UsageError(
        "\(arguments.named("namespace")) is for names on a Kafka or in a PostgreSQL: it goes with --kafka or --read-models",
        command: arguments.command
      )
    }
    settings.effects = try EffectOptions.settings(arguments)
    settings.hosts = arguments.all("host")
    settings.corsOrigins = arguments.all("cors")
    if let wrong = settings.hosts.first(where: { !HostRules.isName($0) }) {
      throw UsageError(
        "\(arguments.named("host", wrong)) takes a name or an address, not `\(wrong)`", command: arguments.command)
    }
    if let wrong = settings.corsOrigins.first(where: { !OriginRules.isOrigin($0) }) {
      throw UsageError(
        "\(arguments.named("cors", wrong)) takes an origin such as https://app.example.com, not `\(wrong)`",
        command: arguments.command)
    }
    guard settings.corsOrigins.isEmpty || settings.keysFile == nil else {
      throw UsageError(
        "\(arguments.named("cors")) is for a server without --keys: with keys pages of every origin may call",
        command: arguments.command)
    }
    return settings
  }

  /// What librdkafka is given beside the brokers: `--kafka-set`, and the password that the environment holds.
  static func kafkaSettings(_ arguments: ParsedArguments) throws(UsageError) -> [String: String] {
    var settings = try pairs(arguments, "kafka-set")
    let password = ProcessInfo.processInfo.environment["AFTERIMAGE_KAFKA_PASSWORD"] ?? ""
    if settings["sasl.password"] == nil, !password.isEmpty { settings["sasl.password"] = password }
    return settings
  }

  static let kafkaSet = Command.Option(
    "kafka-set", value: "NAME=VALUE",
    "A further setting of librdkafka. May be given several times. AFTERIMAGE_KAFKA_PASSWORD holds sasl.password where not everybody sees it.",
    repeats: true)

  /// `NAME=VALUE` options.
  static func pairs(_ arguments: ParsedArguments, _ name: String) throws(UsageError) -> [String: String] {
    var pairs: [String: String] = [:]
    for text in arguments.all(name) {
      guard let equals = text.firstIndex(of: "=") else {
        throw UsageError("\(arguments.named(name, text)) takes NAME=VALUE, not `\(text)`", command: arguments.command)
      }
      pairs[String(text[..<equals])] = String(text[text.index(after: equals)...])
    }
    return pairs
  }
}

/// Runs a node until a signal, until it has given its lanes to others, until `--seconds` are over, or until it cannot go on.
enum NodeRun {
  static func run(_ settings: NodeSettings, seconds: Int? = nil, demo: Bool = false) async throws {
    let stop = StopSignal()
    let drain = StopSignal([InstanceLock.drainSignal], endsAtSecond: false)
    let node = try Node(settings)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await node.run { announce(node, settings) } }
      if demo, let endpoint = node.tableEndpoint {
        group.addTask { try await DemoPlayers(endpoint: endpoint, pipelines: node.pipelines.map(\.name)).run() }
      }
      group.addTask {
        await withTaskGroup(of: Void.self) { ends in
          ends.addTask { await stop.wait() }
          ends.addTask {
            await drain.wait()
            await node.drain()
          }
          if let seconds { ends.addTask { try? await Task.sleep(for: .seconds(seconds)) } }
          await ends.next()
          ends.cancelAll()
        }
        throw CancellationError()
      }
      do {
        while try await group.next() != nil {}
      } catch is CancellationError {
        leaveInTime()
        group.cancelAll()
        while (try? await group.next()) != nil {}
      }
    }
    Console.line("stopped")
  }

  /// Says where everything is, once it answers.
  private static func announce(_ node: Node, _ settings: NodeSettings) {
    if let endpoint = node.tableEndpoint { Console.line("tables     \(endpoint)") }
    if let endpoint = node.pageEndpoint { Console.line("page       \(endpoint)") }
    Console.line("health     \(node.healthEndpoint)/ready")
    for pipeline in node.pipelines {
      // A URL may hold a password.
      let place =
        settings.readModels == nil
        ? "sqlite3 -readonly \(settings.dataDirectory)/read-models/\(pipeline.name)/current.db"
        : "PostgreSQL, schema \(node.viewSchema(pipeline.name) ?? pipeline.name)"
      Console.line("pipeline   \(pipeline.name)  \(place)")
    }
    if node.pipelines.isEmpty { Console.line("pipeline   none: give one with --pipeline, or make one under ./pipelines") }
  }

  /// How long an orderly stop may take, in seconds.
  static let stopSecondsMax = 1.8

  /// Ends the process when an orderly stop takes too long, as when librdkafka waits for brokers that are away. Nothing is lost: what is
  /// acknowledged is on disk, and every lane goes on from its last checkpoint.
  private static func leaveInTime() {
    DispatchQueue.global().asyncAfter(deadline: .now() + stopSecondsMax) {
      Console.line("stopped before every part had ended; each goes on from its last checkpoint at the next start")
      exit(0)
    }
  }
}
