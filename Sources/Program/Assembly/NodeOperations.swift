internal import Pipelines
internal import QueryAPI
internal import ReadModels
internal import Workers

/// What an operator may do with the pipelines of this process.
struct NodeOperations: PipelineOperator {
  let workers: [PipelineWorker]

  private func worker(_ pipeline: String) throws -> PipelineWorker {
    guard let worker = workers.first(where: { $0.pipeline.name == pipeline }) else {
      throw OperatorRefusal("the worker of \(pipeline) is another process: ask that one")
    }
    return worker
  }

  func rebuild(_ pipeline: String) async throws { try worker(pipeline).rebuild() }

  func effects(_ pipeline: String, _ states: Set<EffectState>, after: EffectID, limit: Int) async throws -> [ListedEffect] {
    try await refusing { try await worker(pipeline).effects(states, after: after, limit: limit) }
  }

  func effectNames(_ pipeline: String) async throws -> [(name: String, isPaused: Bool)] {
    let worker = try worker(pipeline)
    let paused = try await worker.catalog.paused()
    return worker.effectNames.map { ($0, paused.contains($0)) }
  }

  func setPaused(_ pipeline: String, effect: String, _ isPaused: Bool) async throws {
    try await refusing { try await worker(pipeline).setPaused(effect, isPaused) }
  }

  func change(_ pipeline: String, _ effects: EffectSelection, _ change: EffectChange) async throws -> Int {
    try await refusing { try await worker(pipeline).change(effects, change) }
  }

  private func refusing<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let error as PipelineWorker.Refusal {
      throw OperatorRefusal(error.description)
    }
  }
}
