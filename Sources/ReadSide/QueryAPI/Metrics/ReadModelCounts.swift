internal import Pipelines
internal import ReadModels
internal import Telemetry

/// What a read model counts of itself: dead letters by projection, and effects by name and state, those that are none as 0.
struct ReadModelCounts: Sendable {
  let deadLetters: [(projection: String, count: Int)]
  let effects: [EffectCount]

  /// Within a snapshot.
  init(_ reader: any GenerationReader, _ pipeline: Pipeline) throws {
    let letters = try reader.deadLetterCounts()
    let known = Set(letters.map(\.projection))
    deadLetters = letters + pipeline.projections.map(\.name).filter { !known.contains($0) }.map { ($0, 0) }
    let found = try reader.effectCounts()
    effects =
      found
      + pipeline.effectNames.flatMap { name in EffectState.allCases.map { EffectCount(effect: name, state: $0, count: 0) } }
      .filter { none in !found.contains { $0.effect == none.effect && $0.state == none.state } }
  }

  func write(_ pipeline: String, to out: inout MetricFamilies) {
    for (projection, count) in deadLetters {
      out.add(
        .gauge, "afterimage_dead_letters", help: "Records that a projection of the current read model could not take.",
        labels: ["pipeline": pipeline, "projection": projection], value: Double(count))
    }
    for effect in effects {
      out.add(
        .gauge, "afterimage_effects", help: "Effects that wait to be carried out, and those that were given up.",
        labels: ["pipeline": pipeline, "effect": effect.effect, "state": effect.state.rawValue], value: Double(effect.count))
    }
  }
}
