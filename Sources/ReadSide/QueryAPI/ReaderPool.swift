internal import Pipelines
internal import ReadModels
internal import Services
internal import Synchronization

/// The readers of one pipeline: several, each on a thread of its own, so that a slow query does not delay the others. Bounded, with a queue whose end is
/// refused with a clear error.
final class ReaderPool: Sendable {
  /// Questions that are answered at once.
  static let readersMax = 8
  /// Questions that wait for a reader.
  static let waitingMax = 256

  /// What a question is answered from.
  struct Source: Sendable {
    let generation: Generation
    let pipeline: Pipeline
    /// How often the definition had been edited.
    let revision: Int

    /// Whether a reader of the one serves the other.
    func isSame(as other: Source) -> Bool { generation.number == other.generation.number && revision == other.revision }
  }

  /// One reader on its thread; opened when it is first used, and again for another generation or definition.
  private actor Reader {
    private let executor = BlockingExecutor("reader")
    private var open: (source: Source, reader: any GenerationReader)?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func run<Result: Sendable>(
      _ source: Source, _ opening: @Sendable (Generation, Pipeline) throws -> any GenerationReader,
      _ body: @Sendable (any GenerationReader) throws -> Result
    ) throws -> Result {
      if let open, open.source.isSame(as: source) {
        return try body(open.reader)
      }
      open?.reader.close()
      open = nil
      let reader = try opening(source.generation, source.pipeline)
      open = (source, reader)
      return try body(reader)
    }

    func close() {
      open?.reader.close()
      open = nil
    }
  }

  private struct State {
    var free: [Reader] = []
    var made = 0
    var waiting: [CheckedContinuation<Reader?, Never>] = []
  }

  private let name: String
  private let readersMax: Int
  private let opening: @Sendable (Generation, Pipeline) throws -> any GenerationReader
  private let state = Mutex(State())

  init(name: String, readersMax: Int, opening: @escaping @Sendable (Generation, Pipeline) throws -> any GenerationReader) {
    self.name = name
    self.readersMax = readersMax
    self.opening = opening
  }

  /// Runs `body` on a reader of the source. Throws `QueryError` 503 when too many wait already.
  func read<Result: Sendable>(
    _ source: Source, _ body: @Sendable (any GenerationReader) throws -> Result
  ) async throws -> Result {
    let reader = try await take()
    do {
      let result = try await reader.run(source, opening, body)
      give(reader)
      return result
    } catch {
      give(reader)
      throw error
    }
  }

  private func take() async throws(QueryError) -> Reader {
    let reader = await withCheckedContinuation { continuation in
      let found: Reader?? = state.withLock { state in
        if let free = state.free.popLast() { return .some(free) }
        if state.made < readersMax {
          state.made += 1
          return .some(Reader())
        }
        if state.waiting.count >= ReaderPool.waitingMax { return .some(nil) }
        state.waiting.append(continuation)
        return .none
      }
      if let found { continuation.resume(returning: found) }
    }
    guard let reader else { throw ReaderPool.busy(name) }
    return reader
  }

  /// `name` is the pipeline's.
  static func busy(_ name: String) -> QueryError {
    QueryError(.busy, "\(waitingMax) queries already wait for the read model of \(name): try again later")
  }

  private func give(_ reader: Reader) {
    let next = state.withLock { state in
      if state.waiting.isEmpty {
        state.free.append(reader)
        return CheckedContinuation<Reader?, Never>?.none
      }
      return state.waiting.removeFirst()
    }
    next?.resume(returning: reader)
  }

  /// Lets go of the files of readers that are not in use.
  func close() async {
    let free = state.withLock { state in
      defer {
        state.made -= state.free.count
        state.free = []
      }
      return state.free
    }
    for reader in free { await reader.close() }
  }
}
