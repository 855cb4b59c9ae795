internal import Pipelines
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
    while !Task.isCancelled {
      do {
        let partitions = board.partitions
        try await writer.takeDecider(
          partitions: partitions, activations, sessionsMax: settings.residentSessions(lanes: 1))
        try await work(partitions)
      } catch let error as ReadModelError {
        StoreErrors.cell(settings.metrics, pipeline.name, stage: .decider).add()
        switch LaneProgress.failed(error) {
        case .retry(let pause, _, _): try? await Task.sleep(for: pause)
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
