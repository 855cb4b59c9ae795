internal import Foundation
internal import Pipelines
internal import ReadModels
internal import Services
internal import Synchronization
internal import Telemetry
internal import Workers

/// Says what this process does on pipelines, and knows what all do that share its database, as of a second ago.
final class WorkReports: Service {
  let name = "work reports"

  private static let interval = Duration.seconds(1)
  /// What was read so long ago is not shown as it were of now.
  private static let ageMax = Duration.seconds(10)

  private let catalogs: [(pipeline: String, catalog: CatalogOwner)]
  private let workers: [PipelineWorker]
  private let changed: Signal
  private let logger: Logger
  /// What was said last of this machine's clock.
  private let clocks = Mutex<ClockDifference?>(nil)
  private let known = Mutex<[String: (status: SharedStatus, at: ContinuousClock.Instant)]>([:])

  /// `changed` is announced when something stands still or goes on again.
  init(_ catalogs: [(pipeline: String, catalog: CatalogOwner)], workers: [PipelineWorker], changed: Signal, _ logger: Logger) {
    self.catalogs = catalogs
    self.workers = workers
    self.changed = changed
    self.logger = logger
  }

  /// Nil while nothing is known, or nothing new.
  subscript(pipeline: String) -> SharedStatus? {
    known.withLock { known in
      known[pipeline].flatMap { $0.at + WorkReports.ageMax > .now ? $0.status : nil }
    }
  }

  func run() async throws {
    await withDiscardingTaskGroup { group in
      for (pipeline, catalog) in catalogs {
        group.addTask { [self] in
          while !Task.isCancelled {
            await look(pipeline, catalog)
            try? await Task.sleep(for: WorkReports.interval)
          }
        }
      }
    }
  }

  private func look(_ pipeline: String, _ catalog: CatalogOwner) async {
    if let worker = workers.first(where: { $0.pipeline.name == pipeline }) { try? await catalog.report(worker.report) }
    let asked = Date()
    guard let (work, generations) = try? await catalog.reported() else { return }
    if let now = work.now { look(at: ClockDifference(now, askedFor: asked, answered: Date())) }
    let status = SharedStatus(work, generations: generations)
    let before = known.withLock { known in
      defer { known[pipeline] = (status, .now) }
      return known[pipeline]?.status
    }
    if before?.stopped != status.stopped || before?.generations.map(\.generation) != status.generations.map(\.generation) {
      changed.announce()
    }
  }

  /// Says once that the clocks differ, and once that they agree again.
  private func look(at now: ClockDifference) {
    let before = clocks.withLock { clocks in
      defer { clocks = now }
      return clocks?.sentence
    }
    if let sentence = now.sentence, before == nil {
      logger.warning("clocks differ", ["reason": sentence])
    } else if now.sentence == nil, before != nil {
      logger.info("clocks agree again")
    }
  }
}
