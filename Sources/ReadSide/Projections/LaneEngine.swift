package import ChangeLog
package import ChangeRecords
internal import DynamoModel
package import Pipelines

/// One lane of a pipeline: the records of one partition in, changes of rows, deadlines and effects out. Pure: no clock, no
/// file; the same records give the same changes.
///
/// Records are decoded once for all projections, only the attributes that the pipeline names, and both images are taken apart once.
/// Deadlines before a record's time fire before it is applied, those before a batch's watermark behind it.
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
  let tableID: TableID
  var changes = LaneChanges()
  /// By projection.
  var sessionLanes: [SessionLane?]
  /// By projection.
  let plans: [GroupPlan?]
  private let matcher: ItemMatcher
  private let names: AttributeNames
  /// The projections that the table feeds.
  private let feeds: [Feed]
  private let tableEffects: [Int]
  private var jsonReader: RecordJSONReader

  /// An engine that goes on behind what the read model holds: the record `sequence`. `active` are the lane's active sessions by
  /// projection.
  package init(
    pipeline: Pipeline, table: Int, partition: Int, tableID: TableID, sequence: UInt64, firedThrough: Int64,
    active: [Int: [SessionState]]
  ) {
    self.tableID = tableID
    self.sequence = sequence
    self.pipeline = pipeline
    self.table = table
    self.partition = partition
    self.firedThrough = firedThrough
    matcher = pipeline.tables[table].matcher
    names = pipeline.tables[table].attributes
    var feeds: [Feed] = []
    var plans: [GroupPlan?] = Array(repeating: nil, count: pipeline.projections.count)
    sessionLanes = Array(repeating: nil, count: pipeline.projections.count)
    for (index, projection) in pipeline.projections.enumerated() where projection.sources.contains(where: { $0.table == table }) {
      feeds.append(Feed(index, projection, table: table))
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
    self.feeds = feeds
    self.plans = plans
    tableEffects = pipeline.effects.indices.filter { index in
      if case .change(let source) = pipeline.effects[index].trigger { source.table == table } else { false }
    }
    jsonReader = RecordJSONReader(
      only: names, old: tableEffects.isEmpty ? LaneEngine.oldNames(pipeline.tables[table].matcher, feeds) : nil)
  }

  /// What is read of old images where that is less than of new ones: when only touches are fed, an old image is asked whether it was
  /// there and whether something changed since. Nil when all of it may be read.
  private static func oldNames(_ matcher: ItemMatcher, _ feeds: [Feed]) -> AttributeNames? {
    guard matcher.isByKeyAlone else { return nil }
    var names = matcher.keyAttributes
    for feed in feeds {
      guard let touches = feed.touches else { return nil }
      for box in touches.touches + touches.ends {
        guard box.source.when == nil else { return nil }
        switch box.source.event {
        case .inserted: break
        case .changed: names += box.source.event?.attributeNames ?? []
        case .removed, .expired, nil: return nil
        }
      }
    }
    return AttributeNames(names)
  }

  /// Applies a batch and then its watermark. Throws `LaneFailure` for a record that cannot be read and for the end of a deleted
  /// table: nothing behind the last good record is applied, and the lane stops.
  package mutating func apply(_ batch: RecordBatch) throws(LaneFailure) {
    let failure = batch.bytes.withUnsafeBytes { bytes in
      do throws(LaneFailure) {
        for entry in batch.entries where entry.sequence > sequence {
          try apply(entry, batch.format, UnsafeRawBufferPointer(rebasing: bytes[entry.start..<entry.end]))
        }
        return LaneFailure?.none
      } catch {
        return error
      }
    }
    if let failure { throw failure }
    advance(to: batch.watermark)
  }

  private mutating func apply(
    _ entry: RecordBatch.Entry, _ format: RecordFormat, _ bytes: UnsafeRawBufferPointer
  ) throws(LaneFailure) {
    let record: ChangeRecord
    do throws(RecordError) {
      switch format {
      case .stored: record = try StoredRecord.decode(bytes, sequence: entry.sequence, only: names)
      case .json: record = try jsonReader.decode(bytes, sequence: entry.sequence)
      }
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

  /// Fires the deadlines that a watermark (milliseconds) has passed.
  package mutating func advance(to watermark: Int64) {
    fireDeadlines(before: LaneEngine.microseconds(watermark))
  }

  /// Log times are milliseconds, everything behind the engine is microseconds; the greatest time stays the greatest.
  package static func microseconds(_ milliseconds: Int64) -> Int64 {
    milliseconds > Int64.max / 1000 ? .max : (milliseconds < Int64.min / 1000 ? .min : milliseconds * 1000)
  }

  /// Whether there is anything for a checkpoint to write beside the position.
  package var hasChanges: Bool { !changes.isEmpty || sessionLanes.contains { $0?.hasChanges == true } }

  /// How many rows the next checkpoint writes, more or less: what it holds in memory. O(projections).
  package var changedRows: Int {
    changes.rows + sessionLanes.reduce(0) { $0 + ($1?.changedRows ?? 0) }
  }

  /// The least instant, in microseconds, at which something may happen without a record.
  package var nextDeadline: Int64? { sessionLanes.compactMap { $0?.nextDeadline }.min() }

  /// Hands over what changed since the last call.
  package mutating func takeChanges() -> LaneChanges {
    for index in sessionLanes.indices {
      let sessions = sessionLanes[index]?.takeChanges() ?? []
      if !sessions.isEmpty { changes.sessions[index] = sessions }
    }
    defer { changes = LaneChanges() }
    return changes
  }

  private mutating func fireDeadlines(before time: Int64) {
    guard time > firedThrough else { return }
    for index in sessionLanes.indices {
      guard sessionLanes[index]?.nextDeadline.map({ $0 < time }) == true else { continue }
      var fired: [SessionState] = []
      sessionLanes[index]?.fire(before: time) { fired.append($0) }
      for state in fired { sessionEnded(state, projection: index) }
    }
    firedThrough = time
  }

  private mutating func apply(_ record: ChangeRecord) throws(LaneFailure) {
    let (old, new) = matcher.images(old: record.oldImage, new: record.newImage)
    if old == nil, new == nil { return }
    let change = Change(
      record: record, old: old, new: new,
      stamp: RowStamp(time: record.time * 1000, table: table, partition: partition, sequence: record.sequence),
      itemKey: record.keys.binary)
    for feed in feeds {
      let index = feed.projection
      do {
        if let touches = feed.touches {
          try apply(touches, index, change)
          continue
        }
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
