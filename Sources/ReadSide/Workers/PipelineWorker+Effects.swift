internal import Pipelines
internal import Projections
package import ReadModels
internal import Services

/// What an operator may do with a pipeline's effects while it works.
extension PipelineWorker {
  /// Why an operator's wish is not fulfilled.
  package struct Refusal: Error, Sendable, CustomStringConvertible {
    package let description: String

    /// For a name that is not among those that there are.
    package static func noEffect(_ name: String, of names: [String]) -> Refusal {
      Refusal(description: "there is no effect `\(name)`; there are: \(names.joined(separator: ", "))")
    }

    /// Refuses a wish about all effects of a name that concerned none, when the name is unknown. An effect that left the file may have left some behind.
    package static func check(_ effects: EffectSelection, concerned count: Int, of names: [String]) throws {
      if count == 0, case .all(let name, _) = effects, !names.contains(name) { throw noEffect(name, of: names) }
    }
  }

  /// The names of everything that may be paused: effects, and projections whose sessions expire their items.
  package var effectNames: [String] { EffectRules.names(of: pipeline) }

  /// What waits in the outbox, or was given up, by number after `after`.
  package func effects(_ states: Set<EffectState>, after: EffectID, limit: Int) async throws -> [ListedEffect] {
    try await onWriter { try await $0.effects(states, after: after, limit: limit) }
  }

  /// Has effects that were given up tried again, or discards effects; answers how many there were.
  package func change(_ effects: EffectSelection, _ change: EffectChange) async throws -> Int {
    let count = try await onWriter { try await $0.change(effects, change) }
    try Refusal.check(effects, concerned: count, of: effectNames)
    return count
  }

  /// Holds the effects of a name back, or lets them go on. What they would do waits in the outbox meanwhile, over restarts too.
  package func setPaused(_ effect: String, _ isPaused: Bool) async throws {
    guard effectNames.contains(effect) else {
      throw Refusal.noEffect(effect, of: effectNames)
    }
    // An effect of the file is active a moment after the start, and can be held back from then on.
    var tries = 1
    while try await !catalog.setPaused(effect, isPaused) {
      guard tries < PipelineWorker.activationTriesMax else {
        throw Refusal(description: "pipeline \(pipeline.name) is not running here: \(stopped ?? "it is starting")")
      }
      tries += 1
      try await Task.sleep(for: .milliseconds(20))
    }
    for running in generations {
      running.writer.effectsChanged.announce()
      running.writer.effectsWritten.announce()
    }
  }

  /// For 5 seconds.
  private static let activationTriesMax = 250

  /// Asks the writer of the current generation; when that was closed before it came to the question, the one of the generation that took its place.
  private func onWriter<Answer>(_ question: (GenerationWriter) async throws -> Answer?) async throws -> Answer {
    for _ in 0..<PipelineWorker.activationTriesMax {
      if let answer = try await question(writer()) { return answer }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw Refusal(description: "another generation of pipeline \(pipeline.name) is taking the place of this one: try again")
  }

  private func writer() throws(Refusal) -> GenerationWriter {
    guard let current = generations.first(where: { $0.generation.state == .current }) ?? generations.first else {
      throw Refusal(description: "pipeline \(pipeline.name) is not running here: \(stopped ?? "it is starting")")
    }
    return current.writer
  }
}
