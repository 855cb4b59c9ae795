internal import Pipelines
internal import Projections
internal import ReadModels
internal import Services
internal import Telemetry

/// The decider at work beside the lanes: a round after each of their checkpoints.
struct DeciderRun {
  let writer: GenerationWriter
  let pipeline: Pipeline
  let board: LaneBoard
  let activations: Activations
  let settings: WorkerSettings
  let logger: Logger

  func run() async {
    defer { board.heartbeats.end(.decider) }
    while !Task.isCancelled {
      do {
        let partitions = board.partitions
        try await writer.takeDecider(
          partitions: partitions, activations, sessionsMax: settings.residentSessions(lanes: 1))
        try await work(partitions)
      } catch let error as ReadModelError {
        StoreErrors(settings.metrics, pipeline.name, .decider).add(error)
        switch LaneProgress.failed(error) {
        case .wait(let pause), .retry(let pause, _, _): try? await Task.sleep(for: pause)
        case .stop(let stop):
          logger.error("decider stopped", ["pipeline": pipeline.name, "reason": stop.reason])
          board.stopDecider(stop.reason)
          while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
        case .read, .commit, .reload: break
        }
      } catch {
        return
      }
    }
  }

  /// In a process that does not lead, as `isWatching` says: notes what waits for the decider, and what holds it back. Looks after commits of any
  /// process, at most as often as `watchPause` allows.
  func watch(while isWatching: () -> Bool) async {
    if DeciderEngine.folded(of: pipeline).isEmpty { return }
    while !Task.isCancelled {
      let ticket = writer.committed.ticket
      if isWatching(), let holds = try? await writer.holds(board.partitions) { board.hold(holds, pipeline) }
      try? await Task.sleep(for: DeciderRun.watchPause)
      await writer.committed.wait(since: ticket, timeout: DeciderRun.watchInterval)
    }
  }

  private static let watchPause = Duration.milliseconds(50)
  private static let watchInterval = Duration.milliseconds(500)

  /// Until other lanes are known than these.
  private func work(_ partitions: [TableIndex: Int]) async throws {
    while !Task.isCancelled, board.partitions == partitions {
      let ticket = writer.committed.ticket
      let (hasMore, holds) = try await writer.decide()
      board.hold(holds, pipeline)
      board.heartbeats.beat(.decider)
      if !hasMore { await writer.committed.wait(since: ticket, timeout: .milliseconds(500)) }
    }
  }
}
