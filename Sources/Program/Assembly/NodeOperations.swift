internal import Pipelines
internal import QueryAPI
internal import ReadModels
internal import Workers

/// What an operator may do with the pipelines of this process.
struct NodeOperations: PipelineOperator {
  let live: LivePipelines
  let workers: [PipelineWorker]
  /// For pipelines whose workers are other processes; nil where read models are files.
  let shared: SharedOperations?

  /// The worker in this process, or what is done without one.
  private enum Place {
    case worker(PipelineWorker)
    case elsewhere(SharedOperations)
  }

  private func place(_ pipeline: String) throws -> Place {
    if let worker = workers.first(where: { $0.pipeline.name == pipeline }) { return .worker(worker) }
    guard let shared else { throw OperatorRefusal("the worker of \(pipeline) is another process: ask that one") }
    return .elsewhere(shared)
  }

  func rebuild(_ pipeline: String) async throws {
    switch try place(pipeline) {
    case .worker(let worker):
      // What was just edited is built, too.
      if let mistake = live.look(at: pipeline) {
        throw OperatorRefusal("the pipeline file cannot be built, the previous version stays in use: \(mistake)")
      }
      worker.rebuild()
    case .elsewhere(let shared): try await shared.rebuild(pipeline)
    }
  }

  func effects(_ pipeline: String, _ states: Set<EffectState>, after: EffectID, limit: Int) async throws -> [ListedEffect] {
    switch try place(pipeline) {
    case .worker(let worker): try await refusing { try await worker.effects(states, after: after, limit: limit) }
    case .elsewhere(let shared): try await shared.effects(pipeline, states, after: after, limit: limit)
    }
  }

  func effectNames(_ pipeline: String) async throws -> [(name: String, isPaused: Bool)] {
    switch try place(pipeline) {
    case .worker(let worker):
      let paused = try await worker.catalog.paused()
      return worker.effectNames.map { ($0, paused.contains($0)) }
    case .elsewhere(let shared): return try await shared.effectNames(pipeline)
    }
  }

  func setPaused(_ pipeline: String, effect: String, _ isPaused: Bool) async throws {
    switch try place(pipeline) {
    case .worker(let worker): try await refusing { try await worker.setPaused(effect, isPaused) }
    case .elsewhere(let shared): try await shared.setPaused(pipeline, effect: effect, isPaused)
    }
  }

  func change(_ pipeline: String, _ effects: EffectSelection, _ change: EffectChange) async throws -> Int {
    switch try place(pipeline) {
    case .worker(let worker): try await refusing { try await worker.change(effects, change) }
    case .elsewhere(let shared): try await shared.change(pipeline, effects, change)
    }
  }

  private func refusing<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let error as PipelineWorker.Refusal {
      throw OperatorRefusal(error.description)
    }
  }
}
