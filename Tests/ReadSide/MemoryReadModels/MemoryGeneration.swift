internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import Projections
internal import ReadModels

/// One generation's rows and states.
struct MemoryGeneration: Sendable {
  let pipeline: Pipeline
  let plans: [ProjectionID: GroupPlan]
  var lanes: [LaneID: LanePosition] = [:]
  var epoch = Epoch.none
  var decided: [ProjectionID: Instant] = [:]
  /// By projection and by the ordered values of the primary key.
  var rows: [ProjectionID: [BytesKey: [Value]]] = [:]
  /// The hash stored with each row.
  var hashes: [ProjectionID: [BytesKey: RowHash]] = [:]
  /// What each lane, and the decider, has added to each projection's rows less what it took away.
  var digests: [ProjectionID: [LaneID: Digest]] = [:]
  var groups: [ProjectionID: [BytesKey: GroupState]] = [:]
  var values: [ProjectionID: [BytesKey: MemoryValues]] = [:]
  var boards: [ProjectionID: [BytesKey: MemoryBoard]] = [:]
  var sessions: [ProjectionID: [LaneID: [BytesKey: StoredSessions.Entry]]] = [:]
  var steps: [ProjectionID: [HandedStep]] = [:]
  /// States of groups that the decider watches.
  var watched: [ProjectionID: [BytesKey: [UInt8]]] = [:]
  var letters: [MemoryLetter.ID: MemoryLetter] = [:]
  var letterCounts: [String: Int] = [:]
  /// Dead letters of sums that the running checkpoint has written where there was none.
  var misfitsBegun = 0
  var outbox: [MemoryEffect] = []
  var lastEffect = EffectID.none
  var suppressed = 0

  init(_ pipeline: Pipeline) {
    self.pipeline = pipeline
    plans = GroupPlan.plans(of: pipeline)
  }

  mutating func write(_ id: ProjectionID, _ row: [Value]) { rows[id, default: [:]][key(id, row)] = row }

  /// Brings the hashes to the rows, and notes the difference as a lane's.
  mutating func writeHashes(_ lane: LaneID) {
    for id in pipeline.projections.ids {
      var hasher = RowHasher(pipeline.projections[id].table)
      let hashes = (rows[id] ?? [:]).mapValues { hasher.hash($0) }
      let old = self.hashes[id] ?? [:]
      var change = Digest()
      for (key, hash) in hashes where old[key] != hash { change.add(hash) }
      for (key, hash) in old where hashes[key] != hash { change.subtract(hash) }
      self.hashes[id] = hashes
      digests[id, default: [:]][lane, default: Digest()] += change
    }
  }

  func key(_ id: ProjectionID, _ row: [Value]) -> BytesKey {
    BytesKey(Value.ordered(pipeline.projections[id].table.primaryKey.map { row[$0] }))
  }

  /// `_at`, `_order` and `_position`.
  func trace(_ stamp: Stamp) -> [Value] {
    [.timestamp(stamp.time), .integer(Int64(bitPattern: stamp.order.rawValue)), .string(stamp.position.description)]
  }

  func leastWatermark(_ id: ProjectionID) -> Instant {
    let tables = Set(pipeline.projections[id].sources.map(\.table))
    let least = tables.map { table in lanes.filter { $0.key.table == table }.map(\.value.watermark).min() ?? .distantPast }
    return least.min() ?? .distantPast
  }
}

/// A board: what orders it, and when it closed.
struct MemoryBoard: Sendable {
  var values: [Value]
  /// The start of its calendar period, then its last change.
  var start = Instant.distantPast
  var stamp: Stamp = .none
  var openedAt = Instant.distantFuture
  var closesAt: Instant?
  var closedAt: Instant?
  var isShown = false
  /// Its members with a score.
  var members = 0

  func isEarlier(than other: MemoryBoard) -> Bool {
    if start != other.start { return start < other.start }
    if stamp != other.stamp { return stamp < other.stamp }
    return Bytes.less(Value.ordered(values), Value.ordered(other.values))
  }
}

/// A dead letter.
struct MemoryLetter: Sendable {
  struct ID: Hashable, Sendable {
    let projection: String
    let kind: String
    let subject: [UInt8]
  }

  let table: String
  let partition: Int
  let sequence: SequenceNumber
  let at: Instant
  let path: String
  let reason: String
}

/// An effect in the outbox.
struct MemoryEffect: Sendable {
  var listed: ListedEffect
  /// Nil for one that was handed over.
  let lane: LaneID?
  let origin: OutboxEntry.Origin?
}
