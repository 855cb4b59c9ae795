internal import Pipelines
internal import PostgresReadModels
internal import Projections
internal import QueryAPI
internal import ReadModels
internal import Services
internal import Workers

/// What an operator may do with pipelines whose workers are other processes: through the database that all share. The workers see it within a moment.
///
/// Nothing is kept open between two calls: they are rare. Each waits for the database on a thread of its own.
actor SharedOperations: PipelineOperator {
  private let database: PostgresDatabase
  private let executor = BlockingExecutor("operator")

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(_ database: PostgresDatabase) { self.database = database }

  func rebuild(_ pipeline: String) throws {
    try refusing {
      let current = try current(pipeline)
      let definition = try database.pipelineFile(of: current)
      _ = try database.stores.pipeline(pipeline).rebuild(current.fingerprint, definition: definition)
    }
  }

  func effects(_ pipeline: String, _ states: Set<EffectState>, after: EffectID, limit: Int) throws -> [ListedEffect] {
    try onStore(of: pipeline) { try $0.effects(states, after: after, limit: limit) }
  }

  func effectNames(_ pipeline: String) throws -> [(name: String, isPaused: Bool)] {
    try refusing {
      let paused = try database.stores.pipeline(pipeline).paused()
      return EffectRules.names(of: try definition(pipeline)).map { ($0, paused.contains($0)) }
    }
  }

  func setPaused(_ pipeline: String, effect: String, _ isPaused: Bool) throws {
    try refusing {
      let names = EffectRules.names(of: try definition(pipeline))
      guard names.contains(effect) else { throw PipelineWorker.Refusal.noEffect(effect, of: names) }
      guard try database.stores.pipeline(pipeline).setPaused(effect, isPaused) else {
        throw OperatorRefusal("the effect `\(effect)` is not active yet: no worker has begun with it")
      }
    }
  }

  func change(_ pipeline: String, _ effects: EffectSelection, _ change: EffectChange) throws -> Int {
    let count = try onStore(of: pipeline) { try $0.change(effects, change) }
    try PipelineWorker.Refusal.check(effects, concerned: count, of: EffectRules.names(of: try definition(pipeline)))
    return count
  }

  private func current(_ pipeline: String) throws -> Generation {
    guard let current = try database.stores.pipeline(pipeline).current() else {
      throw OperatorRefusal("\(pipeline) has no current read model: no worker has begun with it")
    }
    return current
  }

  private func definition(_ pipeline: String) throws -> Pipeline { try database.pipeline(of: try current(pipeline)) }

  private func onStore<Answer>(of pipeline: String, _ body: (any GenerationStore) throws -> Answer) throws -> Answer {
    try refusing {
      let current = try current(pipeline)
      let store = try database.stores.withoutStates(current, try database.pipeline(of: current))
      defer { store.close() }
      return try body(store)
    }
  }

  private func refusing<Answer>(_ body: () throws -> Answer) throws -> Answer {
    do {
      return try body()
    } catch let error as ReadModelError {
      throw OperatorRefusal("\(error)")
    } catch let error as PipelineWorker.Refusal {
      throw OperatorRefusal(error.description)
    }
  }
}
