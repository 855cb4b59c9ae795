package import ChangeLog
package import ChangeRecords
internal import DynamoModel
package import Pipelines

/// One lane of a pipeline: the records of one partition in, changes of rows, deadlines and effects out. Pure: no clock, no
/// file; the same records give the same changes.
///
/// Records are decoded once for all projections, only the attributes that the pipeline names, and both images are taken apart once.
/// Deadlines before a record's time fire before it is applied, those before a batch's frontier behind it.
package struct LaneEngine: Sendable {
  package let pipeline: Pipeline
  /// Index of the table in the pipeline.
  package let table: Int
  package let partition: Int
  /// The last record applied. A source may deliver records again; what is not above it is passed over.
  package private(set) var sequence: UInt64
  /// Records applied since the engine was made.
  package private(set) var applied: UInt64 = 0
  /// The time through which deadlines have fired, in microseconds.
  package private(set) var firedThrough: Int64
  /// The life of the table that the records are of.
  let incarnation: Incarnation
  var changes = LaneChanges()
  var sessionLanes: [Int: SessionLane] = [:]
  let plans: [Int: GroupPlan]
  private let fed: [Int]
  private let tableEffects: [Int]
  private var jsonReader: RecordJSONReader

  /// An engine that goes on behind what the read model holds: the record `sequence`. `active` are the lane's active sessions by
  /// projection.
  package init(
    pipeline: Pipeline, table: Int, partition: Int, incarnation: Incarnation, sequence: UInt64, firedThrough: Int64,
    active: [Int: [SessionState]]
  ) {
    self.incarnation = incarnation
    self.sequence = sequence
    self.pipeline = pipeline
    self.table = table
    self.partition = partition
    self.firedThrough = firedThrough
    jsonReader = RecordJSONReader(only: pipeline.tables[table].attributes)
    var fed: [Int] = []
    var plans: [Int: GroupPlan] = [:]
    for (index, projection) in pipeline.projections.enumerated() where projection.sources.contains(where: { $0.table == table }) {
      fed.append(index)
      switch projection.kind {
      case .collection: break
      case .aggregate(let aggregate): plans[index] = GroupPlan(aggregate)
      case .leaderboard(let board): plans[index] = GroupPlan(board)
      case .sessions(let sessions):
        var lane = SessionLane(sessions)
        lane.load(active[index] ?? [])
        sessionLanes[index] = lane
      }
    }
    self.fed = fed
    self.plans = plans
    tableEffects = pipeline.effects.indices.filter { index in
      if case .change(let source) = pipeline.effects[index].trigger { source.table == table } else { false }
    }
  }

  /// Applies a batch and then its frontier. Throws `LaneFailure` for a record that cannot be read and for the end of a deleted
  /// table: nothing behind the last good record is applied, and the lane stops.
  package mutating func apply(_ batch: RecordBatch) throws(LaneFailure) {
    let names = pipeline.tables[table].attributes
    for entry in batch.entries where entry.sequence > sequence {
      let record: ChangeRecord
      do throws(RecordError) {
        record = try decode(entry, batch, names)
      } catch {
        throw LaneFailure(.unreadable, sequence: entry.sequence, error.reason)
      }
      if record.kind == .truncate {
        throw LaneFailure(
          .truncated, sequence: entry.sequence, "the table was deleted here: a new generation begins with the table made anew")
      }
      fireDeadlines(before: record.time * 1000)
      try apply(record)
      sequence = entry.sequence
      applied += 1
    }
    advance(to: batch.frontier)
  }

  /// Fires the deadlines that a frontier (milliseconds) has passed.
  package mutating func advance(to frontier: Int64) {
    fireDeadlines(before: LaneEngine.microseconds(frontier))
  }

  /// Log times are milliseconds, everything behind the engine is microseconds; the greatest time stays the greatest.
  package static func microseconds(_ milliseconds: Int64) -> Int64 {
    milliseconds > Int64.max / 1000 ? .max : (milliseconds < Int64.min / 1000 ? .min : milliseconds * 1000)
  }

  /// Whether there is anything for a checkpoint to write beside the position.
  package var hasChanges: Bool { !changes.isEmpty || sessionLanes.values.contains(where: \.hasChanges) }

  /// The least instant, in microseconds, at which something may happen without a record.
  package var nextDeadline: Int64? { sessionLanes.values.compactMap(\.nextDeadline).min() }

  /// Hands over what changed since the last call.
  package mutating func takeChanges() -> LaneChanges {
    for index in sessionLanes.keys.sorted() {
      let sessions = sessionLanes[index]?.takeChanges() ?? []
      if !sessions.isEmpty { changes.sessions[index] = sessions }
    }
    defer { changes = LaneChanges() }
    return changes
  }

  private mutating func decode(
    _ entry: RecordBatch.Entry, _ batch: RecordBatch, _ names: AttributeNames
  ) throws(RecordError) -> ChangeRecord {
    var reader = jsonReader
    let result: Result<ChangeRecord, RecordError> = batch.bytes.withUnsafeBytes { raw in
      let bytes = UnsafeRawBufferPointer(rebasing: raw[entry.start..<entry.end])
      do throws(RecordError) {
        switch batch.format {
        case .stored: return .success(try StoredRecord.decode(bytes, sequence: entry.sequence, only: names))
        case .json: return .success(try reader.decode(bytes, sequence: entry.sequence))
        }
      } catch {
        return .failure(error)
      }
    }
    jsonReader = reader
    return try result.get()
  }

  private mutating func fireDeadlines(before time: Int64) {
    guard time > firedThrough else { return }
    for index in fed {
      guard sessionLanes[index]?.nextDeadline.map({ $0 < time }) == true else { continue }
      var fired: [SessionState] = []
      sessionLanes[index]?.fire(before: time) { fired.append($0) }
      for state in fired { sessionEnded(state, projection: index) }
    }
    firedThrough = time
  }

  private mutating func apply(_ record: ChangeRecord) throws(LaneFailure) {
    let matcher = pipeline.tables[table].matcher
    let change = Change(
      record: record, old: record.oldImage.flatMap { matcher.image(of: $0) },
      new: record.newImage.flatMap { matcher.image(of: $0) },
      stamp: RowStamp(time: record.time * 1000, table: table, partition: partition, sequence: record.sequence),
      itemKey: record.keys.binary)
    if change.old == nil, change.new == nil { return }
    for index in fed {
      do {
        switch pipeline.projections[index].kind {
        case .collection(let collection): try apply(collection, index, change)
        case .aggregate(let aggregate): try apply(sources: aggregate.sources, index, change)
        case .leaderboard(let board): try apply(sources: board.sources, index, change)
        case .sessions(let sessions): try apply(sessions, index, change)
        }
      } catch let failure as EvaluationFailure {
        deadLetter(pipeline.projections[index].name, failure, change)
      } catch {
        throw LaneFailure(.unreadable, sequence: record.sequence, "projection \(pipeline.projections[index].name): \(error)")
      }
    }
    for index in tableEffects { fireEffect(index, change) }
  }

  mutating func deadLetter(_ name: String, _ failure: EvaluationFailure, _ change: Change) {
    changes.deadLetters.append(
      DeadLetter(
        projection: name, table: pipeline.tables[table].name, partition: partition, sequence: change.stamp.sequence,
        time: change.stamp.time, path: failure.path, reason: failure.reason))
  }
}

/// A record with its images taken apart.
struct Change {
  let record: ChangeRecord
  let old: Image?
  let new: Image?
  let stamp: RowStamp
  let itemKey: [UInt8]

  var isSnapshot: Bool { record.kind == .snapshot }
  var isExpiry: Bool { record.cause == .service }
}

/// Why a lane stops.
package struct LaneFailure: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: String, Sendable {
    /// The record cannot be read: to skip it would take back later what was never added.
    case unreadable
    /// The table was deleted.
    case truncated
  }

  package let kind: Kind
  package let sequence: UInt64
  package let reason: String

  init(_ kind: Kind, sequence: UInt64, _ reason: String) {
    self.kind = kind
    self.sequence = sequence
    self.reason = reason
  }

  package var description: String { "record \(sequence): \(reason)" }
}
