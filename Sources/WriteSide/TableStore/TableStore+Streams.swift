package import ChangeRecords
package import DynamoModel
internal import RocksDB

/// A stream as its readers see it.
package struct StreamDescription: Sendable {
  package let arn: String
  package let label: String
  package let table: TableDefinition
  package let view: StreamViewType
  package let isEnabled: Bool
  /// Milliseconds since 1970.
  package let createdAt: LogTime
  /// In lexical order of their ids.
  package let shards: [StreamShard]
  let stored: StoredTable

  package func shard(_ id: String) -> StreamShard? { shards.first { $0.id == id } }
}

/// A shard: the records `first` to `last` of a log partition.
package struct StreamShard: Sendable, Equatable {
  package let id: String
  /// The shard that goes before; it may be forgotten already.
  package let parent: String?
  package let partition: Int
  package let first: SequenceNumber
  /// The last record of a closed shard, `first - 1` when it has none; nil while the shard is open.
  package let last: SequenceNumber?
}

/// Some records of a shard.
package struct StreamBatch: Sendable {
  /// In order; the bytes of each are a `StoredRecord`.
  package let records: [(position: Position, bytes: [UInt8])]
  /// Where to read on; nil at the end of a closed shard.
  package let next: SequenceNumber?
}

/// Why a shard cannot be read from a place.
package enum StreamReadError: Error, Sendable {
  /// The record is older than what the stream still shows.
  case trimmed
  case storage(DynamoError)
}

/// What the Streams API shows: the records of the last 24 hours, in shards.
extension TableStore {
  /// Milliseconds for which a stream shows a record, and a disabled stream is readable.
  package static let streamRetention: Int64 = 86_400_000
  package static let streamBatchBytesMax = 1 << 20

  /// The streams of a table, or of all, in order of their ARNs.
  package func streams(table: String?) -> [StreamDescription] {
    let now = state.clock.wall()
    var found: [StreamDescription] = []
    for stored in state.allTables() where table.map({ Text.equal($0, stored.definition.name) }) ?? true {
      for stream in stored.streams {
        if let disabledAt = stream.disabledAt, disabledAt <= now.advanced(by: -TableStore.streamRetention) { continue }
        found.append(TableStore.describe(stream, stored))
      }
    }
    return found.sorted { Text.less($0.arn, $1.arn) }
  }

  package func stream(arn: String) -> StreamDescription? {
    let parts = arn.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    return streams(table: String(parts[1])).first { Text.equal($0.arn, arn) }
  }

  private static func describe(_ stream: StoredStream, _ table: StoredTable) -> StreamDescription {
    let shards = stream.shards.map { shard in
      StreamShard(
        id: shard.id,
        parent: stream.shards.first { $0.partition == shard.partition && $0.ordinal == shard.ordinal - 1 }?.id,
        partition: shard.partition, first: shard.first, last: shard.last)
    }
    return StreamDescription(
      arn: "\(TableDescription.arn(table.definition.name))/stream/\(stream.label)", label: stream.label, table: table.definition,
      view: stream.view, isEnabled: stream.disabledAt == nil, createdAt: stream.createdAt,
      shards: shards.sorted { Text.less($0.id, $1.id) }, stored: table)
  }

  /// The first sequence number of a shard that the stream still shows.
  package func streamHorizon(_ stream: StreamDescription, _ shard: StreamShard) throws(DynamoError) -> SequenceNumber {
    try streamSequence(stream, shard, time: horizon(stream.stored))
  }

  /// The commit time before which records are no longer shown.
  private func horizon(_ table: StoredTable) -> LogTime {
    let now = table.clock == .history ? state.progress(table.id)?.historyTime ?? .zero : state.clock.wall()
    return now.advanced(by: -TableStore.streamRetention)
  }

  /// The number of the shard's first record with a commit time of at least `time`; one past its
  /// last when there is none. Binary search.
  package func streamSequence(
    _ stream: StreamDescription, _ shard: StreamShard, time: LogTime
  ) throws(DynamoError) -> SequenceNumber {
    let partition = EmbeddedLog.Partition(state: state, table: stream.stored, number: shard.partition)
    do {
      let found = try partition.firstSequence(atOrAfter: time)
      return max(shard.first, shard.last.map { min(found, $0.next) } ?? found)
    } catch {
      throw DynamoError(.internalServer, "The table store failed")
    }
  }

  /// One past the last record that the shard has now.
  package func streamEnd(_ stream: StreamDescription, _ shard: StreamShard) -> SequenceNumber {
    if let last = shard.last { return last.next }
    return max(shard.first, (state.progress(stream.stored.id)?.last[shard.partition] ?? .beforeAll).next)
  }

  /// Records from sequence number `from` on: at most `limit`, and at most 1 MB of them, but one at least.
  package func read(
    _ stream: StreamDescription, _ shard: StreamShard, from: SequenceNumber, limit: Int
  ) throws(StreamReadError) -> StreamBatch {
    let end = streamEnd(stream, shard)
    let table = stream.stored
    guard from < end else { return StreamBatch(records: [], next: shard.last == nil ? from : nil) }
    guard from >= state.progress(table.id)?.first[shard.partition] ?? .beforeAll else { throw .trimmed }
    let horizon = horizon(table)
    var records: [(position: Position, bytes: [UInt8])] = []
    var bytes = 0
    var next = from
    var walk = KeyIterator(
      state.database, Family.log, lower: KeyBytes.log(table.id, shard.partition, from),
      upper: KeyBytes.log(table.id, shard.partition, end), fillCache: true)
    walk.seekToFirst()
    while walk.isValid, records.count < limit {
      if records.isEmpty, let time = try? StoredRecord.time(walk.value), time < horizon { throw .trimmed }
      bytes += walk.value.count
      if !records.isEmpty, bytes > TableStore.streamBatchBytesMax { break }
      let sequence = KeyBytes.sequence(ofLog: walk.key)
      records.append(
        (Position(tableID: table.tableID, partition: shard.partition, sequence: sequence), Array(walk.value)))
      next = sequence.next
      walk.next()
    }
    do throws(RocksDBError) {
      try walk.check()
    } catch {
      throw .storage(.storage(error))
    }
    return StreamBatch(records: records, next: shard.last.map { next > $0 } ?? false ? nil : next)
  }
}

extension TableStore {
  /// The last sequence number of a partition's log; nil for a table or partition that does not exist.
  package func lastSequence(_ table: String, _ partition: Int) -> SequenceNumber? {
    guard let stored = state.table(table), let progress = state.progress(stored.id), progress.last.indices.contains(partition)
    else {
      return nil
    }
    return progress.last[partition]
  }
}
