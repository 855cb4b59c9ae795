import Dispatch
import Pipelines
import ReadModels
import Synchronization
import Testing

@testable import QueryAPI

/// Several readers with a bounded queue.
@Suite struct ReaderPoolTests {
  /// Counts what happens to readers.
  private final class Counts: Sendable {
    let opened = Atomic(0)
    let closed = Atomic(0)
    let running = Atomic(0)
    let done = Atomic(0)
    let refused = Atomic(0)
  }

  /// A reader that answers nothing but its number.
  private final class NumberedReader: GenerationReader {
    let number: Int
    private let counts: Counts

    init(_ counts: Counts) {
      self.counts = counts
      number = counts.opened.wrappingAdd(1, ordering: .relaxed).newValue
    }

    func snapshot<Result>(_ body: () throws -> Result) throws -> Result { try body() }
    func version() throws -> Int64? { nil }
    var isUnchanged: Bool { false }
    func entriesToFollow(_ projection: ProjectionID) throws -> Int? { nil }
    func places() throws -> [ReadPlace] { [] }
    func decided() throws -> [ProjectionID: Instant] { [:] }
    func run(
      _ sql: QuerySQL, _ parameters: [(parameter: QueryParameter, value: Value)], columns: [QueryColumn], now: String?,
      limit: Duration,
      row: ([AnswerCell]) throws -> Void
    ) throws {}
    func plan(_ sql: QuerySQL, reads: [ProjectionID]) throws -> QueryPlan {
      QueryPlan(steps: [], compared: [:], mayEndEarly: false)
    }
    func rows(
      _ projection: ProjectionID, where equals: [(column: Int, value: Value)], newest: Int?, limit: Int,
      row: ([AnswerCell]) throws -> Void
    ) throws {}
    func memberCells(
      _ projection: ProjectionID, board: [Value], members: [Value], columns: Range<Int>
    ) throws -> [[AnswerCell]?] { [] }
    func deadLetters(limit: Int, row: ([AnswerCell]) throws -> Void) throws {}
    func deadLetterCounts() throws -> [(projection: String, count: Int)] { [] }
    func effectCounts() throws -> [EffectCount] { [] }
    func ranks(_ projection: ProjectionID) throws -> (any BoardRanks)? { nil }
    func top(_ projection: ProjectionID, board: [Value], limit: Int) throws -> [RankedMember] { [] }
    func latestBoard(_ projection: ProjectionID) throws -> [Value]? { nil }
    func closedAt(_ projection: ProjectionID, board: [Value]) throws -> Instant? { nil }
    func digests() throws -> [Digest] { [] }
    func storedRows(_ projection: ProjectionID, row: (StoredRow) throws -> Void) throws {}
    func storageFaults(limit: Int) throws -> [String] { [] }
    func close() { _ = counts.closed.wrappingAdd(1, ordering: .relaxed) }
  }

  private struct Refusal: Error {}

  private static func source(_ number: Int = 1, revision: Int = 0) throws -> ReaderPool.Source {
    let pipeline = try Scene().pipeline
    return ReaderPool.Source(
      generation: Generation(number: number, fingerprint: "", state: .current, store: ""), pipeline: pipeline,
      revision: revision)
  }

  private static func pool(_ counts: Counts, readers: Int = ReaderPool.readersMax) -> ReaderPool {
    ReaderPool(name: "p", readersMax: readers) { _, _ in NumberedReader(counts) }
  }

