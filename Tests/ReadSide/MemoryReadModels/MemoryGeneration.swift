internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import Projections
internal import ReadModels

/// One generation's rows and states.
struct MemoryGeneration: Sendable {
  let pipeline: Pipeline
  let plans: [Int: GroupPlan]
  var lanes: [LaneID: LanePosition] = [:]
  var epoch: Int64 = 0
  var decided: [Int: Int64] = [:]
  /// By projection and by the ordered values of the primary key.
  var rows: [Int: [BytesKey: [Value]]] = [:]
  /// The hash stored with each row.
  var hashes: [Int: [BytesKey: RowHash]] = [:]
  /// What each lane, and the decider, has added to each projection's rows less what it took away.
  var digests: [Int: [LaneID: Digest]] = [:]
  var groups: [Int: [BytesKey: GroupState]] = [:]
  var values: [Int: [BytesKey: MemoryValues]] = [:]
  var boards: [Int: [BytesKey: MemoryBoard]] = [:]
  var sessions: [Int: [LaneID: [BytesKey: StoredSession]]] = [:]
  var steps: [Int: [HandedStep]] = [:]
  var letters: [MemoryLetter.ID: MemoryLetter] = [:]
  var letterCounts: [String: Int] = [:]
  var outbox: [MemoryEffect] = []
  var effectNumber: Int64 = 0
  var suppressed = 0

  /// Where the decider's sessions are.
  static let deciderLane = LaneID(table: -1, partition: -1)

  init(_ pipeline: Pipeline) {
    self.pipeline = pipeline
    var plans: [Int: GroupPlan] = [:]
    for (index, projection) in pipeline.projections.enumerated() {
      switch projection.kind {
      case .aggregate(let aggregate): plans[index] = GroupPlan(aggregate)
      case .leaderboard(let board): plans[index] = GroupPlan(board)
      case .collection, .sessions: break
      }
    }
    self.plans = plans
  }

  mutating func write(_ index: Int, _ row: [Value]) { rows[index, default: [:]][key(index, row)] = row }

  /// Brings the hashes to the rows, and notes the difference as a lane's.
  mutating func writeHashes(_ lane: LaneID) {
    for (index, projection) in pipeline.projections.enumerated() {
      var hasher = RowHasher(projection.table)
      let hashes = (rows[index] ?? [:]).mapValues { hasher.hash($0) }
      let old = self.hashes[index] ?? [:]
      var change = Digest()
      for (key, hash) in hashes where old[key] != hash { change.add(hash) }
      for (key, hash) in old where hashes[key] != hash { change.subtract(hash) }
      self.hashes[index] = hashes
      digests[index, default: [:]][lane, default: Digest()] += change
    }
  }

  func key(_ index: Int, _ row: [Value]) -> BytesKey {
    BytesKey(Value.ordered(pipeline.projections[index].table.primaryKey.map { row[$0] }))
  }

  /// `_at`, `_order` and `_position`.
  func trace(_ stamp: Stamp) -> [Value] {
    [.timestamp(stamp.time), .integer(Int64(bitPattern: stamp.order)), .string(stamp.position.description)]
  }

  func leastWatermark(_ index: Int) -> Int64 {
    let tables = Set(pipeline.projections[index].sources.map(\.table))
    let least = tables.map { table in lanes.filter { $0.key.table == table }.map(\.value.watermark).min() ?? .min }
    return least.min() ?? .min
  }
}

/// A board: what orders it, and when it closed.
struct MemoryBoard: Sendable {
  var values: [Value]
  /// The start of its calendar period, then its last change.
  var start: Int64 = .min
  var stamp: Stamp = .none
  var openedAt: Int64 = .max
  var closesAt: Int64?
  var closedAt: Int64?
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
  let sequence: UInt64
  let at: Int64
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
