internal import Arguments
internal import ReadModels
internal import Dashboard
internal import DynamoClient
internal import DynamoModel
internal import HTTPServer
internal import PipelineFiles
package import Pipelines
internal import PostgresReadModels
internal import QueryAPI
internal import Services
internal import TableAPI
internal import TableStore
internal import Telemetry
package import Workers

/// One running process: everything that its roles ask for, built and wired. The only place that knows all modules.
package final class Node: Sendable {
  package let settings: NodeSettings
  package let pipelines: [Pipeline]
  package let workers: [PipelineWorker]
  /// Where workers keep read models in a database.
  private let claiming: Claiming?
  /// Where several workers share the lanes.
  private let groups: WorkerGroups?
  /// As long as the process lives.
  private let instance: InstanceLock?
  /// Where read models are in a database.
  private let notices: CommitNotices?
  private let database: PostgresDatabase?
  private let reports: WorkReports?
  /// Where query processes with keys share a database.
  private let logouts: SharedLogouts?
  /// Where the table API listens; nil without the table role.
  package let tableEndpoint: String?
  /// Where queries and the page are; nil without the query role.
  package let pageEndpoint: String?
  /// Where `/live`, `/ready` and `/metrics` are.
  package let healthEndpoint: String

  private let directory: DataDirectory
  private let store: TableStore?
  private let tableServer: HTTPServer?
  private let pageServer: HTTPServer?
  private let router: QueryRouter?
  /// What is asked of read models for `/metrics`.
  private let metricEvaluation: MetricEvaluation
  private let relays: [any Service]
  private let live: LivePipelines
  private let ownServer: HTTPServer?
  private let healthServer: HTTPServer
  private let health: NodeHealth

  /// Builds and opens everything; nothing runs yet. Throws with a sentence that says what to do.
  package init(_ settings: NodeSettings) throws {
    self.settings = settings
    let logger = settings.logger
    // Who only reads what a worker's process keeps, or keeps nothing, does not hold the directory.
    let holds = settings.roles.contains(.table) || (settings.roles.contains(.worker) && settings.readModels == nil)
    directory = try DataDirectory(settings.dataDirectory, isHeld: holds, settings.options.lead("data"))
    let folders = settings.pipelines
    pipelines = try folders.map { folder in try settings.load(folder) }
    if let problem = settings.parameters.problem(among: pipelines.map(\.name)) { throw StartError(problem) }
    try Node.checkNames(pipelines)

    var store: TableStore?
    var tableServer: HTTPServer?
    var ownServer: HTTPServer?
    let troubles = StoreTroubles()
    let access = try Access(settings)
    let own = access.own
    if settings.roles.contains(.table) {
      let opened = try Node.open(settings, directory, troubles)
      store = opened
      try TableSetup.prepare(pipelines, opened, partitions: settings.partitions, history: settings.historyTables, logger)
      let api = TableAPI(
        store: opened,
        settings: .init(
          partitionsDefault: settings.partitions, access: access.tables,
          hosts: HostRules(address: settings.address, names: settings.hosts),
          origins: access.tables == nil ? .loopback(and: settings.corsOrigins) : .everyone))
      tableServer = try Node.listen(
        settings, settings.address, port: settings.tablePort, option: "port", headTooLarge: { api.headTooLarge() }
      ) { request, responder in
        api.handle(request, responder)
      }
      if settings.certificate != nil, settings.roles.contains(.worker) {
        // For this process's own effects, which need no certificate to speak with it.
        ownServer = try HTTPServer { request, responder in api.handle(request, responder) }
      }
    }
    self.store = store
    self.tableServer = tableServer
    self.ownServer = ownServer
    let scheme = settings.certificate == nil ? "http" : "https"
    tableEndpoint = tableServer.map { "\(scheme)://\($0.address):\($0.port)" }

    let (changed, committed) = (Signal(), Signal())
    let home = try ReadModelHome(settings, directory)
    let metrics = Metrics()
    let board = RelayBoard()
    let source = try LogSource(settings, store)
    let authorities = try settings.checkedAuthorities()
    if settings.roles.contains(.relay), let kafka = settings.kafkaConfiguration {
      if let store {
        relays = [
          RelayGroup(
            store: store, kafka: kafka, namespace: settings.namespace, logger: logger, metrics: metrics, board: board)
        ]
      } else if let endpoint = settings.tableEndpoint {
        let client = DynamoClient(endpoint: endpoint, attemptsMax: 1, authorities: authorities)
        relays = [
          RelayGroup(
            client: client, kafka: kafka, namespace: settings.namespace, logger: logger, metrics: metrics, board: board)
        ]
      } else {
        throw StartError("a relay without the table role reads from a table server: name it with --table-endpoint")
      }
    } else {
      relays = []
    }
    var workers: [PipelineWorker] = []
    var claiming: Claiming?
    var groups: WorkerGroups?
    instance = try settings.instance.map { (name) throws(StartError) in try InstanceLock(name, in: settings.dataDirectory) }
    if settings.roles.contains(.worker) {
      if home.database != nil, let kafka = settings.kafkaConfiguration {
        groups = WorkerGroups(kafka, settings.namespace, instance: settings.instance, logger: logger, metrics: metrics) {
          source.kafkaLog($0)
        }
      } else if let database = home.database {
        claiming = try Claiming(database, pipelines: pipelines.map(\.name), settings.logger)
      }
      let ownEndpoint = ownServer.map { "http://\($0.address):\($0.port)" }
      guard let endpoint = ownEndpoint ?? tableEndpoint ?? settings.tableEndpoint else {
        throw StartError("a worker needs the table server for its effects: name it with --table-endpoint")
      }
      let sink = try NodeEffects(
        settings,
        tables: TableEffects(
          client: DynamoClient(
            endpoint: endpoint, credentials: store != nil && settings.keysFile != nil ? own.credentials : .environment,
            authorities: store == nil ? authorities : nil)))
      for pipeline in pipelines {
        for problem in sink.missing(for: pipeline) {
          logger.warning("effects will be given up", ["pipeline": pipeline.name, "reason": problem])
        }
        workers.append(
          PipelineWorker(
            pipeline: pipeline, directory: home.store(pipeline.name), stores: home.stores,
            changed: changed, committed: committed, settings: WorkerSettings(metrics: metrics), logger: logger, sink: sink,
            assigner: groups ?? SoleAssigner(), logs: { source.log($0) },
            load: home.load))
      }
    }
    self.workers = workers
    self.claiming = claiming
    self.groups = groups
    database = home.database
    notices = home.database.map { CommitNotices($0, committed: committed, changed: changed) }
    logouts = home.database.flatMap { database in access.page.map { SharedLogouts(database, $0, logger) } }
    let live = LivePipelines(
      pipelines, folders: folders, parameters: settings.parameters, workers: workers, rebuildsByItself: settings.rebuildsByItself,
      changed: changed, logger: logger
    )
    self.live = live

    let metricBoard = MetricBoard()
    let catalogs = Node.catalogs(home, live, workers)
    let reports = home.database == nil ? nil : WorkReports(catalogs, workers: workers, changed: changed, logger)
    self.reports = reports
    let status = NodeStatus(
      live: live, workers: workers, metrics: metrics, pipelineMetrics: metricBoard, relays: board, reports: reports, store: store,
      troubles: troubles, disk: holds ? DiskSpace(path: directory.path) : nil)
    var readable: [NodeHealth.Readable] = []
    let views = Node.views(
      live, catalogs, home: home, workers: workers, isShared: groups != nil, changed: changed, metrics: metrics)
    let parts = Node.metricParts(settings.roles)
    metricEvaluation = MetricEvaluation(
      views: parts.isEmpty ? [] : views, changed: changed, board: metricBoard, parts: parts, logger: logger)
    if settings.roles.contains(.query) {
      readable = catalogs.map { name, catalog in .init(pipeline: name, isThere: { (try? await catalog.current()) != nil }) }
      let operations = NodeOperations(live: live, workers: workers, shared: home.database.map { SharedOperations($0) })
      let (router, server) = try Node.query(
        settings, views, operations: operations, changed: changed, status: status, keys: access.page)
      self.router = router
      pageServer = server
      pageEndpoint = "\(scheme)://\(server.address):\(server.port)"
    } else {
      router = nil
      pageServer = nil
      pageEndpoint = nil
    }
    let health = NodeHealth(
      roles: settings.roles, store: store, troubles: troubles, relays: board, workers: workers, readable: readable)
    self.health = health
    let routes = HealthRoutes(readiness: { await health.readiness() }, metrics: { status.metricsText() })
    healthServer = try Node.listen(settings, health: routes)
    healthEndpoint = "http://\(healthServer.address):\(healthServer.port)"
  }

  /// The schema in which people find a pipeline's rows; nil of read models in files.
  package func viewSchema(_ pipeline: String) -> String? { database?.viewSchema(pipeline) }

  private static func open(
    _ settings: NodeSettings, _ directory: DataDirectory, _ troubles: StoreTroubles
  ) throws -> TableStore {
    let logger = settings.logger
    do throws(StoreError) {
      return try TableStore(
        path: directory.tables,
        options: .init(
          retention: settings.retention, clockStartGapMax: Int64(settings.clockJumpDaysMax) * 86_400_000,
          files: TransferDirectory(path: directory.buckets),
          report: { event in
            troubles.note(event)
            Node.report(event, logger)
          }))
    } catch {
      // The error's text ends with the command that is the way out.
      if case .logDamaged = error { throw StartError("\(error) --data \(directory.path)") }
      throw error
    }
  }

  private static func report(_ event: StoreEvent, _ logger: Logger) {
    switch event {
    case .writesRefused(let reason):
      logger.error("the table store cannot write: writes are refused until its disk takes them again", ["reason": reason])
    case .notRecovered(let reason): logger.warning("the table store cannot be opened again, trying again", ["reason": reason])
    case .writesGoOn: logger.info("the table store writes again")
    }
  }

  private static func checkNames(_ pipelines: [Pipeline]) throws(StartError) {
    for (index, pipeline) in pipelines.enumerated() where pipelines[..<index].contains(where: { $0.name == pipeline.name }) {
      throw StartError("two of the pipelines given are called \(pipeline.name): give one of them another name")
    }
  }

  private static func listen(
    _ settings: NodeSettings, _ address: String, port: UInt16, option: String,
    headTooLarge: (@Sendable () -> HTTPResponse)? = nil, handler: @escaping HTTPServer.Handler
  ) throws -> HTTPServer {
    let identity = try settings.certificate?.read(settings.options)
    do throws(HTTPServerError) {
      return try HTTPServer(
        .init(address: address, port: port, identity: identity, headTooLarge: headTooLarge), handler: handler)
    } catch {
      guard error.isPortTaken else {
        throw StartError("\(settings.options.lead(option == "port" ? "address" : "page-address"))\(error)")
      }
      throw StartError(
        "\(settings.options.lead(option))port \(port) is in use by another process: stop it, or choose another port with --\(option)"
      )
    }
  }

  /// The health listener. Without a port that was asked for it takes 8002, or any other when another process has that: several processes of one
  /// machine need no ports given by hand.
  private static func listen(_ settings: NodeSettings, health routes: HealthRoutes) throws -> HTTPServer {
    let hosts = HostRules(address: settings.healthAddress, names: settings.hosts)
    let gate = HostGate.handler(hosts, origins: .loopback(and: [])) { request, responder in routes.handle(request, responder) }
    func open(_ port: UInt16) throws -> HTTPServer {
      try HTTPServer(.init(address: settings.healthAddress, port: port, threads: 1, connectionsMax: 64), handler: gate)
    }
    do {
      return try open(settings.healthPort ?? NodeSettings.healthPortDefault)
    } catch let error as HTTPServerError where error.isPortTaken {
      guard settings.healthPort == nil else {
        throw StartError(
          "\(settings.options.lead("health-port"))port \(error.port) is in use by another process: stop it, or choose another port with --health-port"
        )
      }
      return try open(0)
    } catch let error as HTTPServerError {
      throw StartError("\(settings.options.lead("health-address"))\(error)")
    }
  }

  /// Of each pipeline, what knows its generations.
  private static func catalogs(
    _ home: ReadModelHome, _ live: LivePipelines, _ workers: [PipelineWorker]
  ) -> [(pipeline: String, catalog: CatalogOwner)] {
    live.pipelines.map { pipeline in
      if let worker = workers.first(where: { $0.pipeline.name == pipeline.name }) { return (pipeline.name, worker.catalog) }
      let name = home.store(pipeline.name)
      return (pipeline.name, CatalogOwner { () throws(ReadModelError) in try home.stores.pipeline(name) })
    }
  }

  private static func views(
    _ live: LivePipelines, _ catalogs: [(pipeline: String, catalog: CatalogOwner)], home: ReadModelHome,
    workers: [PipelineWorker], isShared: Bool, changed: Signal, metrics: Metrics
  ) -> [PipelineView] {
    catalogs.map { name, catalog in
      // What another process works on changes without a word here.
      let isOwn = !isShared && workers.contains { $0.pipeline.name == name }
      return PipelineView(
        name: name, changed: changed, current: { try await isOwn ? catalog.ownCurrent() : catalog.current() },
        known: { isOwn ? catalog.knownCurrent : nil },
        definition: { live.definition(of: name) },
        load: home.load, opening: home.open, metrics: metrics)
    }
  }

  /// A pipeline's own metrics are for those who ask, what the work has come to for those who do it.
  private static func metricParts(_ roles: Set<NodeSettings.Role>) -> Set<MetricEvaluation.Part> {
    Set((roles.contains(.query) ? [.pipelines] : []) + (roles.contains(.worker) ? [.counts] : []))
  }

  private static func query(
    _ settings: NodeSettings, _ views: [PipelineView], operations: NodeOperations, changed: Signal, status: NodeStatus,
    keys: PageKeys?
  ) throws -> (QueryRouter, HTTPServer) {
    let router = QueryRouter(
      views: views, operations: operations, changed: changed,
      status: .init(schema: PipelineStatus.shape.schema, json: { status.json($0) }), metrics: { status.metricsText() },
      files: Page.files, keys: keys, logger: settings.logger)
    let hosts = HostRules(address: settings.pageAddress, names: settings.hosts)
    // With keys a page of another origin has no token, and with the page's cookie the router lets only the page itself change anything.
    let gate = HostGate.handler(hosts, origins: keys == nil ? .loopback(and: settings.corsOrigins) : .everyone) {
      request, responder in
      router.handle(request, responder)
    }
    let server = try listen(settings, settings.pageAddress, port: settings.pagePort, option: "page-port", handler: gate)
    return (router, server)
  }

  /// Leaves the lanes to other processes for good. Returns when they have them, or soon after the group takes this process for dead; at once where lanes
  /// are given back at the stop, as all are but those of a member with an instance name.
  package func drain() async { await groups?.drain() }

  /// Runs until the task is cancelled or a part cannot go on; `started` is called once the servers serve. Parts end in the reverse order of
  /// their start: the page, what feeds it, the relays, the tables, and last the health listener and the store.
  package func run(started: () -> Void = {}) async throws {
    defer {
      healthServer.stop()
      store?.close()
    }
    let servers = [healthServer, tableServer, ownServer, pageServer].compactMap { $0 }
    do {
      for server in servers { try server.start() }
    } catch {
      for server in servers { server.stop() }
      throw error
    }
    health.phase = .running
    started()
    var services: [any Service] = [tableServer, ownServer].compactMap { $0 }.map { Serving(name: "tables", server: $0) }
    services += relays
    if let files = settings.certificate {
      services.append(
        CertificateWatch(files: files, servers: [tableServer, pageServer].compactMap { $0 }, logger: settings.logger))
    }
    if let claiming { services.append(claiming) }
    if let groups { services.append(groups) }
    if let notices { services.append(notices) }
    if let logouts { services.append(logouts) }
    if let reports { services.append(reports) }
    services += workers as [any Service]
    services.append(live)
    if let pageServer { services.append(Serving(name: "page", server: pageServer)) }
    if let router { services.append(router.eventService) }
    services.append(metricEvaluation)
    if let supervision = settings.supervision {
      services.append(Supervising(supervision: supervision, health: health, logger: settings.logger))
    }
    services.append(Ending(health: health))
    do {
      try await ServiceGroup(services).run()
    } catch is CancellationError {
    }
  }
}

/// A server that serves, until it is to stop.
private struct Serving: Service {
  let name: String
  let server: HTTPServer

  func run() async throws {
    while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
    server.stop()
  }
}

/// Keeps a process with nothing but servers running. The first to end: from then on the process is not ready.
private struct Ending: Service {
  let name = "readiness"
  let health: NodeHealth

  func run() async throws {
    while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
    health.phase = .stopping
  }
}
