package import ChangeRecords
package import Pipelines
package import Projections

/// What belongs to a pipeline and not to one generation: which generation is current, since when each effect is active, which are paused,
/// and the ledger of effects that were carried out. Every change is durable when the call returns. One thread at a time.
package protocol PipelineStore: AnyObject {
  /// By number.
  func generations() throws(ReadModelError) -> [Generation]
  /// The generation that this definition is to run in, as `GenerationChoice` has it: the current one if it was built by it, one that is being built for
  /// it, or a new one, with the definition, a pipeline file's text, beside it. The very first is current at once. Throws `held` where it has to wait.
  func generation(for fingerprint: String, definition: String) throws(ReadModelError) -> Generation
  /// A new generation of the same definition beside the current one, from the log's beginning.
  func rebuild(_ fingerprint: String, definition: String) throws(ReadModelError) -> Generation
  /// Makes a generation the one that readers see, in one step; the one before is kept. Throws for one that was given up, and changes nothing; also, `held`,
  /// where `frozen` is given and is not the current generation any more, or not frozen.
  func makeCurrent(_ generation: Generation, inPlaceOf frozen: Generation?) throws(ReadModelError)
  /// Leads a generation for a while, or goes on leading it: of all processes that share the store one does, which folds the decider, carries effects out
  /// and has the generation take another's place. False while another leads it. The time is measured by the store's clock.
  func lead(_ generation: Generation, for lease: Duration) throws(ReadModelError) -> Bool
  /// Stops leading a generation, so that another process may at once. For a while yet it counts as worked on (`GenerationChoice`).
  func stopLeading(_ generation: Generation) throws(ReadModelError)
  /// For a while nobody takes lanes of the generation or begins its effects, and whoever had lanes or the decider has lost them: what is in its rows stays
  /// as it is until then, or until `thaw`.
  func freeze(_ generation: Generation, for limit: Duration) throws(ReadModelError)
  func thaw(_ generation: Generation) throws(ReadModelError)
  /// Makes the next start build a new generation from the log, whatever the current one is like; nothing serves until it has caught up. False
  /// when there is none to give up.
  func giveUpCurrent() throws(ReadModelError) -> Bool

  /// Notes what this process does, in place of what it and others have said of the same lanes. Of a store of one process nothing is kept.
  func report(_ work: WorkReport) throws(ReadModelError)
  /// What all processes have reported of generations that there are; nil of a store of one process.
  func reported() throws(ReadModelError) -> ReportedWork?

  /// Activates the names that are not active yet at these places, and ends the activations of all others.
  func activate(_ names: [String], at places: [LogPlace]) throws(ReadModelError)
  func activations() throws(ReadModelError) -> Activations

  /// The names of effects that are paused.
  func paused() throws(ReadModelError) -> Set<String>
  /// Pauses the effect or lets it go on, over restarts too. False for an effect that is not active, which cannot be paused.
  func setPaused(_ effect: String, _ isPaused: Bool) throws(ReadModelError) -> Bool

  /// Those of the keys, in their order, whose effects were carried out, by whatever generation. Keys are the same when their bytes are.
  func sent(among idempotencyKeys: [String]) throws(ReadModelError) -> [String]
  /// Notes what was carried out at a time in milliseconds of the wall clock, and forgets what is older than the ledger's age.
  func recordSent(_ idempotencyKeys: [String], at time: Int64) throws(ReadModelError)
}

/// Opens the stores of one kind.
package struct ReadModelStores: Sendable {
  /// The store of a pipeline by its name: of stores in files the pipeline's folder.
  package let pipeline: @Sendable (_ name: String) throws(ReadModelError) -> any PipelineStore
  /// A generation for writing; made when it is missing.
  package let generation: @Sendable (Generation, Pipeline) throws(ReadModelError) -> any GenerationStore
  /// A generation that is there, whatever program has made it, for what does not depend on the layout of states: `lanes`, `decided`, `effects` and
  /// their changes.
  package let withoutStates: @Sendable (Generation, Pipeline) throws(ReadModelError) -> any GenerationStore
  /// Of the generations that this program makes.
  package let layout: GenerationLayout
  /// Whether other processes may change a pipeline's catalogue while this one works.
  package let areShared: Bool

  /// `withoutStates` is nil where all are of one layout.
  package init(
    layout: GenerationLayout, areShared: Bool = false,
    pipeline: @escaping @Sendable (_ name: String) throws(ReadModelError) -> any PipelineStore,
    generation: @escaping @Sendable (Generation, Pipeline) throws(ReadModelError) -> any GenerationStore,
    withoutStates: (@Sendable (Generation, Pipeline) throws(ReadModelError) -> any GenerationStore)? = nil
  ) {
    self.layout = layout
    self.areShared = areShared
    self.pipeline = pipeline
    self.generation = generation
    self.withoutStates = withoutStates ?? generation
  }

  /// The fingerprint of the generations that this program works on for a definition.
  package func fingerprint(of pipeline: Pipeline) -> String { layout.fingerprint(pipeline.fingerprint) }
}

extension PipelineStore {
  package func report(_ work: WorkReport) throws(ReadModelError) {}
  package func reported() throws(ReadModelError) -> ReportedWork? { nil }

  package func makeCurrent(_ generation: Generation) throws(ReadModelError) { try makeCurrent(generation, inPlaceOf: nil) }

  package func current() throws(ReadModelError) -> Generation? { try generations().last { $0.state == .current } }
}

/// Where a partition's log ends, and its watermark.
package struct LogPlace: Sendable, Equatable {
  package let tableID: TableID
  package let partition: Int
  package let sequence: SequenceNumber
  package let watermark: Instant

  package init(tableID: TableID, partition: Int, sequence: SequenceNumber, watermark: Instant) {
    self.tableID = tableID
    self.partition = partition
    self.sequence = sequence
    self.watermark = watermark
  }
}

/// Since when each effect of a pipeline is active, in each partition.
package struct Activations: Sendable, Equatable {
  package private(set) var places: [String: [LogPlace]] = [:]

  package init() {}

  /// Adds a place of the effect `name`; with nil the effect is there, and active from the beginning of every partition that has none.
  package mutating func add(_ name: String, _ place: LogPlace?) {
    places[name, default: []] += place.map { [$0] } ?? []
  }

  /// Of one lane, by name. In a table that was re-created since, an effect is active from its beginning.
  package func of(_ tableID: TableID, _ partition: Int) -> [String: Activation] {
    places.mapValues { places in
      guard let place = places.first(where: { $0.tableID == tableID && $0.partition == partition }) else { return .always }
      return Activation(sequence: place.sequence, watermark: place.watermark)
    }
  }

  /// Of the decider, by name: the greatest watermark.
  package var ofDecider: [String: Activation] {
    places.mapValues { places in Activation(sequence: .beforeAll, watermark: places.map(\.watermark).max() ?? .distantPast) }
  }

  /// Every one active since the log's beginning: for scenarios.
  package static func always(_ names: [String]) -> Activations {
    var all = Activations()
    for name in names { all.add(name, nil) }
    return all
  }
}
