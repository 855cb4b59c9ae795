internal import Pipelines
internal import ReadModels
internal import Services
internal import Synchronization

/// The reader of one leaderboard, which keeps its boards in memory: one question after the other is answered from them, on whichever thread asks.
///
/// Most questions need no reading: while nothing was committed the boards in memory are what the store says, and that is seen without a call of the
/// system. After a commit, whoever comes first follows the journal. So a question that is asked on a thread which must not wait is answered there and
/// then (`answerAtOnce`), unless the boards are not loaded, much has changed, or another question holds them; then it is asked again where waiting is
/// allowed (`answer`). Both ways give the same bytes: how they are made does not depend on where.
///
/// Leaderboards have a reader each, so that one which is being loaded delays no other.
final class BoardReader: Sendable {
  /// Questions that wait for their turn.
  static let waitingMax = 256
  /// What holds the boards longer makes a question wait elsewhere. Most hold them for some microseconds.
  static let holdAtOnceMax = Duration.milliseconds(5)
  /// What is followed at once: about a millisecond.
  static let entriesAtOnceMax = 256
  /// Members in an answer that is made at once: some tens of microseconds.
  static let membersAtOnceMax = 100

  /// Waits for its turn on a thread of its own.
  private actor Worker {
    private let executor = BlockingExecutor("boards")

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func run<Result: Sendable>(_ body: @Sendable () throws -> Result) rethrows -> Result { try body() }
  }

  /// The open reader, with the boards that it has seen.
  private struct Open {
    let reader: any GenerationReader
    let asked: AskedBoard
    let generation: Generation
    var seen: SeenBoards?

    /// Nil when the read model does not hold the positions, or more entries of the journal would have to be followed than `entriesMax`.
    mutating func answer(_ request: BoardRequest, entriesMax: Int?) throws -> BoardAnswer? {
      if let seen, !asked.needsRows(request), reader.isUnchanged { return try asked.answer(request, seen, nil) }
      return try reader.snapshot {
        guard let seen = try look(entriesMax) else { return nil }
        return try asked.answer(request, seen, reader)
      }
    }

    private mutating func look(_ entriesMax: Int?) throws -> SeenBoards? {
      let version = try reader.version()
      if let seen, version != nil, seen.version == version { return seen }
      // What was seen is of another moment than this snapshot, by which the reader tells from now on whether anything has changed.
      seen = nil
      if let entriesMax {
        guard let entries = try reader.entriesToFollow(asked.id), entries <= entriesMax else { return nil }
      }
      guard let ranks = try reader.ranks(asked.id) else { throw ReaderError.failed("the boards of `\(asked.name)` are not kept") }
      let places = try reader.places()
      let new = SeenBoards(
        version: version, ranks: ranks, whole: asked.definition.boardCount == 0 ? ranks.board([]) : nil, places: places,
        shownValidity: Validity(places, tables: asked.shownTables).json(generation),
        ranksValidity: Validity(places, tables: asked.ranksTables).json(generation))
      seen = new
      return new
    }
  }

  private let source: ReaderPool.Source
  private let asked: AskedBoard
  private let opening: @Sendable (Generation, Pipeline) throws -> any GenerationReader
  private let open = TimedMutex<Open?>(nil)
  private let worker = Worker()
  private let waiting = Atomic<Int>(0)

  /// The reader of a leaderboard of this generation and definition; `opening` opens the generation for reading, when it is first needed. Throws
  /// `QueryError` 404 when there is no leaderboard of this name.
  init(
    leaderboard: String, _ source: ReaderPool.Source,
    opening: @escaping @Sendable (Generation, Pipeline) throws -> any GenerationReader
  ) throws {
    asked = try AskedBoard(named: leaderboard, of: source.pipeline)
    self.source = source
    self.opening = opening
  }

  deinit { open.withLock { $0?.reader.close() } }

  /// The answer, if it can be given without waiting; nil also when the read model does not hold the positions. Throws as `answer` does. Takes
  /// some milliseconds at most, as a rule some microseconds.
  func answerAtOnce(_ request: BoardRequest) throws -> BoardAnswer? {
    guard request.question.membersMax <= BoardReader.membersAtOnceMax else { return nil }
    let answer: BoardAnswer?? = try open.withLock(within: BoardReader.holdAtOnceMax) { open in
      try open?.answer(request, entriesMax: BoardReader.entriesAtOnceMax)
    }
    return answer ?? nil
  }

  /// The answer, in its turn; nil when the read model does not hold the positions. Throws `QueryError` 503 when too many wait already.
  func answer(_ request: BoardRequest) async throws -> BoardAnswer? {
    defer { waiting.subtract(1, ordering: .relaxed) }
    guard waiting.add(1, ordering: .relaxed).oldValue <= BoardReader.waitingMax else {
      throw ReaderPool.busy(source.pipeline.name)
    }
    return try await worker.run { [self] in
      try open.withLock { open in
        if open == nil {
          open = Open(reader: try opening(source.generation, source.pipeline), asked: asked, generation: source.generation)
        }
        return try open?.answer(request, entriesMax: nil)
      }
    }
  }
}
