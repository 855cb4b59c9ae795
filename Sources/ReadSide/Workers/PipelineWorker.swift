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
  package var name: String { "worker \(pipeline.name)" }

  private let pipelineFile: String
  private let stores: ReadModelStores
  let logs: @Sendable (String) -> any ChangeLog
  private let load: @Sendable (Generation) throws -> Pipeline
  private let sink: any EffectSink
  private let settings: WorkerSettings
  let logger: Logger
  private let running = Mutex<[Running]>([])
  private let wanted: Mutex<Wanted>
  private let asked = Signal()
  private let trouble = Mutex<String?>(nil)

  /// `logs` gives a table's log by name; `load` reads the definition that an older generation was built by.
  package init(
    pipeline: Pipeline, pipelineFile: String, directory: String, stores: ReadModelStores, changed: Signal,
    settings: WorkerSettings,
    logger: Logger, sink: any EffectSink, logs: @escaping @Sendable (String) -> any ChangeLog,
    load: @escaping @Sendable (Generation) throws -> Pipeline
  ) {
    self.pipelineFile = pipelineFile
    self.changed = changed
    self.stores = stores
    self.settings = settings
    self.logger = logger
    self.sink = sink
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
        trouble.withLock { $0 = nil }
      } catch is CancellationError {
        return
      } catch let error as ReadModelError {
        let isPassing = if case .storage = error { true } else { false }
        await standStill("\(error)", revision, retryAfter: isPassing ? .seconds(2) : nil)
      } catch {
        await standStill("\(error)", revision, retryAfter: .seconds(2))
      }
    }
  }

  /// Says why nothing goes on, and waits until it is asked for something else or may try again.
  private func standStill(_ reason: String, _ revision: Int, retryAfter pause: Duration?) async {
    if Task.isCancelled { return }
    logger.error("pipeline stopped", ["pipeline": pipeline.name, "reason": reason])
    trouble.withLock { $0 = reason }
    changed.announce()
    if let pause { return await wait(pause, revision) }
    while !Task.isCancelled, isCurrent(revision) { await wait(.seconds(60), revision) }
  }

  private func isCurrent(_ revision: Int) -> Bool { wanted.withLock { $0.revision == revision } }

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
      ? try await catalog.rebuild(pipeline.fingerprint, pipelineFile: pipelineFile)
      : try await catalog.generation(for: pipeline.fingerprint, pipelineFile: pipelineFile)
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
    let mark = Flag()
    let reason = await withTaskGroup(of: End?.self) { group in
      group.addTask { [self] in
        await perform(work, activations, dispatching: true) { [self] in
          if !isCurrent(revision) { return .asked }
          return mark.isSet ? .recreated : nil
        }
      }
      group.addTask { [self] in
        if await isRecreated(pipeline, work) { mark.set() }
        changed.announce()
        return nil
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

  private enum End: Sendable, Equatable { case asked, caughtUp, recreated }

  private final class Flag: Sendable {
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
        if isThere { return true }
        try? await Task.sleep(for: .milliseconds(500))
      } else {
        await changed.wait(since: ticket, timeout: .milliseconds(500))
      }
    }
    return false
  }

  /// Works on both until the new one has caught up, then swaps. Answers whether the new one is current.
  private func build(
    _ new: Generation, _ pipeline: Pipeline, beside current: Generation?, activations: Activations, revision: Int
  ) async throws -> Bool {
    let old: Running?
    do {
      old = if let current { try await start(current, try load(current)) } else { nil }
    } catch {
      logger.warning(
        "the old generation cannot be updated: it serves as it is", ["pipeline": pipeline.name, "reason": "\(error)"])
      old = nil
    }
    defer { if let old { finish(old) } }
    let work = try await start(new, pipeline)
    defer { finish(work) }
    let isOver = Flag()
    let isBuilt = try await withThrowingTaskGroup(of: Bool.self) { group in
      if let old {
        group.addTask { [self] in
          _ = await perform(old, activations, dispatching: true) { isOver.isSet ? .caughtUp : nil }
          return false
        }
      }
      group.addTask { [self] in
        let reason = await perform(work, activations, dispatching: false) { [self] in
          if !isCurrent(revision) { return .asked }
          if work.lanes.hasCaughtUp { isOver.set() }
          guard isOver.isSet else { return nil }
          // The old one stops first: then it is known how far the new one has to come.
          guard let old else { return .caughtUp }
          return old.lanes.isOver && SwapDecision.isReached(work.lanes.positions, old: old.lanes.positions) ? .caughtUp : nil
        }
        isOver.set()
        return reason == .caughtUp
      }
      var isBuilt = false
      for try await result in group where result { isBuilt = true }
      return isBuilt
    }
    if isBuilt, !Task.isCancelled {
      if let old { try await work.writer.handOver(try await old.writer.old()) }
      try await catalog.makeCurrent(new)
      changed.announce()
      logger.info("the new generation is current", ["pipeline": pipeline.name, "generation": "\(new.number)"])
    }
    await old?.writer.close()
    await work.writer.close()
    return isBuilt
  }

  private func start(_ generation: Generation, _ pipeline: Pipeline) async throws -> Running {
    let stores = stores
    let writer = try GenerationWriter(name: pipeline.name, committed: changed) { () throws(ReadModelError) in
      try stores.generation(generation, pipeline)
    }
    let work = Running(generation: generation, pipeline: pipeline, lanes: LaneBoard(), writer: writer)
    running.withLock { $0.append(work) }
    return work
  }

  private func finish(_ work: Running) {
    running.withLock { $0.removeAll { $0.generation.number == work.generation.number } }
  }

  /// Runs the lanes of a generation, its decider, and its effects when `dispatching`, until cancelled or `end` says so.
  private func perform(
    _ work: Running, _ activations: Activations, dispatching: Bool, until end: @escaping @Sendable () -> End?
  ) async -> End? {
    defer { work.lanes.end() }
    return await withTaskGroup(of: End?.self) { group in
      group.addTask { [self] in
        await lanes(work, activations, dispatching: dispatching)
        return nil
      }
      group.addTask { [changed, asked] in
        while !Task.isCancelled {
          let (ticket, other) = (changed.ticket, asked.ticket)
          if let reason = end() { return reason }
          if asked.ticket == other { await changed.wait(since: ticket, timeout: .milliseconds(100)) }
        }
        return nil
      }
      let reason = await group.next() ?? nil
      group.cancelAll()
      return reason
    }
  }

  private func lanes(_ work: Running, _ activations: Activations, dispatching: Bool) async {
    await withDiscardingTaskGroup { group in
      // Each table's lanes start when its log is there: one that is missing holds back only what it feeds.
      for table in work.pipeline.tables.indexes {
        group.addTask { [self] in
          guard let description = await describe(table, of: work), await addLanes(table, description, of: work) else { return }
          let partitions = description.partitions
          work.lanes.describe(table, partitions, work.pipeline)
          await withDiscardingTaskGroup { lanes in
            for partition in 0..<partitions {
              let lane = Lane(
                log: logs(work.pipeline.tables[table].name), pipeline: work.pipeline,
                id: LaneID(table: table, partition: partition), generation: work.generation,
                writer: work.writer, board: work.lanes, activations: activations, settings: settings, logger: logger)
              lanes.addTask { await lane.run() }
            }
          }
        }
      }
      let decider = DeciderRun(
        writer: work.writer, pipeline: work.pipeline, board: work.lanes, activations: activations, settings: settings,
        logger: logger)
      group.addTask { await decider.run() }
      if dispatching {
        let dispatcher = OutboxDispatcher(
          pipeline: work.pipeline, writer: work.writer, board: work.lanes, catalog: catalog, sink: sink, settings: settings,
          logger: logger)
        group.addTask { await dispatcher.run() }
      }
    }
  }
}
