internal import ChangeLog
internal import DynamoModel
package import Pipelines
internal import PipelineFiles
internal import ProjectionTestKit
internal import Projections
package import ReadModels

/// A kind of store in a test's hand, with nothing in it yet.
package struct StoreFixture: Sendable {
  /// A part of a checkpoint that can be made to fail.
  package enum Part: String, Sendable, CaseIterable {
    case position, collection, groups, sessions, steps, deadLetters, outbox, commit
  }

  /// What another hand than a checkpoint's does to the collection `plays`.
  package enum Tampering: String, Sendable, CaseIterable {
    /// The points of `ben` are 1 more.
    case changed
    /// The row of `ben` is gone.
    case removed
    /// The row of `ben` is there once more as `zoe`, with its hash.
    case added
  }

  package let stores: ReadModelStores
  /// A folder of the test's own.
  package let directory: String
  /// Opens a generation for reading.
  package let reader: @Sendable (Generation, Pipeline) throws -> any GenerationReader
  /// Makes checkpoints of a generation fail at a part from now on; nil heals. Answers false where the store has no such part to fail at.
  package let fail: @Sendable (Generation, Part?) throws -> Bool
  /// Makes the journal so long that the next checkpoint trims what was in it.
  package let outgrowJournal: @Sendable (Generation) throws -> Void
  /// Changes rows behind the back of the generation's writer.
  package let tamper: @Sendable (Generation, Tampering) throws -> Void
  /// Dead letters of records that are kept for each projection.
  package let deadLettersMax: Int

  package init(
    stores: ReadModelStores, directory: String, deadLettersMax: Int,
    reader: @escaping @Sendable (Generation, Pipeline) throws -> any GenerationReader,
    fail: @escaping @Sendable (Generation, Part?) throws -> Bool, outgrowJournal: @escaping @Sendable (Generation) throws -> Void,
    tamper: @escaping @Sendable (Generation, Tampering) throws -> Void
  ) {
    self.stores = stores
    self.directory = directory
    self.deadLettersMax = deadLettersMax
    self.reader = reader
    self.fail = fail
    self.outgrowJournal = outgrowJournal
    self.tamper = tamper
  }
}

/// What a store does not keep of its contract.
package struct ConformanceFailure: Error, CustomStringConvertible {
  package let description: String
}

/// Evaluates `text` only when the condition does not hold.
func require(_ condition: Bool, _ text: @autoclosure () throws -> String, file: String = #fileID, line: Int = #line) throws {
  if !condition { throw ConformanceFailure(description: "\(file):\(line): \(try text())") }
}

/// What `body` throws; nil when it goes through.
func failure(_ body: () throws -> Void) -> ReadModelError? {
  do {
    try body()
    return nil
  } catch {
    return error as? ReadModelError ?? .damaged(path: "", "\(error)")
  }
}

/// A pipeline's store and its current generation, opened.
struct Opened {
  let fixture: StoreFixture
  let pipeline: Pipeline
  let catalog: any PipelineStore
  let generation: Generation
  let store: any GenerationStore
  let hand: LaneHand

  init(_ fixture: StoreFixture, _ text: String, in folder: String = "p") throws {
    self.fixture = fixture
    pipeline = try ProjectionTestKit.pipeline(text)
    catalog = try fixture.stores.pipeline(fixture.directory + "/" + folder)
    generation = try catalog.generation(for: pipeline.fingerprint, definition: text)
    store = try fixture.stores.generation(generation, pipeline)
    hand = LaneHand(store)
  }

  /// Another worker on the same generation.
  func another() throws -> LaneHand { LaneHand(try fixture.stores.generation(generation, pipeline)) }

  func id(_ name: String) throws -> ProjectionID {
    guard let id = pipeline.projection(named: name) else { throw ConformanceFailure(description: "no projection \(name)") }
    return id
  }

  /// Some columns of a projection's rows, each row as text, in order.
  func rows(_ name: String, _ columns: [String]) throws -> [String] {
    let reader = try fixture.reader(generation, pipeline)
    defer { reader.close() }
    return try rows(reader, name, columns)
  }

  /// What a reader counts of effects, each count as text, in order.
  func effectCounts() throws -> [String] {
    let reader = try fixture.reader(generation, pipeline)
    defer { reader.close() }
    return try reader.effectCounts().map { "\($0.effect) \($0.state.rawValue) \($0.count)" }.sorted()
  }

  func rows(_ reader: any GenerationReader, _ name: String, _ columns: [String]) throws -> [String] {
    let id = try id(name)
    let table = pipeline.projections[id].table
    let places = try columns.map { column -> Int in
      guard let place = table.column(named: column) else { throw ConformanceFailure(description: "no column \(column)") }
      return place
    }
    var found: [String] = []
    try reader.rows(id, where: [], newest: nil, limit: .max) { row in
      found.append(places.map { row[$0].description }.joined(separator: " "))
    }
    return found.sorted()
  }

  /// Everything that a reader sees, the outbox, and where the lanes stand; to be compared as a whole.
  func everything() throws -> [String] {
    var all: [String] = []
    for projection in pipeline.projections {
      all += try rows(projection.name, projection.table.columns.map(\.name)).map { "\(projection.name): \($0)" }
    }
    all += try letters()
    all += try store.effects(Set(EffectState.allCases), after: .none, limit: .max).map { effect in
      "effect: \(effect.pending.idempotencyKey) \(effect.state) \(effect.pending.action.json)"
    }.sorted()
    all += try store.lanes().sorted { $0.key < $1.key }.map { "lane: \($0.key) \($0.value)" }
    for id in pipeline.projections.ids { all.append("steps: \(try store.stepsWaiting(id))") }
    let reader = try fixture.reader(generation, pipeline)
    defer { reader.close() }
    all += try reader.checkRows(of: pipeline).flatMap { ["digest: \($0.kept)"] + $0.findings }
    return all
  }

  /// Dead letters and their counts.
  func letters(limit: Int = 1_000_000) throws -> [String] {
    let reader = try fixture.reader(generation, pipeline)
    defer { reader.close() }
    var found: [String] = []
    try reader.deadLetters(limit: limit) { row in found.append("letter: " + row.map(\.description).joined(separator: " ")) }
    return found.sorted() + (try reader.deadLetterCounts().map { "letters of \($0.projection): \($0.count)" })
  }

  /// The members of a board by the ranks that a reader keeps, best first.
  func ranks(_ reader: any GenerationReader, _ name: String, _ board: [Value]) throws -> [String] {
    let id = try id(name)
    return try reader.snapshot {
      let page = try reader.ranks(id)?.board(board)?.page(from: 0, limit: 1_000) ?? []
      let top = try reader.top(id, board: board, limit: 1_000)
      try require(page == top, "\(name) \(board): by ranks \(page), by rows \(top)")
      return page.map { "\($0.member) \($0.score)" }
    }
  }
}
