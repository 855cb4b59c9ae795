internal import ChangeRecords
internal import DynamoModel
package import Pipelines
package import ReadModels
package import Services
internal import Synchronization

/// A pipeline's current read model, for readers.
///
/// Every answer is made in one snapshot together with the positions and the time that it is true for: those of the tables that feed the
/// projections it reads. When another generation
/// becomes current the next answer is from that one, whole. Queries and tiles run on several readers; questions about boards on one of their
/// own, which keeps the boards in memory.
package final class PipelineView: Sendable {
  package let name: String
  private let current: @Sendable () async throws -> Generation?
  private let definition: @Sendable () -> (pipeline: Pipeline, revision: Int)?
  private let load: @Sendable (Generation) throws -> Pipeline
  private let changed: Signal
  private let pool: ReaderPool
  private let boards: ReaderPool
  /// Definitions of generations that are not the present one, by generation.
  private let loaded = Mutex<[Int: Pipeline]>([:])

  package static let queryTimeMax = Duration.seconds(5)
  package static let queryRowsMax = 100_000
  package static let freshnessWaitMax = Duration.seconds(5)

  /// `current` gives the generation that readers are to see, `definition` the pipeline as its file says it now, whose queries are used where
  /// its rows are those of the generation; else `load` reads the definition that the generation was built by. `opening` opens a generation for reading.
  /// `changed` is announced after each checkpoint.
  package init(
    name: String, changed: Signal, current: @escaping @Sendable () async throws -> Generation?,
    definition: @escaping @Sendable () -> (pipeline: Pipeline, revision: Int)?,
    load: @escaping @Sendable (Generation) throws -> Pipeline,
    opening: @escaping @Sendable (Generation, Pipeline) throws -> any GenerationReader
  ) {
    self.name = name
    self.changed = changed
    self.current = current
    self.definition = definition
    self.load = load
    pool = ReaderPool(name: name, readersMax: ReaderPool.readersMax, opening: opening)
    boards = ReaderPool(name: name, readersMax: 1, opening: opening)
  }

  /// What an answer is made of: a reader within its snapshot, and what that is true for.
  struct Snapshot {
    let pipeline: Pipeline
    let generation: Generation
    let reader: any GenerationReader
    /// Of the lanes that feed what the answer reads.
    let places: [ReadPlace]
    /// The time below which all their records are in; nil while some lane has none.
    let time: Instant?

    /// `time` as SQL has it; null's text is empty.
    var now: String { time.map { Timestamp.text($0) } ?? "" }
  }

  /// Which readers a question needs.
  enum Readers { case any, boards }

  /// What an answer is about, found in the pipeline before anything is read.
  struct Subject<Value: Sendable>: Sendable {
    let value: Value
    /// The projections whose rows the answer reads. With none it is true for all tables: so is `:now` in SQL that reads nothing else.
    let reads: [ProjectionID]
  }

  /// Runs `body` in a snapshot of the current generation that holds at least the records at these positions, as far as they can change the
  /// answer. The answer is an object, to which what it is true for is added. `find` throws where there is nothing to answer about.
  func answer<Value: Sendable>(
    atLeast positions: [Position] = [], on readers: Readers = .any,
    about find: @escaping @Sendable (Pipeline) throws -> Subject<Value>,
    _ body: @escaping @Sendable (Value, Snapshot, inout JSONWriter) throws -> Void
  ) async throws -> [UInt8] {
    let deadline = ContinuousClock.now + PipelineView.freshnessWaitMax
    while true {
      let ticket = changed.ticket
      do {
        let source = try await source()
        let bytes = try await (readers == .any ? pool : boards).read(source) { reader in
          try PipelineView.answer(reader, source, atLeast: positions, about: find, body)
        }
        if let bytes { return bytes }
      } catch ReaderError.notReady where !positions.isEmpty {
        // A read model that is being made comes to the positions as any other does.
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
      let places = all.filter { read.contains($0.table) }
      guard holds(positions, all, read: read) else { return nil }
      // Until a log knows a time it says zero.
      let time = places.map(\.watermark).min().flatMap { $0 <= Instant(.zero) ? nil : $0 }
      let snapshot = Snapshot(
        pipeline: source.pipeline, generation: source.generation, reader: reader, places: places, time: time)
      var writer = JSONWriter()
      writer.beginObject()
      try body(subject.value, snapshot, &writer)
      appendValidity(snapshot, &writer)
      writer.endObject()
      return writer.bytes
    }
  }

  static func error(_ error: ReaderError, _ name: String) -> QueryError {
    switch error {
    case .timeout:
      QueryError(.queryTimeout, "the query took longer than \(queryTimeMax): ask for less, or add an order that serves it")
    case .notReady: QueryError(.notReady, "pipeline \(name) has no read model yet")
    case .failed(let reason): QueryError(.queryFailed, reason)
    }
  }

  private func source() async throws -> ReaderPool.Source {
    guard let generation = try await current() else { throw ReaderError.notReady }
    if let live = definition(), live.pipeline.fingerprint == generation.fingerprint {
      return ReaderPool.Source(generation: generation, pipeline: live.pipeline, revision: live.revision)
    }
    if let known = loaded.withLock({ $0[generation.number] }) {
      return ReaderPool.Source(generation: generation, pipeline: known, revision: -1)
    }
    let pipeline = try load(generation)
    loaded.withLock { $0 = [generation.number: pipeline] }
    return ReaderPool.Source(generation: generation, pipeline: pipeline, revision: -1)
  }

  /// The names of the tables that feed these projections; of all tables when there are none.
  static func tables(_ projections: [ProjectionID], _ pipeline: Pipeline) -> Set<String> {
    guard !projections.isEmpty else { return Set(pipeline.tables.map(\.name)) }
    return Set(pipeline.tables(feeding: projections).map { pipeline.tables[$0].name })
  }

  /// Whether the answer holds the records at the positions. Those of a table that it does not read change nothing in it, and so it holds them.
  /// A position of a table that was re-created meanwhile, or of a partition that there is not, is never held.
  private static func holds(_ positions: [Position], _ places: [ReadPlace], read: Set<String>) -> Bool {
    positions.allSatisfy { wanted in
      guard
        let place = places.first(where: {
          $0.position.tableID == wanted.tableID && $0.position.partition == wanted.partition
        })
      else { return false }
      return !read.contains(place.table) || place.position.sequence >= wanted.sequence
    }
  }

  /// `position`: by table that feeds the answer the position of each partition; `time`: all their records earlier than this are in; `generation`.
  private static func appendValidity(_ snapshot: Snapshot, _ writer: inout JSONWriter) {
    var byTable: [(table: String, positions: [Position])] = []
    for place in snapshot.places {
      if byTable.last?.table == place.table {
        byTable[byTable.count - 1].positions.append(place.position)
      } else {
        byTable.append((place.table, [place.position]))
      }
    }
    writer.name("position")
    writer.beginObject()
    for (table, positions) in byTable {
      writer.name(text: table)
      writer.array(positions) { $0.string($1.description) }
    }
    writer.endObject()
    writer.name("time")
    if let time = snapshot.time { writer.string(Timestamp.text(time)) } else { writer.null() }
    writer.member("generation", snapshot.generation.number)
  }

  /// What `appendValidity` adds to an answer that reads these projections.
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
    await boards.close()
  }
}
