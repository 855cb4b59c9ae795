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
  private var jsonReader: RecordJSONReader

  /// A projection that the lane's table feeds.
  private struct Part {
    let name: String
    var fold: any Fold
  }

  /// An engine that goes on after what the read model holds: the record `sequence`. `stored` are the lane's sessions by projection.
  package init(
    pipeline: Pipeline, table: TableIndex, partition: Int, tableID: TableID, sequence: SequenceNumber, firedThrough: Instant,
    stored: [ProjectionID: [(key: [UInt8], session: StoredSession)]], activations: [String: Activation]
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
    keyNames = definition.keyNames
    output = LaneOutput(effects: EffectRules(pipeline: pipeline, table: table, activations: activations))
    parts = pipeline.projections.ids.compactMap { id in
      guard pipeline.projections[id].sources.contains(where: { $0.table == table }) else { return nil }
      return Part(
        name: pipeline.projections[id].name,
        fold: FoldRegistry.fold(id, of: pipeline, table: table, stored: stored[id] ?? []))
    }
    readsItemKeys = parts.contains { $0.fold.readsItemKeys }
    effects = pipeline.effects.indices.compactMap { index in
      guard case .change(let source) = pipeline.effects[index].trigger, source.table == table else { return nil }
      return (index, source)
    }
    jsonReader = RecordJSONReader(
      only: names, old: effects.isEmpty ? LaneEngine.oldNames(definition.matcher, parts.map(\.fold)) : nil)
  }

  /// What is read of old images where that is less than of new ones. Nil when all of it may be read.
  private static func oldNames(_ matcher: ItemMatcher, _ folds: [any Fold]) -> AttributeNames? {
    guard matcher.isByKeyAlone else { return nil }
    var names = matcher.keyAttributes
    for fold in folds {
      guard let read = fold.oldNames else { return nil }
      names += read
    }
    return AttributeNames(names)
  }

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
        .truncated, sequence: entry.sequence, "the table was deleted here: a new generation begins when it is created again")
    }
    fireDeadlines(before: Instant(record.time))
    apply(record)
    sequence = entry.sequence
    applied += 1
  }

  /// Fires the deadlines that a watermark has passed.
  package mutating func advance(to watermark: LogTime) {
    fireDeadlines(before: Instant(watermark))
  }

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

  private mutating func apply(_ record: ChangeRecord) {
    let (old, new) = matcher.images(old: record.oldImage, new: record.newImage)
    if old == nil, new == nil { return }
    let change = Change(
      record: record, old: old, new: new,
      stamp: Stamp(
        time: Instant(record.time), order: record.order, tableID: tableID, partition: partition,
        sequence: record.sequence), itemKey: readsItemKeys ? ItemKeyBytes.bytes(record.keys, keyNames) : [])
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
