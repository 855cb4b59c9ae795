package import ReadModels

/// What an operator may do with a pipeline over HTTP. Every call throws a sentence that says what is wrong.
package protocol PipelineOperator: Sendable {
  /// Has a new generation built from the log's beginning while the current one serves.
  func rebuild(_ pipeline: String) async throws
  /// The effects in these states, by number after `after`.
  func effects(_ pipeline: String, _ states: Set<EffectState>, after: EffectID, limit: Int) async throws -> [ListedEffect]
  /// The names of effects, and which of them are paused.
  func effectNames(_ pipeline: String) async throws -> [(name: String, isPaused: Bool)]
  /// Pauses an effect of the pipeline or lets it go on, over restarts too.
  func setPaused(_ pipeline: String, effect: String, _ isPaused: Bool) async throws
  /// Answers how many effects it concerned.
  func change(_ pipeline: String, _ effects: EffectSelection, _ change: EffectChange) async throws -> Int
}

/// Why an operation was refused.
package struct OperatorRefusal: Error, Sendable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
