package import ChangeLog
internal import Foundation
package import Pipelines
package import ReadModels
package import Services
internal import Synchronization
package import Telemetry

/// A pipeline at work: its lanes, its effects, and when the pipeline file has changed the building of a new generation beside the
/// current one until it has caught up and takes its place.
package final class PipelineWorker: Service {
  /// A generation that is being worked on in this process.
  package struct Running: Sendable {
    package let generation: Generation
    package let pipeline: Pipeline
    package let lanes: LaneBoard
  }

  package let pipeline: Pipeline
  package let catalog: CatalogOwner
  /// Announced whenever rows, positions or the current generation changed.
  package let changed: Signal
  package var name: String { "worker \(pipeline.name)" }

  private let pipelineFile: String
  private let logs: @Sendable (String) -> any ChangeLog
  private let load: @Sendable (String) throws -> Pipeline
  private let sink: any EffectSink
  private let settings: WorkerSettings
  private let logger: Logger
  private let running = Mutex<[Running]>([])

  /// `logs` gives a table's log by name; `load` reads the pipeline file of an older generation.
  package init(
    pipeline: Pipeline, pipelineFile: String, directory: String, changed: Signal, settings: WorkerSettings, logger: Logger,
    sink: any EffectSink, logs: @escaping @Sendable (String) -> any ChangeLog,
    load: @escaping @Sendable (String) throws -> Pipeline
  ) throws(ReadModelError) {
    self.pipeline = pipeline
    self.pipelineFile = pipelineFile
    self.changed = changed
    self.settings = settings
    self.logger = logger
    self.sink = sink
    self.logs = logs
    self.load = load
    catalog = try CatalogOwner(directory: directory, now: Int64(Date().timeIntervalSince1970 * 1_000_000))
  }

  /// The generations at work, the current one first.
  package var generations: [Running] { running.withLock { $0 } }

  package func run() async throws {
    let wanted = try await catalog.generation(for: pipeline.fingerprint, pipelineFile: pipelineFile)
    let current = try await catalog.current()
    // Now, and not at the first dispatch: what happens between the two, and over a crash between them, is to be carried out.
    for effect in pipeline.effects { _ = try await catalog.activation(of: effect.name) }
    for projection in pipeline.projections {
      if case .sessions(let sessions) = projection.kind, sessions.expiresItem {
        _ = try await catalog.activation(of: projection.name)
      }
    }
    if let current, current.number != wanted.number {
      logger.info(
        "the pipeline file has changed: a new generation is being built, the current one serves until then",
        ["pipeline": pipeline.name, "current": "\(current.number)", "new": "\(wanted.number)"])
      try await build(wanted, beside: current)
    }
    if Task.isCancelled { return }
    let last = try await catalog.generation(for: pipeline.fingerprint, pipelineFile: pipelineFile)
    try await work(on: last, pipeline, dispatching: true, until: { false })
  }

  /// Works on both until the new one has caught up, then swaps.
  private func build(_ new: Generation, beside current: Generation) async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask { [self] in
        try await work(on: new, pipeline, dispatching: false) { [self] in
          let lanes = generations.first { $0.generation.number == new.number }?.lanes.all ?? []
          return !lanes.isEmpty && lanes.allSatisfy(\.hasCaughtUp)
        }
        return true
      }
      if let old = try? load(current.directory) {
        group.addTask { [self] in
          try await work(on: current, old, dispatching: true, until: { false })
          return false
        }
      } else {
        logger.warning("the old generation's pipeline file cannot be read: it serves as it stands", ["pipeline": pipeline.name])
      }
      while let isBuilt = try await group.next() {
        if isBuilt { break }
      }
      group.cancelAll()
    }
    if Task.isCancelled { return }
    try await catalog.makeCurrent(new)
    changed.announce()
    logger.info("the new generation is current", ["pipeline": pipeline.name, "generation": "\(new.number)"])
  }

  /// Runs the lanes of a generation, and its effects when `dispatching`, until cancelled or `isOver` holds.
  private func work(
    on generation: Generation, _ pipeline: Pipeline, dispatching: Bool, until isOver: @escaping @Sendable () -> Bool
  ) async throws {
    let writer = try GenerationWriter(path: generation.databasePath, pipeline: pipeline, committed: changed)
    let board = LaneBoard()
    running.withLock { $0.append(Running(generation: generation, pipeline: pipeline, lanes: board)) }
    defer { running.withLock { $0.removeAll { $0.generation.number == generation.number } } }
    let lanes = try await lanes(pipeline, writer, board)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in lanes { group.addTask { try await lane.run() } }
      if dispatching {
        let dispatcher = OutboxDispatcher(pipeline: pipeline, writer: writer, catalog: catalog, sink: sink, logger: logger)
        group.addTask { try await dispatcher.run() }
      }
      group.addTask { [changed] in
        while !Task.isCancelled {
          let ticket = changed.ticket
          if isOver() { throw WorkIsOver() }
          await changed.wait(since: ticket, timeout: .milliseconds(200))
        }
      }
      do {
        while try await group.next() != nil {}
      } catch is WorkIsOver {
        group.cancelAll()
        while try await group.next() != nil {}
      }
    }
    await writer.close()
  }

  private struct WorkIsOver: Error {}

  private func lanes(_ pipeline: Pipeline, _ writer: GenerationWriter, _ board: LaneBoard) async throws -> [Lane] {
    var lanes: [Lane] = []
    for (table, definition) in pipeline.tables.enumerated() {
      let log = logs(definition.name)
      let description = try await describe(log, board)
      for partition in 0..<description.partitions {
        board.update(definition.name, partition) { _ in }
        lanes.append(
          Lane(
            log: log, pipeline: pipeline, table: table, partition: partition, writer: writer, board: board, settings: settings,
            logger: logger))
      }
    }
    return lanes
  }

  /// A table, or a broker, may come later than its worker. After this long the waiting is shown as standing still.
  private static let describePatience = Duration.seconds(3)

  private func describe(_ log: any ChangeLog, _ board: LaneBoard) async throws -> LogDescription {
    let start = ContinuousClock.now
    var said: LogError?
    while true {
      do {
        let description = try await log.describe()
        if said != nil { board.update(log.table, 0) { $0.stopped = nil } }
        return description
      } catch {
        if said != error { logger.warning("waiting for the log", ["table": log.table, "reason": error.message]) }
        said = error
        if ContinuousClock.now - start > PipelineWorker.describePatience {
          board.update(log.table, 0) { $0.stopped = "\(error)" }
        }
        try await Task.sleep(for: .milliseconds(500))
      }
    }
  }
}
