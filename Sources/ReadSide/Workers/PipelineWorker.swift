package import ChangeLog
package import Pipelines
package import ReadModels
package import Services
internal import Synchronization
package import Telemetry

/// A pipeline at work: its lanes, its decider, its effects, and when its definition has changed the building of a new generation beside the
/// current one until it has caught up and takes its place.
///
/// Whatever goes wrong in it stays in it: a pipeline whose read model is damaged stands still and says so, and everything else goes on.
package final class PipelineWorker: Service {
  /// A generation that is being worked on in this process.
  package struct Running: Sendable {
    package let generation: Generation
    package let pipeline: Pipeline
    package let lanes: LaneBoard
    let writer: GenerationWriter
    let assignment: LaneAssignment
    let lead: Lead
    let parked = ParkedLanes()
  }

  /// What a worker is asked to do beside its work.
  private struct Wanted {
    var pipeline: Pipeline
    /// A new generation from the log's beginning, whatever the current one is like.
    var rebuild = false
    /// An edited definition that waits to be built.
    var next: Pipeline?
    var revision = 0
  }

  package let catalog: CatalogOwner
  /// Announced whenever rows, positions, the current generation or the definition changed.
  package let changed: Signal
  private let committed: Signal
  package var name: String { "worker \(pipeline.name)" }

  let stores: ReadModelStores
  let logs: @Sendable (String) -> any ChangeLog
  let load: @Sendable (Generation) throws -> Pipeline
  let assigner: any LaneAssigner
  let sink: any EffectSink
  let settings: WorkerSettings
  let logger: Logger
  private let running = Mutex<[Running]>([])
  private let wanted: Mutex<Wanted>
  let asked = Signal()
  private let trouble = Mutex<String?>(nil)

  /// `logs` gives a table's log by name; `load` reads the definition that an older generation was built by; `assigner` knows which lanes this process
  /// runs; `committed` is announced by this process's checkpoints, `changed` by those of others too, where somebody hears of them.
  package init(
    pipeline: Pipeline, directory: String, stores: ReadModelStores, changed: Signal,
    committed: Signal = Signal(),
    settings: WorkerSettings,
    logger: Logger, sink: any EffectSink, assigner: any LaneAssigner = SoleAssigner(),
    logs: @escaping @Sendable (String) -> any ChangeLog,
    load: @escaping @Sendable (Generation) throws -> Pipeline
  ) {
    self.changed = changed
    self.committed = committed
    self.stores = stores
    self.settings = settings
    self.logger = logger
    self.sink = sink
    self.assigner = assigner
    self.logs = logs
    self.load = load
    wanted = Mutex(Wanted(pipeline: pipeline))
    catalog = CatalogOwner { () throws(ReadModelError) in try stores.pipeline(directory) }
  }

  /// The definition that holds now.
  package var pipeline: Pipeline { wanted.withLock { $0.pipeline } }
  /// The generations at work, the current one first.
  package var generations: [Running] { running.withLock { $0 } }
  /// Why the pipeline as a whole stands still; nil while it works.
  package var stopped: String? { trouble.withLock { $0 } }

  /// Takes another definition of the same pipeline. Its queries, metrics and dashboard hold at once; changed effects hold when the lanes have
  /// taken them over; changed projections are built in a new generation.
  package func replace(_ pipeline: Pipeline) {
    wanted.withLock { wanted in
      let before = wanted.pipeline
      wanted.pipeline = pipeline
      // Queries, metrics and the dashboard are nothing to the lanes: they go on as they are.
      if pipeline.fingerprint != before.fingerprint || pipeline.effectsFingerprint != before.effectsFingerprint {
        wanted.revision += 1
      }
    }
    asked.announce()
    changed.announce()
  }

  /// Takes a definition that `rebuild` is to build, and goes on with the one before until then.
  package func prepare(_ pipeline: Pipeline) { wanted.withLock { $0.next = pipeline } }

  /// Has a new generation built from the log's beginning while the current one serves.
  package func rebuild() {
    wanted.withLock {
      $0.rebuild = true
      if let next = $0.next { $0.pipeline = next }
      $0.next = nil
      $0.revision += 1
    }
    asked.announce()
  }

  package func run() async throws {
    while !Task.isCancelled {
      let revision = wanted.withLock { $0.revision }
      do {
        try await workOnce(revision)
      } catch is CancellationError {
        return
      } catch let error as ReadModelError {
        let isPassing =
          switch error {
          case .storage, .held: true
          case .superseded, .otherFingerprint, .otherVersion, .otherCatalogue, .damaged: false
          }
        await standStill("\(error)", revision, retryAfter: isPassing ? .seconds(2) : nil)
      } catch {
        await standStill("\(error)", revision, retryAfter: .seconds(2))
      }
    }
  }

  /// Says why nothing goes on, and waits until it is asked for something else or may try again.
  private func standStill(_ reason: String, _ revision: Int, retryAfter pause: Duration?) async {
    if Task.isCancelled { return }
    let isNews = trouble.withLock { trouble in
      defer { trouble = reason }
      return trouble != reason
    }
    if isNews { logger.error("pipeline stopped", ["pipeline": pipeline.name, "reason": reason]) }
    changed.announce()
    if let pause { return await wait(pause, revision) }
    while !Task.isCancelled, isCurrent(revision) { await wait(.seconds(60), revision) }
  }

  func isCurrent(_ revision: Int) -> Bool { wanted.withLock { $0.revision == revision } }

  private func wait(_ timeout: Duration, _ revision: Int) async {
    let ticket = asked.ticket
    if isCurrent(revision) { await asked.wait(since: ticket, timeout: timeout) }
  }

  /// Works on the generations that the definition asks for, until it is asked for something else.
  private func workOnce(_ revision: Int) async throws {
    let (pipeline, isRebuild) = wanted.withLock { wanted in
      defer { wanted.rebuild = false }
      return (wanted.pipeline, wanted.rebuild)
    }
    let wantedGeneration =
      isRebuild
      ? try await catalog.rebuild(stores.fingerprint(of: pipeline), definition: pipeline.text)
      : try await catalog.generation(for: stores.fingerprint(of: pipeline), definition: pipeline.text)
    try await activate(pipeline)
    let activations = try await catalog.activations()
    if wantedGeneration.state == .building {
      let current = try await catalog.current()
      logger.info(
        "a new generation is being built, the current one serves until then",
        ["pipeline": pipeline.name, "current": current.map { "\($0.number)" } ?? "none", "new": "\(wantedGeneration.number)"])
      guard try await build(wantedGeneration, pipeline, beside: current, activations: activations, revision: revision) else {
        return
      }
    }
    if Task.isCancelled { return }
    let work = try await start(try await catalog.current() ?? wantedGeneration, pipeline)
    defer { finish(work) }
    trouble.withLock { $0 = nil }
    changed.announce()
    let (isGone, isElsewhere) = (Flag(), Flag())
    let reason = await withTaskGroup(of: End?.self) { group in
      group.addTask { [self] in
        await perform(work, activations, dispatching: true) { [self] in
          if !isCurrent(revision) || isElsewhere.isSet { return .asked }
          return isGone.isSet ? .recreated : nil
        }
      }
      group.addTask { [self] in
        if await isRecreated(pipeline, work) { isGone.set() }
        changed.announce()
        return nil
      }
      // A query process may have asked for another generation, or another worker have made one.
      if stores.areShared {
        group.addTask { [self] in
          await waitForOthers(work.generation)
          isElsewhere.set()
          changed.announce()
          return nil
        }
      }
      var reason: End?
      // The watch ends with the work.
      while let ended = await group.next() {
        if let ended { reason = ended }
        if reason != nil || Task.isCancelled { group.cancelAll() }
      }
      return reason
    }
    await work.writer.close()
    if reason == .recreated { wanted.withLock { $0.rebuild = true } }
  }

  enum End: Sendable, Equatable { case asked, caughtUp, recreated }

  final class Flag: Sendable {
    private let value = Mutex(false)

    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
  }

  /// Waits until a table that was deleted is there again under another id: then every table of the pipeline is there, and a lane has found
  /// that its own is another. False when cancelled.
  private func isRecreated(_ pipeline: Pipeline, _ work: Running) async -> Bool {
    var isSaid = false
    while !Task.isCancelled {
      let ticket = changed.ticket
      if work.lanes.all.contains(where: { if case .recreated = $0.stop { true } else { false } }) {
        if !isSaid {
          logger.info("a table was deleted or re-created: a new generation begins when it is there", ["pipeline": pipeline.name])
        }
        isSaid = true
        var isThere = true
        for table in pipeline.tables where (try? await logs(table.name).describe()) == nil { isThere = false }
        // Of several processes one begins the new generation, and the others find it.
        if isThere, work.lead.isHeld { return true }
        try? await Task.sleep(for: .milliseconds(500))
      } else {
        await changed.wait(since: ticket, timeout: .milliseconds(500))
      }
    }
    return false
  }

  func start(_ generation: Generation, _ pipeline: Pipeline) async throws -> Running {
    let stores = stores
    let writer = try GenerationWriter(name: pipeline.name, committed: changed, own: committed) { () throws(ReadModelError) in
      try stores.generation(generation, pipeline)
    }
    let work = Running(
      generation: generation, pipeline: pipeline, lanes: LaneBoard(), writer: writer,
      assignment: assigner.join(generation.fingerprint, pipeline: pipeline.name, tables: pipeline.tables.map(\.name)),
      lead: Lead(generation, catalog, logger))
    running.withLock { $0.append(work) }
    return work
  }

  func finish(_ work: Running) {
    running.withLock { $0.removeAll { $0.generation.number == work.generation.number } }
    assigner.leave(work.generation.fingerprint, pipeline: work.pipeline.name)
  }
}