  /// Asks a question that takes until the gate opens.
  private static func slow(_ pool: ReaderPool, _ source: ReaderPool.Source, _ counts: Counts, _ gate: DispatchSemaphore) async {
    do {
      try await pool.read(source) { _ in
        _ = counts.running.wrappingAdd(1, ordering: .relaxed)
        gate.wait()
        gate.signal()
        _ = counts.running.wrappingSubtract(1, ordering: .relaxed)
      }
      _ = counts.done.wrappingAdd(1, ordering: .relaxed)
    } catch let error as QueryError where error.status == 503 && error.code == .busy {
      _ = counts.refused.wrappingAdd(1, ordering: .relaxed)
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test(.timeLimit(.minutes(2))) func `some are answered at once, some wait, and the rest are refused`() async throws {
    let (counts, gate) = (Counts(), DispatchSemaphore(value: 0))
    let (pool, source) = (Self.pool(counts), try Self.source())
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<(ReaderPool.readersMax + ReaderPool.waitingMax + 5) {
        group.addTask { await Self.slow(pool, source, counts, gate) }
      }
      do {
        try await see("five are refused") { counts.refused.load(ordering: .relaxed) == 5 }
        try await see("eight are answered") { counts.running.load(ordering: .relaxed) == ReaderPool.readersMax }
        #expect(counts.done.load(ordering: .relaxed) == 0 && counts.opened.load(ordering: .relaxed) == ReaderPool.readersMax)
      } catch {
        gate.signal()
        throw error
      }
      gate.signal()
      try await group.waitForAll()
    }
    #expect(counts.done.load(ordering: .relaxed) == ReaderPool.readersMax + ReaderPool.waitingMax)
    #expect(counts.refused.load(ordering: .relaxed) == 5 && counts.opened.load(ordering: .relaxed) == ReaderPool.readersMax)
  }

  @Test(.timeLimit(.minutes(2))) func `a slow question delays no other`() async throws {
    let (counts, gate) = (Counts(), DispatchSemaphore(value: 0))
    let (pool, source) = (Self.pool(counts), try Self.source())
    async let slow: Void = Self.slow(pool, source, counts, gate)
    try await see("the slow one runs") { counts.running.load(ordering: .relaxed) == 1 }
    for _ in 0..<50 { try await pool.read(source) { _ in } }
    #expect(counts.running.load(ordering: .relaxed) == 1)
    // They took turns on one more reader.
    #expect(counts.opened.load(ordering: .relaxed) == 2)
    gate.signal()
    await slow
  }

  @Test(.timeLimit(.minutes(2))) func `one that finds no free reader waits, and has the one that is free first`() async throws {
    let (counts, first, other) = (Counts(), DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let (pool, source) = (Self.pool(counts, readers: 2), try Self.source())
    async let slow: Void = Self.slow(pool, source, counts, first)
    try await see("one slow one runs") { counts.running.load(ordering: .relaxed) == 1 }
    async let slower: Void = Self.slow(pool, source, counts, other)
    try await see("both slow ones run") { counts.running.load(ordering: .relaxed) == 2 }
    async let third = pool.read(source) { ($0 as? NumberedReader)?.number }
    first.signal()
    #expect(try await third == 1)
    await slow
    other.signal()
    await slower
    #expect(counts.opened.load(ordering: .relaxed) == 2)
  }

  @Test(.timeLimit(.minutes(2))) func `a pool of one answers one after the other, and refuses what would wait too long`()
    async throws
  {
    let (counts, gate) = (Counts(), DispatchSemaphore(value: 0))
    let (pool, source) = (Self.pool(counts, readers: 1), try Self.source())
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<(1 + ReaderPool.waitingMax + 3) { group.addTask { await Self.slow(pool, source, counts, gate) } }
      do {
        try await see("three are refused") { counts.refused.load(ordering: .relaxed) == 3 }
        try await see("one is answered") { counts.running.load(ordering: .relaxed) == 1 }
        #expect(counts.done.load(ordering: .relaxed) == 0)
      } catch {
        gate.signal()
        throw error
      }
      gate.signal()
      try await group.waitForAll()
    }
    #expect(counts.done.load(ordering: .relaxed) == 1 + ReaderPool.waitingMax && counts.opened.load(ordering: .relaxed) == 1)
    // There is room again, also after questions that failed.
    for _ in 0...ReaderPool.waitingMax {
      await #expect(throws: Refusal.self) { try await pool.read(source) { _ in throw Refusal() } }
    }
    #expect(try await pool.read(source) { ($0 as? NumberedReader)?.number } == 1)
    await pool.close()
    #expect(counts.closed.load(ordering: .relaxed) == 1)
    #expect(try await pool.read(source) { ($0 as? NumberedReader)?.number } == 2)
  }

  @Test func `a question that fails gives its reader back`() async throws {
    let counts = Counts()
    let (pool, source) = (Self.pool(counts, readers: 1), try Self.source())
    for _ in 0..<10 {
      await #expect(throws: Refusal.self) { try await pool.read(source) { _ in throw Refusal() } }
    }
    try await pool.read(source) { _ in }
    #expect(counts.opened.load(ordering: .relaxed) == 1)
  }

  @Test func `another generation or an edited definition opens the reader again`() async throws {
    let counts = Counts()
    let pool = Self.pool(counts, readers: 1)
    for (number, revision, expected) in [(1, 0, 1), (1, 0, 1), (2, 0, 2), (2, 1, 3), (2, 1, 3), (1, 1, 4)] {
      let source = try Self.source(number, revision: revision)
      #expect(try await pool.read(source) { ($0 as? NumberedReader)?.number } == expected)
    }
    #expect(counts.closed.load(ordering: .relaxed) == 3)
    await pool.close()
    #expect(counts.closed.load(ordering: .relaxed) == 4)
    // After that it opens one when it is asked.
    #expect(try await pool.read(try Self.source()) { ($0 as? NumberedReader)?.number } == 5)
  }

  @Test func `one that cannot be opened is tried again by the next question`() async throws {
    let isOpen = Atomic(false)
    let counts = Counts()
    let pool = ReaderPool(name: "p", readersMax: 1) { _, _ in
      guard isOpen.load(ordering: .relaxed) else { throw ReaderError.notReady }
      return NumberedReader(counts)
    }
    await #expect(throws: ReaderError.notReady) { try await pool.read(try Self.source()) { _ in } }
    isOpen.store(true, ordering: .relaxed)
    try await pool.read(try Self.source()) { _ in }
    #expect(counts.opened.load(ordering: .relaxed) == 1)
  }
}
