package import ChangeLog
package import ChangeRecords
internal import DynamoModel
package import Pipelines

/// One lane of a pipeline: the records of one partition in, changes of rows, deadlines and effects out. Pure: no clock, no
/// file; the same records give the same changes.
///
/// Records are decoded once for all projections, only the attributes that the pipeline names, and both images are taken apart once. A record
/// is applied to every projection or, when it cannot be read, to none. Deadlines before a record's time fire before it is applied, those
/// before a batch's watermark after it.
package struct LaneEngine: Sendable {
  package let pipeline: Pipeline
  package let table: TableIndex
  package let partition: Int
  /// The last record applied. A source may deliver records again; what is not above it is passed over.
  package private(set) var sequence: SequenceNumber
  /// Records applied since the engine was made.
  package private(set) var applied: UInt64 = 0
  /// The time through which deadlines have fired.
  package private(set) var firedThrough: Instant
  /// The life of the table that the records are of.
  let tableID: TableID
  private var deadLetters: [DeadLetter] = []
  private var output: LaneOutput
  private var parts: [Part]
  private let readsItemKeys: Bool
  /// Effects that wait for changes of the table's items.
  private let effects: [(index: Int, source: Source)]
  private let matcher: ItemMatcher
  private let names: AttributeNames
  private let keyNames: [String]
  /// The attribute of the table's TTL.
  private let timeToLive: String?
  private var jsonReader: RecordJSONReader

  /// A projection that the lane's table feeds.
  private struct Part {
    let id: ProjectionID
    let name: String
    var fold: any Fold
  }

  /// Records of a batch, read: of a lane that first has to look up what they need.
  package struct ReadRecords: Sendable {
    package fileprivate(set) var records: [ChangeRecord] = []
    /// Why the record after these cannot be taken; nil when all can.
    package fileprivate(set) var failure: LaneFailure?
  }

  /// An engine that goes on after what the read model holds: the record `sequence`. `stored` are the lane's sessions by projection; of each
  /// projection `sessionsMax` stay in memory.
  package init(
    pipeline: Pipeline, table: TableIndex, partition: Int, tableID: TableID, sequence: SequenceNumber, firedThrough: Instant,
    stored: [ProjectionID: StoredSessions], activations: [String: Activation], sessionsMax: Int = .max
  ) {
    self.tableID = tableID
    self.sequence = sequence
    self.pipeline = pipeline
    self.table = table
    self.partition = partition
    self.firedThrough = firedThrough
    let definition = pipeline.tables[table]
    matcher = definition.matcher
    names = definition.attributes
    timeToLive = definition.definition.timeToLive
    keyNames = definition.keyNames
    output = LaneOutput(effects: EffectRules(pipeline: pipeline, table: table, activations: activations))
    parts = pipeline.projections.ids.compactMap { id in
      guard pipeline.projections[id].sources.contains(where: { $0.table == table }) else { return nil }
      return Part(
        id: id, name: pipeline.projections[id].name,
        fold: FoldRegistry.fold(
          id, of: pipeline, lane: FoldRegistry.Lane(table: table, tableID: tableID, partition: partition),
          residentMax: sessionsMax, stored: stored[id] ?? StoredSessions()))
    }
    readsItemKeys = parts.contains { $0.fold.readsItemKeys }
    effects = pipeline.effects.indices.compactMap { index in
      guard case .change(let source) = pipeline.effects[index].trigger, source.table == table else { return nil }
      return (index, source)
    }
    jsonReader = RecordJSONReader(
      only: names, old: effects.isEmpty ? LaneEngine.oldNames(definition.matcher, parts.map(\.fold), timeToLive) : nil)
  }

  /// What is read of old images where that is less than of new ones. Nil when all of it may be read.
  private static func oldNames(_ matcher: ItemMatcher, _ folds: [any Fold], _ timeToLive: String?) -> AttributeNames? {
    guard matcher.isByKeyAlone else { return nil }
    var names = matcher.keyAttributes + [timeToLive].compactMap { $0 }
    for fold in folds {
      guard let read = fold.oldNames else { return nil }
      names += read
    }
    return AttributeNames(names)
  }

  /// Whether all sessions are in memory: a batch may be applied at once. Otherwise its records are read, what they need is looked up, and
  /// they are applied in parts.
  package var isWhole: Bool { parts.allSatisfy(\.fold.isWhole) }

  /// Applies a batch and then its watermark. Throws `LaneFailure` for a record that cannot be read and for the end of a deleted
  /// table: nothing after the last good record is applied, and the lane stops.
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

  /// Reads the records of a batch that are to be applied.
  package mutating func read(_ batch: RecordBatch) -> ReadRecords {
    batch.bytes.withUnsafeBytes { bytes in
      var read = ReadRecords()
      // A source may deliver a record again within a batch too.
      for entry in batch.entries where entry.sequence > read.records.last?.sequence ?? sequence {
        do throws(LaneFailure) {
          read.records.append(
            try self.read(entry, batch.format, UnsafeRawBufferPointer(rebasing: bytes[entry.start..<entry.end])))
        } catch {
          read.failure = error
          break
        }
      }
      return read
    }
  }

  /// What has to be looked up before records are applied and deadlines before a time fire, by projection.
  package func lookups(_ records: ArraySlice<ChangeRecord>, before time: Instant) -> [ProjectionID: SessionLookup] {
    var lookups: [ProjectionID: SessionLookup] = [:]
    let partly = parts.filter { !$0.fold.isWhole }
    for part in partly { part.fold.lookForDue(before: time, &lookups[part.id, default: SessionLookup()]) }
    for record in records {
      guard let change = change(record) else { continue }
      for part in partly { part.fold.look(for: change, &lookups[part.id, default: SessionLookup()]) }
    }
    return lookups.filter { !$0.value.isEmpty }
  }

  /// Takes the answers to lookups.
  package mutating func admit(_ found: [ProjectionID: FoundSessions], _ lookups: [ProjectionID: SessionLookup]) {
    for index in parts.indices {
      guard let found = found[parts[index].id], let lookup = lookups[parts[index].id] else { continue }
      parts[index].fold.admit(found, lookup)
    }
  }

  /// Before this every deadline can be fired.
  package var dueThrough: Instant { parts.reduce(.distantFuture) { min($0, $1.fold.dueThrough) } }

  /// Applies records that were read, in order, of which everything that they need is in memory.
  package mutating func apply(_ records: ArraySlice<ChangeRecord>) {
    for record in records { take(record) }
  }

  /// What was handed over is committed, and nothing was applied since: sessions past the bound are let go.
  package mutating func committed() {
    for index in parts.indices { parts[index].fold.committed() }
  }

  private mutating func apply(
    _ entry: RecordBatch.Entry, _ format: RecordFormat, _ bytes: UnsafeRawBufferPointer
  ) throws(LaneFailure) {
    take(try read(entry, format, bytes))
  }

  private mutating func read(
    _ entry: RecordBatch.Entry, _ format: RecordFormat, _ bytes: UnsafeRawBufferPointer
  ) throws(LaneFailure) -> ChangeRecord {
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
        .truncated, sequence: entry.sequence, "the table was deleted here: a new generation begins when it is created again")
    }
    return record
  }

  private mutating func take(_ record: ChangeRecord) {
    fireDeadlines(before: Instant(record.time))
    apply(record)
    sequence = record.sequence
    applied += 1
  }

  /// Fires the deadlines that a watermark has passed.
  package mutating func advance(to watermark: LogTime) { advance(to: Instant(watermark)) }

  /// As with a time of a log.
  package mutating func advance(to watermark: Instant) { fireDeadlines(before: watermark) }

  /// Whether there is anything for a checkpoint to write beside the position.
  package var hasChanges: Bool {
    !deadLetters.isEmpty || !output.outbox.isEmpty || !output.steps.isEmpty || output.suppressed > 0
      || parts.contains { $0.fold.hasChanges }
  }

  /// How many rows the next checkpoint writes, more or less: what it holds in memory. O(projections).
  package var changedRows: Int {
    deadLetters.count + output.outbox.count + output.steps.count + parts.reduce(0) { $0 + $1.fold.changedRows }
  }

  /// The least instant at which something may happen without a record.
  package var nextDeadline: Instant? { parts.compactMap(\.fold.nextDeadline).min() }

  /// Hands over what changed since the last call.
  package mutating func takeChanges() -> LaneChanges {
    var changes = LaneChanges()
    for index in parts.indices { parts[index].fold.takeChanges(into: &changes) }
    swap(&changes.deadLetters, &deadLetters)
    swap(&changes.outbox, &output.outbox)
    swap(&changes.steps, &output.steps)
    swap(&changes.suppressedEffects, &output.suppressed)
    return changes
  }

  private mutating func fireDeadlines(before time: Instant) {
    guard time > firedThrough else { return }
    for index in parts.indices { parts[index].fold.fire(before: time, &output) }
    firedThrough = time
  }

  /// What a record means; nil for one that no item of the pipeline has.
  private func change(_ record: ChangeRecord) -> Change? {
    let (old, new) = matcher.images(old: record.oldImage, new: record.newImage)
    if old == nil, new == nil { return nil }
    return Change(
      record: record, old: old, new: new,
      stamp: Stamp(
        time: Instant(record.time), order: record.order, tableID: tableID, partition: partition,
        sequence: record.sequence), itemKey: readsItemKeys ? ItemKeyBytes.bytes(record.keys, keyNames) : [])
  }

  private mutating func apply(_ record: ChangeRecord) {
    guard let change = change(record) else { return }
    for index in parts.indices {
      do throws(EvaluationFailure) {
        try parts[index].fold.apply(change, &output)
      } catch {
        deadLetter(parts[index].name, error, change)
      }
    }
    for (index, source) in effects {
      do throws(EvaluationFailure) {
        try output.changeHappened(index, source, change)
      } catch {
        deadLetter(pipeline.effects[index].name, error, change)
      }
    }
    if let timeToLive, let failure = LaneEngine.badTimeToLive(timeToLive, change) {
      deadLetter(PipelineTable.timeToLiveSubject, failure, change)
    }
  }

  /// An item whose TTL is not a number never expires, which whoever wrote it hardly means: said of the change that brought the value.
  private static func badTimeToLive(_ name: String, _ change: Change) -> EvaluationFailure? {
    guard let value = change.new?.item[name], value != change.record.oldImage?[name] else { return nil }
    switch value {
    case .number, .null: return nil
    default:
      return EvaluationFailure(
        path: name, reason: "is of type \(value.typeName): a TTL is a number of seconds, and this item does not expire")
    }
  }

  private mutating func deadLetter(_ name: String, _ failure: EvaluationFailure, _ change: Change) {
    deadLetters.append(
      DeadLetter(
        projection: name, table: pipeline.tables[table].name, partition: partition, sequence: change.stamp.sequence,
        time: change.stamp.time, path: failure.path, reason: failure.reason))
  }
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
  package let sequence: SequenceNumber
  package let reason: String

  init(_ kind: Kind, sequence: SequenceNumber, _ reason: String) {
    self.kind = kind
    self.sequence = sequence
    self.reason = reason
  }

  package var description: String { "record \(sequence): \(reason)" }
}
