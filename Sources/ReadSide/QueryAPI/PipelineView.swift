internal import ChangeRecords
internal import DynamoModel
package import Pipelines
package import ReadModels
package import Services
internal import Synchronization
package import Telemetry

/// A pipeline's current read model, for readers.
///
/// Every answer is made in one snapshot together with the positions and the time that it is true for: those of the tables that feed the
/// projections it reads. When another generation
/// becomes current the next answer is from that one, whole. Queries and tiles run on several readers, each on a thread of its own; questions about
/// boards on one reader a leaderboard, which keeps the boards in memory; metrics on one of their own.
package final class PipelineView: Sendable {
  package let name: String
  private let current: @Sendable () async throws -> Generation?
  private let known: @Sendable () -> Generation?
  private let definition: @Sendable () -> (pipeline: Pipeline, revision: Int)?
  private let load: @Sendable (Generation) throws -> Pipeline
  private let changed: Signal
  private let pool: ReaderPool
  /// Of metrics alone; opened when there are some.
  let metricReader: ReaderPool
  let meter: QueryMeter
  private let opening: @Sendable (Generation, Pipeline) throws -> any GenerationReader
  private let boards = Mutex(Boards())
  /// Definitions of generations that are not the present one, by generation.
  private let loaded = Mutex<[Int: Pipeline]>([:])
  /// Held while one is loaded: whoever else asks waits for it, and needs no connection for it.
  private let loading = Mutex(())

  /// The readers of the leaderboards that were asked about, by name, all of one source.
  private struct Boards {
    var source: ReaderPool.Source?
    var readers: [String: BoardReader] = [:]
  }

  package static let queryTimeMax = Duration.seconds(5)
  package static let queryRowsMax = 100_000
  package static let freshnessWaitMax = Duration.seconds(5)

  /// `current` gives the generation that readers are to see, `known` the same where it is known without asking anybody, `definition` the pipeline as its file says it now, whose queries are used where
  /// its rows are those of the generation; else `load` reads the definition that the generation was built by. `opening` opens a generation for reading.
  /// `changed` is announced after each checkpoint. `metrics` measure the named queries.
  package init(
    name: String, changed: Signal, current: @escaping @Sendable () async throws -> Generation?,
    known: @escaping @Sendable () -> Generation?,
    definition: @escaping @Sendable () -> (pipeline: Pipeline, revision: Int)?,
    load: @escaping @Sendable (Generation) throws -> Pipeline,
    opening: @escaping @Sendable (Generation, Pipeline) throws -> any GenerationReader,
    metrics: Metrics? = nil
  ) {
    self.name = name
    meter = QueryMeter(metrics: metrics, pipeline: name)
    self.changed = changed
    self.current = current
    self.known = known
    self.opening = opening
    self.definition = definition
    self.load = load
    pool = ReaderPool(name: name, readersMax: ReaderPool.readersMax, opening: opening)
    metricReader = ReaderPool(name: name, readersMax: 1, opening: opening)
  }

  /// What an answer is made of: a reader within its snapshot, and what that is true for.
  struct Snapshot {
    let pipeline: Pipeline
    let generation: Generation
    let reader: any GenerationReader
    let validity: Validity

    /// The time that it is true for, as SQL has it.
    var now: String? { validity.now }
  }

  /// What an answer is about, found in the pipeline before anything is read.
  struct Subject<Value: Sendable>: Sendable {
    let value: Value
    /// The projections whose rows the answer reads. With none it is true for all tables: so is `:now` in SQL that reads nothing else.
    let reads: [ProjectionID]
  }

  /// Runs `body` in a snapshot of the current generation that holds at least the records at these positions, as far as they can change the
  /// answer. The answer is an object, to which what it is true for is added. `find` throws where there is nothing to answer about.
  func answer<Value: Sendable>(
    atLeast positions: [Position] = [], about find: @escaping @Sendable (Pipeline) throws -> Subject<Value>,
    _ body: @escaping @Sendable (Value, Snapshot, inout JSONWriter) throws -> Void
  ) async throws -> [UInt8] {
    try await fresh(positions) { [pool] source in
      try await pool.read(source) { reader in
        try PipelineView.answer(reader, source, atLeast: positions, about: find, body)
      }
    }
  }

  /// What `body` gives, called again while it gives nil: until the read model holds the positions, for at most `freshnessWaitMax`.
  func fresh<Answer: Sendable>(
    _ positions: [Position], _ body: @Sendable (ReaderPool.Source) async throws -> Answer?
  ) async throws -> Answer {
    let deadline = ContinuousClock.now + PipelineView.freshnessWaitMax
    while true {
      let ticket = changed.ticket
      do {
        if let answer = try await body(try await source()) { return answer }
      } catch ReaderError.notReady where !positions.isEmpty {
        // A read model that is being made comes to the positions as any other does.
      } catch ReaderError.otherLayout where !positions.isEmpty {
        // So does one that takes the place of another version's.
      } catch let error as ReaderError {
        throw PipelineView.error(error, name)
      }
      guard ContinuousClock.now < deadline else {
        throw QueryError(
          .notYet,
          "the read model has not reached \(positions.map(\.description).joined(separator: ",")) within \(PipelineView.freshnessWaitMax)"
        )
      }
      await changed.wait(since: ticket, timeout: .milliseconds(50))
    }
  }

  /// Nil when the snapshot does not hold the positions.
  private static func answer<Value: Sendable>(
    _ reader: any GenerationReader, _ source: ReaderPool.Source, atLeast positions: [Position],
    about find: (Pipeline) throws -> Subject<Value>, _ body: (Value, Snapshot, inout JSONWriter) throws -> Void
  ) throws -> [UInt8]? {
    try reader.snapshot {
      let subject = try find(source.pipeline)
      let all = try reader.places()
      let read = tables(subject.reads, source.pipeline)
      guard holds(positions, all, read: read) else { return nil }
      let snapshot = Snapshot(
        pipeline: source.pipeline, generation: source.generation, reader: reader, validity: Validity(all, tables: read))
      var writer = JSONWriter()
      writer.beginObject()
      try body(subject.value, snapshot, &writer)
      snapshot.validity.append(source.generation, to: &writer)
      writer.endObject()
      return writer.bytes
    }
  }

  static func error(_ error: ReaderError, _ name: String) -> QueryError {
    switch error {
    case .timeout:
      QueryError(.queryTimeout, "the query took longer than \(queryTimeMax): ask for less, or add an order that serves it")
    case .notReady: QueryError(.notReady, "pipeline \(name) has no read model yet")
    case .unavailable: QueryError(.unavailable, "\(error)")
    case .otherLayout(let reason): QueryError(.notReady, reason)
    case .failed(let reason): QueryError(.queryFailed, reason)
    }
  }

  func source() async throws -> ReaderPool.Source {
    guard let generation = try await current() else { throw ReaderError.notReady }
    if let known = source(of: generation) { return known }
    return try loading.withLock { _ in
      if let known = source(of: generation) { return known }
      let pipeline = try load(generation)
      loaded.withLock { $0 = [generation.number: pipeline] }
      return ReaderPool.Source(generation: generation, pipeline: pipeline, revision: -1)
    }
  }

  /// What answers are made from at this moment; nil when that is not known without asking or reading anything.
  func knownSource() -> ReaderPool.Source? { known().flatMap { source(of: $0) } }

  private func source(of generation: Generation) -> ReaderPool.Source? {
    if let live = definition(), live.pipeline.fingerprint == generation.definition {
      return ReaderPool.Source(generation: generation, pipeline: live.pipeline, revision: live.revision)
    }
    return loaded.withLock { $0[generation.number] }.map {
      ReaderPool.Source(generation: generation, pipeline: $0, revision: -1)
    }
  }

  /// The reader of a leaderboard. Those of another source are let go of: they close when their last question is answered. Throws `QueryError` 404 when
  /// the pipeline has no leaderboard of this name.
  func boardReader(_ name: String, _ source: ReaderPool.Source) throws -> BoardReader {
    try boards.withLock { boards in
      if boards.source?.isSame(as: source) != true { boards = Boards(source: source) }
      if let known = boards.readers[name] { return known }
      let reader = try BoardReader(leaderboard: name, source, opening: opening)
      boards.readers[name] = reader
      return reader
    }
  }

  /// The names of the tables that feed these projections; of all tables when there are none.
  static func tables(_ projections: [ProjectionID], _ pipeline: Pipeline) -> Set<String> {
    guard !projections.isEmpty else { return Set(pipeline.tables.map(\.name)) }
    return Set(pipeline.tables(feeding: projections).map { pipeline.tables[$0].name })
  }

  /// Whether the answer holds the records at the positions. Those of a table that it does not read change nothing in it, and so it holds them.
  /// A position of a table that was re-created meanwhile, or of a partition that there is not, is never held.
  static func holds(_ positions: [Position], _ places: [ReadPlace], read: Set<String>) -> Bool {
    positions.allSatisfy { wanted in
      guard
        let place = places.first(where: {
          $0.position.tableID == wanted.tableID && $0.position.partition == wanted.partition
        })
      else { return false }
      return !read.contains(place.table) || place.position.sequence >= wanted.sequence
    }
  }

  /// What an answer that reads these projections says it is true for: see `Validity`.
  static func validitySchemas(_ reads: [ProjectionID], _ pipeline: Pipeline) -> [JSONSchema.Member] {
    let tables = tables(reads, pipeline).sorted().map { JSONSchema.Member($0, .list(of: .position), isRequired: false) }
    return [
      .init(
        "position",
        JSONSchema.object(tables).about("By table that feeds the answer, how far each of its partitions has been read.")),
      .init("time", JSONSchema.instant.orNull.about("All records of these tables that are earlier are in the answer.")),
      .init("generation", JSONSchema.integer.about("The generation that answered.")),
    ]
  }

  /// The pipeline whose names are answered: that of the current generation, or what its file says while there is none.
  func served() async -> Pipeline? { (try? await source().pipeline) ?? definition()?.pipeline }

  /// Lets go of the files, so that a generation can be removed.
  package func close() async {
    await pool.close()
    await metricReader.close()
    boards.withLock { $0 = Boards() }
  }
}
