internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import Postgres
internal import Projections
package import ReadModels

extension PostgresGeneration {
  /// Commits what a lane has made, in one transaction of a bounded number of statements, each of which sees what was committed before it began. In this
  /// order, which all checkpoints keep, and all of it or nothing:
  ///
  /// 1. the lane's position goes from `old` to `new`, if it still is `old`, else `superseded`: from here on the lane is this one's;
  /// 2. what is the lane's alone is written, in key order: rows of collections, sessions and histories, what is kept beside sessions, steps for the decider;
  /// 3. leaderboards that keep their latest boards are locked, by their numbers; then the boards, in key order; then the groups, in key order. Those that are
  ///    missing are made;
  /// 4. in later statements: states are read, deltas merged in memory, the counts of values written, minima and maxima asked for, states
  ///    written, and rows derived from them;
  /// 5. dead letters, effects, the journal, the lane's digests;
  /// 6. commit.
  ///
  /// A deadlock or a failure to serialise begins it again. When the connection is lost while the server commits, nobody knows what has become of it:
  /// `superseded` is thrown, and whoever takes the lane anew sees it.
  package func checkpoint(_ checkpoint: LaneCheckpoint) throws(ReadModelError) -> CheckpointResult {
    let (lane, table) = (checkpoint.lane, pipeline.tables[checkpoint.lane.table].name)
    return try session.transaction(.becomes(.superseded(table: table, partition: lane.partition))) { connection in
      let writer = CheckpointWriter(self, connection, lane: checkpoint.lane)
      try move(connection, checkpoint.lane, from: checkpoint.old, to: checkpoint.new)
      try writer.write(checkpoint.changes)
      try writer.finish()
      return writer.result
    }
  }
}

/// What one transaction of a checkpoint writes, for a lane or for the decider.
///
/// Others wait for what it has locked until it has committed, and each answer of a server that is far away takes its time: what is only written goes to
/// the server with the next question, and what may be asked together is one round trip.
final class CheckpointWriter {
  let connection: PostgresConnection
  let pipeline: Pipeline
  let tables: [TableForm]
  let plans: [ProjectionID: GroupPlan]
  let rules: [ProjectionID: BoardRules]
  let lane: LaneID
  let statementBytesMax: Int
  var result = CheckpointResult()
  /// By projection, what rows were added less what were taken away.
  var digests: [ProjectionID: Digest] = [:]
  /// By leaderboard, the keys of members and boards whose rows changed.
  var journaled: [ProjectionID: [[UInt8]]] = [:]
  /// Dead letters of sums, written and taken back at the end.
  var misfits = MisfitLetters()
  /// By projection, the hashes of rows that statements have taken away.
  private let taken = TakenHashes()

  init(_ generation: PostgresGeneration, _ connection: PostgresConnection, lane: LaneID) {
    self.connection = connection
    self.lane = lane
    pipeline = generation.pipeline
    tables = generation.tables
    plans = generation.plans
    rules = generation.rules
    statementBytesMax = generation.statementBytesMax
  }

  /// Steps 2 to 5, but for what `finish` does.
  func write(_ changes: LaneChanges) throws {
    for id in changes.collections.keys.sorted() { try writeCollection(id, changes.collections[id] ?? CollectionChanges()) }
    for id in changes.sessions.keys.sorted() { try writeSessions(id, changes.sessions[id] ?? SessionChanges()) }
    for id in changes.histories.keys.sorted() { try writeHistory(id, changes.histories[id] ?? HistoryChanges()) }
    try writeSteps(changes.steps)
    try writeGroups(changes.groups)
    result.deadLetters += try writeDeadLetters(changes.deadLetters)
    result.effects += try writeOutbox(changes.outbox)
    if changes.suppressedEffects > 0 { try count("suppressed_effects", changes.suppressedEffects) }
  }

  /// What comes once for the whole transaction, at its end.
  func finish() throws {
    result.deadLetters += try writeMisfits()
    try writeJournal()
    try writeDigests(less: taken)
  }

  /// Has a statement sent with what is next asked of the server: nobody waits for what it says.
  func write(_ sql: String, _ values: PostgresValue...) throws { try write(sql, values) }

  func write(_ sql: String, _ values: [PostgresValue]) throws { try connection.later(PostgresQuery(sql, values)) }

  /// The same for one that answers the hashes of rows of a projection which it takes away.
  func take(_ id: ProjectionID, _ sql: String, _ values: [PostgresValue]) throws {
    digests[id] = digests[id] ?? Digest()
    try connection.later(PostgresQuery(sql, values)) { [taken] in taken.add($0, of: id) }
  }

  func count(_ name: String, _ more: Int) throws {
    try write(
      """
      INSERT INTO _counters (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = _counters.value + excluded.value
      """, .text(name), .bigint(more))
  }

  private func writeCollection(_ id: ProjectionID, _ changes: CollectionChanges) throws {
    for part in parts(changes.cleared, bytes: \.count) { try take(id, tables[id.rawValue].deleteItems, [.blobs(Array(part))]) }
    let rows = changes.rows
    var batch = RowBatch(tables[id.rawValue])
    for slot in rows.sortedSlots {
      switch rows.values[slot] {
      case .insert(let inputs, let itemKey, let stamp), .upsert(let inputs, let itemKey, let stamp):
        try batch.add(inputs)
        try batch.add(.bytes(itemKey))
        try batch.add(stamp)
        batch.endRow()
      case .delete(let key, let itemKey): batch.delete(key + [.bytes(itemKey)])
      case nil: break
      }
    }
    result.rows += changes.count
    try write(batch, of: id)
  }

  private func writeSteps(_ steps: [HandedStep]) throws {
    let all = steps.map { (handed: $0, bytes: $0.step.bytes) }
    for part in parts(all, bytes: { $0.bytes.count }) {
      try write(
        """
        INSERT INTO _steps (projection, stamp, place, step)
        SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bytea[]) ON CONFLICT (projection, stamp, place) DO NOTHING
        """, .bigints(part.map { Int64($0.handed.projection.rawValue) }), .blobs(part.map(\.handed.step.stamp.ordered)),
        .bigints(part.map { Int64($0.handed.place) }), .blobs(part.map(\.bytes)))
    }
  }
}
