internal import ReadModels
internal import Dashboard
internal import DynamoClient
internal import DynamoModel
internal import Foundation
internal import HTTPServer
internal import PipelineFiles
package import Pipelines
internal import QueryAPI
internal import SQLiteReadModels
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
  /// Where the table API listens; nil without the table role.
  package let tableEndpoint: String?
  /// Where queries and the page are; nil without the query role.
  package let pageEndpoint: String?

  private let directory: DataDirectory
  private let store: TableStore?
  private let tableServer: HTTPServer?
  private let pageServer: HTTPServer?
  private let router: QueryRouter?
  private let relays: [any Service]
  private let live: LivePipelines
  private let ownServer: HTTPServer?

  /// Builds and opens everything; nothing runs yet. Throws with a sentence that says what to do.
  package init(_ settings: NodeSettings) throws {
    self.settings = settings
    let logger = settings.logger
    // Who only reads what a worker's process keeps, or keeps nothing, does not hold the directory.
    let holds = settings.roles.contains(.table) || settings.roles.contains(.worker)
    directory = try DataDirectory(settings.dataDirectory, isHeld: holds)
    let folders = settings.pipelines
    pipelines = try folders.map { folder in try PipelineLoader.load(folder) }
    try Node.checkNames(pipelines)

    var store: TableStore?
    var tableServer: HTTPServer?
    var ownServer: HTTPServer?
    let own = Access.ownCredentials()
    let access = try Access.control(settings, own: own)
    if settings.roles.contains(.table) {
      let opened = try Node.open(settings, directory, logger)
      store = opened
      try TableSetup.prepare(pipelines, opened, partitions: settings.partitions, history: settings.historyTables, logger)
      let api = TableAPI(
        store: opened,
        settings: .init(
          partitionsDefault: settings.partitions, access: access,
          hosts: HostRules(address: settings.address, names: settings.hosts),
          origins: access == nil ? .loopback(and: settings.corsOrigins) : .everyone))
      tableServer = try Node.listen(settings, settings.address, settings.tablePort, "--port") { request, responder in
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

    let changed = Signal()
    let metrics = Metrics()
    let board = RelayBoard()
    let source = try LogSource(settings, store)
    if settings.roles.contains(.relay), let kafka = settings.kafkaConfiguration {
      if let store {
        relays = [RelayGroup(store: store, kafka: kafka, logger: logger, metrics: metrics, board: board)]
      } else if let endpoint = settings.tableEndpoint {
        relays = [RelayGroup(endpoint: endpoint, kafka: kafka, logger: logger, metrics: metrics, board: board)]
      } else {
        throw StartError("a relay without the table role reads from a table server: name it with --table-endpoint")
      }
    } else {
      relays = []
    }
    var workers: [PipelineWorker] = []
    if settings.roles.contains(.worker) {
      let ownEndpoint = ownServer.map { "http://\($0.address):\($0.port)" }
      guard let endpoint = ownEndpoint ?? tableEndpoint ?? settings.tableEndpoint else {
        throw StartError("a worker needs the table server for its effects: name it with --table-endpoint")
      }
      let sink = TableEffects(
        client: DynamoClient(
          endpoint: endpoint, credentials: store != nil && settings.keysFile != nil ? own.credentials : .environment))
      for (pipeline, folder) in zip(pipelines, folders) {
        workers.append(
          PipelineWorker(
            pipeline: pipeline, pipelineFile: Node.file(folder), directory: directory.readModels(pipeline.name), stores: .sqlite,
            changed: changed, settings: WorkerSettings(), logger: logger, sink: sink, logs: { source.log($0) },
            load: { try PipelineLoader.load($0) }))
      }
    }
    self.workers = workers
    let live = LivePipelines(
      pipelines, folders: folders, workers: workers, rebuildsByItself: settings.rebuildsByItself, changed: changed, logger: logger
    )
    self.live = live

    if settings.roles.contains(.query) {
      let (router, server) = try Node.query(settings, directory, live, workers, changed, metrics, Sources(board, store))
      self.router = router
      pageServer = server
      pageEndpoint = "\(scheme)://\(server.address):\(server.port)"
    } else {
      router = nil
      pageServer = nil
      pageEndpoint = nil
    }
  }

  private static func file(_ folder: String) -> String {
    folder.hasSuffix(".yaml") ? folder : folder + "/" + PipelineLoader.fileName
  }

  private static func open(_ settings: NodeSettings, _ directory: DataDirectory, _ logger: Logger) throws -> TableStore {
    do throws(StoreError) {
      return try TableStore(
        path: directory.tables,
        options: .init(
          retention: settings.retention, clockStartGapMax: Int64(settings.clockJumpDaysMax) * 86_400_000,
          files: TransferDirectory(path: directory.buckets), report: { Node.report($0, logger) }))
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
    _ settings: NodeSettings, _ address: String, _ port: UInt16, _ flag: String, _ handler: @escaping HTTPServer.Handler
  ) throws -> HTTPServer {
    let identity = try settings.certificate?.read()
    do throws(HTTPServerError) {
      return try HTTPServer(.init(address: address, port: port, identity: identity), handler: handler)
    } catch {
      guard error.isPortTaken else { throw StartError("\(error)") }
      throw StartError("port \(port) is in use by another process: stop it, or choose another port with \(flag)")
    }
  }

  /// What the status of pipelines knows of where their records come from.
  private struct Sources {
    let relays: RelayBoard
    let store: TableStore?

    init(_ relays: RelayBoard, _ store: TableStore?) { (self.relays, self.store) = (relays, store) }
  }

  private static func query(
    _ settings: NodeSettings, _ directory: DataDirectory, _ live: LivePipelines, _ workers: [PipelineWorker], _ changed: Signal,
    _ metrics: Metrics, _ sources: Sources
  ) throws -> (QueryRouter, HTTPServer) {
    var views: [PipelineView] = []
    for pipeline in live.pipelines {
      let catalog: CatalogOwner
      if let worker = workers.first(where: { $0.pipeline.name == pipeline.name }) {
        catalog = worker.catalog
      } else {
        let path = directory.readModels(pipeline.name)
        catalog = CatalogOwner { () throws(ReadModelError) in try SQLitePipelineStore(directory: path) }
      }
      views.append(
        PipelineView(
          name: pipeline.name, changed: changed, current: { try await catalog.current() },
          definition: { live.definition(of: pipeline.name) }, load: { try PipelineLoader.load($0) },
          opening: { try SQLiteReader(path: $0.databasePath, pipeline: $1) }))
    }
    let status = NodeStatus(live: live, workers: workers, metrics: metrics, relays: sources.relays, store: sources.store)
    let router = QueryRouter(
      views: views, operations: NodeOperations(workers: workers), changed: changed, metrics: metrics, status: { status.json($0) },
      refresh: { status.refresh() }, page: { Page.file($0) })
    let hosts = HostRules(address: settings.pageAddress, names: settings.hosts)
    let gate = HostGate.handler(hosts, origins: .loopback(and: settings.corsOrigins)) { request, responder in
      router.handle(request, responder)
    }
    let server = try listen(settings, settings.pageAddress, settings.pagePort, "--page-port", gate)
    return (router, server)
  }

  /// Runs until the task is cancelled or a part cannot go on, then stops everything in order: what feeds first, the store last.
  package func run() async throws {
    var services: [any Service] = relays
    if let files = settings.certificate {
      services.append(
        CertificateWatch(files: files, servers: [tableServer, pageServer].compactMap { $0 }, logger: settings.logger))
    }
    services += workers as [any Service]
    services.append(live)
    if let router { services.append(router.eventService) }
    services.append(Idle())
    var failure: (any Error)?
    do {
      try await ServiceGroup(services).run()
    } catch is CancellationError {
    } catch {
      failure = error
    }
    pageServer?.stop()
    tableServer?.stop()
    ownServer?.stop()
    store?.close()
    if let failure { throw failure }
  }
}

/// Keeps a process with nothing but servers running.
private struct Idle: Service {
  let name = "idle"

  func run() async throws {
    while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
  }
}
