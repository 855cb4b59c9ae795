internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
package import Pipelines
internal import Projections
package import ReadModels

/// A generation in memory, for a reader: a snapshot is a copy. It knows no SQL.
package final class MemoryReader: GenerationReader {
  private let models: MemoryReadModels
  private let directory: String
  private let pipeline: Pipeline
  private var held: MemoryGeneration?

  init(_ models: MemoryReadModels, _ directory: String, _ pipeline: Pipeline) {
    self.models = models
    self.directory = directory
    self.pipeline = pipeline
  }

  private func now() throws -> MemoryGeneration { try held ?? models.read(directory) }

  package func snapshot<Result>(_ body: () throws -> Result) throws -> Result {
    held = try models.read(directory)
    defer { held = nil }
    return try body()
  }

  package func version() throws -> Int64? { nil }
  package var isUnchanged: Bool { false }
  /// The boards are made of the rows whenever they are asked for.
  package func entriesToFollow(_ projection: ProjectionID) throws -> Int? { 0 }

  package func places() throws -> [ReadPlace] {
    try now().lanes.sorted { ($0.key.table, $0.key.partition) < ($1.key.table, $1.key.partition) }.map { lane, position in
      ReadPlace(
        table: pipeline.tables[lane.table].name,
        position: Position(tableID: position.cursor.tableID, partition: lane.partition, sequence: position.cursor.sequence),
        watermark: position.watermark)
    }
  }

  package func decided() throws -> [ProjectionID: Instant] { try now().decided }

  package func run(
    _ sql: QuerySQL, _ parameters: [(parameter: QueryParameter, value: Value)], columns: [QueryColumn], now: String?,
    limit: Duration,
    row: ([AnswerCell]) throws -> Void
  ) throws { throw ReaderError.failed("a store in memory knows no SQL") }

  package func plan(_ sql: QuerySQL, reads: [ProjectionID]) throws -> QueryPlan {
    throw ReaderError.failed("a store in memory knows no SQL")
  }

  package func rows(
    _ projection: ProjectionID, where equals: [(column: Int, value: Value)], newest: Int?, limit: Int,
    row: ([AnswerCell]) throws -> Void
  ) throws {
    var found = (try now().rows[projection] ?? [:]).sorted { Bytes.less($0.key.bytes, $1.key.bytes) }.map(\.value)
    found.removeAll { row in !equals.allSatisfy { !$0.value.isNull && row[$0.column] == $0.value } }
    if let newest { found.sort { $0[newest] > $1[newest] } }
    for values in found.prefix(limit) { try row(values.map { MemoryReader.cell($0) }) }
  }

  package func memberCells(
    _ projection: ProjectionID, board: [Value], members: [Value], columns: Range<Int>
  ) throws -> [[AnswerCell]?] {
    let rows = try now().rows[projection] ?? [:]
    return members.map { rows[BytesKey(Value.ordered(board + [$0]))]?[columns].map { MemoryReader.cell($0) } }
  }

  static func cell(_ value: Value) -> AnswerCell {
    switch value {
    case .null: .null
    case .boolean(let flag): .integer(flag ? 1 : 0)
    case .integer(let number): .integer(number)
    case .bytes(let bytes): .blob(bytes)
    case .decimal, .timestamp, .string, .json: .text(value.description)
    }
  }

  package func deadLetters(limit: Int, row: ([AnswerCell]) throws -> Void) throws {
    let all = try now().letters.sorted { left, right in
      if left.value.at != right.value.at { return left.value.at > right.value.at }
      if left.value.table != right.value.table { return left.value.table < right.value.table }
      if left.value.partition != right.value.partition { return left.value.partition < right.value.partition }
      return left.value.sequence > right.value.sequence
    }
    for (id, letter) in all.prefix(limit) {
      try row([
        .text(id.projection), .text(id.kind), .text(letter.table), .integer(Int64(letter.partition)),
        .integer(Int64(letter.sequence.rawValue)), .text(Timestamp.text(letter.at)), .text(letter.path), .text(letter.reason),
      ])
    }
  }

  package func deadLetterCounts() throws -> [(projection: String, count: Int)] {
    try now().letterCounts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  package func effectCounts() throws -> [EffectCount] {
    let effects = try now().outbox.map(\.listed)
    return Set(effects.map(\.pending.effect)).sorted().flatMap { name in
      EffectState.allCases.compactMap { state in
        let count = effects.count { $0.pending.effect == name && $0.state == state }
        return count > 0 ? EffectCount(effect: name, state: state, count: count) : nil
      }
    }
  }

  private struct Ranks: BoardRanks {
    let boards: [BytesKey: RankBoard]

    func board(_ values: [Value]) -> RankBoard? { boards[BytesKey(Value.ordered(values))] }
  }

  package func ranks(_ projection: ProjectionID) throws -> (any BoardRanks)? {
    guard case .leaderboard(let leaderboard) = pipeline.projections[projection].kind else { return nil }
    let count = leaderboard.boardCount
    var boards: [BytesKey: RankBoard] = [:]
    for row in try now().rows[projection, default: [:]].values {
      guard case .timestamp(let reached) = row[count + 2], case .integer(let order) = row[count + 3] else { continue }
      let key = BytesKey(Value.ordered(row[..<count]))
      let board = boards[key] ?? RankBoard(leaderboard)
      board.set(
        row[count], score: row[count + 1], moreScores: leaderboard.scoreColumns.dropFirst().map { row[$0] }, reachedAt: reached,
        reachedOrder: CommitOrder(rawValue: UInt64(bitPattern: order)))
      boards[key] = board
    }
    return Ranks(boards: boards)
  }

  package func top(_ projection: ProjectionID, board: [Value], limit: Int) throws -> [RankedMember] {
    guard case .leaderboard(let leaderboard) = pipeline.projections[projection].kind,
      let ranks = try ranks(projection)?.board(board)
    else { return [] }
    let counted = leaderboard.floor.map { ranks.count(atLeast: $0) } ?? ranks.count
    return ranks.page(from: 0, limit: min(limit, counted))
  }

  package func latestBoard(_ projection: ProjectionID) throws -> [Value]? {
    (try now().boards[projection] ?? [:]).values.filter { $0.isShown && $0.members > 0 }.max { $0.isEarlier(than: $1) }?.values
  }

  package func closedAt(_ projection: ProjectionID, board: [Value]) throws -> Instant? {
    try now().boards[projection]?[BytesKey(Value.ordered(board))]?.closedAt
  }

  package func digests() throws -> [Digest] {
    let now = try now()
    return pipeline.projections.ids.map { (now.digests[$0] ?? [:]).values.reduce(Digest(), +) }
  }

  package func storedRows(_ projection: ProjectionID, row: (StoredRow) throws -> Void) throws {
    let now = try now()
    for (key, values) in (now.rows[projection] ?? [:]).sorted(by: { Bytes.less($0.key.bytes, $1.key.bytes) }) {
      try row(StoredRow(values: values, hash: now.hashes[projection]?[key]?.bytes ?? []))
    }
  }

  package func storageFaults(limit: Int) throws -> [String] { [] }

  package func close() {}
}
