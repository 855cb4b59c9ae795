package import ChangeRecords
package import Pipelines

/// One generation's read model for a reader: what every store does. It cannot write. One thread at a time.
package protocol GenerationReader: AnyObject {
  /// Runs `body` on one snapshot of the read model: everything that is read in it is of one moment.
  func snapshot<Result>(_ body: () throws -> Result) throws -> Result

  /// A number that is another one in two snapshots between which something was committed, by whomever; nil for a store that has none. Within a
  /// snapshot.
  func version() throws -> Int64?
  /// Whether nothing was committed since the last snapshot whose body returned: then what was read in it still holds. A commit that returned before
  /// the call is noticed, in whatever process. False where the store cannot tell without a snapshot. O(1), and waits for nothing.
  var isUnchanged: Bool { get }

  /// Where every lane stands, by table and partition.
  func places() throws -> [ReadPlace]
  /// The time below which the decider has decided everything, by projection.
  func decided() throws -> [ProjectionID: Instant]

  /// Runs a named query or a tile: SQL that was checked, its text for this store, its parameters by name, `:now` among them, null where no time is known yet. `columns` are those of the answer. Rows go
  /// to `row`; a statement that runs longer than `limit` throws `ReaderError.timeout`.
  func run(
    _ sql: QuerySQL, _ parameters: [(parameter: QueryParameter, value: Value)], columns: [QueryColumn], now: String?,
    limit: Duration,
    row: ([AnswerCell]) throws -> Void)
    throws

  /// How the store means to answer a query that reads these projections: nothing is run, and parameters are left open.
  func plan(_ sql: QuerySQL, reads: [ProjectionID]) throws -> QueryPlan

  /// The rows of a projection's table whose columns equal these values, at most `limit`; `newest` orders them by a column, latest first.
  func rows(
    _ projection: ProjectionID, where equals: [(column: Int, value: Value)], newest: Int?, limit: Int,
    row: ([AnswerCell]) throws -> Void
  ) throws
  /// Columns of the rows of a board's members, in the order in which they are asked for; nil for one that has no row. One round trip.
  func memberCells(
    _ projection: ProjectionID, board: [Value], members: [Value], columns: Range<Int>
  ) throws -> [[AnswerCell]?]
  /// Dead letters, newest first: projection, kind, table, partition, sequence, at, path, reason.
  func deadLetters(limit: Int, row: ([AnswerCell]) throws -> Void) throws
  /// By projection, how many records it could not take.
  func deadLetterCounts() throws -> [(projection: String, count: Int)]
  /// How many effects wait in the outbox, or were given up: by effect and state, those that there are. O(effects that are there).
  func effectCounts() throws -> [EffectCount]

  /// How many entries of the journal `ranks` would follow now; nil where it would load the boards from their rows. Within a snapshot.
  func entriesToFollow(_ projection: ProjectionID) throws -> Int?
  /// The boards of a leaderboard in memory, brought to the snapshot. Kept by the reader, which follows the journal; what it gave before is brought
  /// there with it.
  func ranks(_ projection: ProjectionID) throws -> (any BoardRanks)?
  /// The best members of one board by its rows: for a reader that keeps no boards in memory.
  func top(_ projection: ProjectionID, board: [Value], limit: Int) throws -> [RankedMember]
  /// The board with the latest time, of those that are shown: its calendar period's, else its last change's.
  func latestBoard(_ projection: ProjectionID) throws -> [Value]?
  /// When a board closed; nil while it is open, and of boards that never close.
  func closedAt(_ projection: ProjectionID, board: [Value]) throws -> Instant?

  /// What checkpoints have kept of each projection's rows, by projection: the sums over all lanes. O(lanes).
  func digests() throws -> [Digest]
  /// Calls `row` with every row of a projection as it stands in the store, in the order of its key.
  func storedRows(_ projection: ProjectionID, row: (StoredRow) throws -> Void) throws
  /// What the store itself finds wrong with how it keeps the read model, at most `limit` sentences; empty when nothing. Reads everything.
  func storageFaults(limit: Int) throws -> [String]

  func close()
}

extension GenerationReader {
  /// Holds the rows of every projection against their hashes and digests, in one snapshot. What cannot be read is a finding, not an error.
  /// O(rows).
  package func checkRows(of pipeline: Pipeline) throws -> [RowCheck] {
    try snapshot {
      let kept = try digests()
      return zip(pipeline.projections.ids, kept).map { id, kept in
        var check = RowCheck(pipeline.projections[id], kept: kept)
        do {
          try storedRows(id) { check.add($0) }
        } catch {
          check.failure = "\(error)"
        }
        return check
      }
    }
  }
}

/// A lane's place in a read model.
package struct ReadPlace: Sendable {
  package let table: String
  package let position: Position
  package let watermark: Instant

  package init(table: String, position: Position, watermark: Instant) {
    self.table = table
    self.position = position
    self.watermark = watermark
  }
}

/// The boards of one leaderboard, by the board's values.
package protocol BoardRanks {
  /// Nil when it has no members.
  func board(_ values: [Value]) -> RankBoard?
}

/// Why a reader gives no answer.
package enum ReaderError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The statement ran longer than it may.
  case timeout
  /// The read model is not there yet, or has been replaced.
  case notReady
  /// The database that holds the read model cannot be reached now.
  case unavailable(String)
  /// Another version of the program made it: a sentence with both layouts. One that this version can read may come.
  case otherLayout(String)
  case failed(String)

  package var description: String {
    switch self {
    case .timeout: "the query took too long"
    case .notReady: "the read model is not there yet"
    case .unavailable(let reason): "the read models' database cannot be reached: \(reason)"
    case .otherLayout(let reason), .failed(let reason): reason
    }
  }
}

/// How many effects of a name are in a state.
package struct EffectCount: Sendable, Equatable {
  package let effect: String
  package let state: EffectState
  package let count: Int

  package init(effect: String, state: EffectState, count: Int) {
    self.effect = effect
    self.state = state
    self.count = count
  }
}
