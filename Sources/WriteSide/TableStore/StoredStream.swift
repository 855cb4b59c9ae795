internal import ChangeRecords
internal import DynamoModel

/// A DynamoDB stream of a table, from its enabling on: what of the table's log the Streams API shows.
struct StoredStream: Sendable, Equatable {
  let label: String
  let view: StreamViewType
  let createdAt: LogTime
  /// When the stream was disabled or the table deleted; nil while it takes records.
  var disabledAt: LogTime?
  /// In the order in which they were opened.
  var shards: [StoredShard]
}

/// A range of one log partition that the Streams API shows as a shard.
struct StoredShard: Sendable, Equatable {
  let partition: Int
  /// Counts the shards of the partition in this stream, from 0.
  let ordinal: Int
  let createdAt: LogTime
  /// The sequence number of its first record, which may not be there yet.
  let first: SequenceNumber
  /// Set when the shard is closed: its last record, `first - 1` when it has none.
  var last: SequenceNumber?
  var closedAt: LogTime?

  /// `shardId-`, 20 digits of the creation time in milliseconds, and 8 hexadecimal digits.
  var id: String {
    func padded(_ text: String, _ length: Int) -> String {
      String(repeating: "0", count: max(0, length - text.count)) + text
    }
    return "shardId-\(padded(String(createdAt.rawValue), 20))-\(padded(String(partition << 20 | ordinal, radix: 16), 8))"
  }
}

extension StoredStream {
  /// A new stream of a table: one shard for each log partition, from the next record on.
  init(_ definition: TableDefinition, _ view: StreamViewType, label: String, now: LogTime, _ progress: TableProgress) {
    self.init(
      label: label, view: view, createdAt: now,
      shards: progress.last.enumerated().map { partition, last in
        StoredShard(partition: partition, ordinal: 0, createdAt: now, first: last.next)
      })
  }

  mutating func close(now: LogTime, _ progress: TableProgress) {
    guard disabledAt == nil else { return }
    disabledAt = now
    for index in shards.indices where shards[index].closedAt == nil {
      shards[index].closedAt = now
      shards[index].last = progress.last[shards[index].partition]
    }
  }

  /// Closes the shards that were opened at least `lifetime` milliseconds ago and have records, and opens a child of each;
  /// forgets the closed ones whose records nobody may read any more. True when something changed.
  mutating func rotate(now: LogTime, lifetime: Int64, retention: Int64, _ progress: TableProgress) -> Bool {
    let before = self
    shards.removeAll { $0.closedAt.map { $0 <= now.advanced(by: -retention) } ?? false }
    guard disabledAt == nil else { return self != before }
    for index in shards.indices where shards[index].closedAt == nil && shards[index].createdAt <= now.advanced(by: -lifetime) {
      let shard = shards[index]
      let last = progress.last[shard.partition]
      guard last >= shard.first else { continue }
      shards[index].closedAt = now
      shards[index].last = last
      shards.append(
        StoredShard(partition: shard.partition, ordinal: shard.ordinal + 1, createdAt: now, first: last.next))
    }
    return self != before
  }

  // MARK: In the catalogue

  var value: AttributeValue {
    var map: AttributeMap = [
      "label": .string(label), "view": .string(view.rawValue), "createdAt": .integer(createdAt.rawValue),
      "shards": .list(
        shards.map { shard in
          let numbers = [Int64(shard.partition), Int64(shard.ordinal), shard.createdAt.rawValue, Int64(shard.first.rawValue)]
          let closed = shard.closedAt.map { [$0.rawValue, Int64((shard.last ?? .beforeAll).rawValue)] } ?? []
          return .list((numbers + closed).map(AttributeValue.integer))
        }),
    ]
    if let disabledAt { map["disabledAt"] = .integer(disabledAt.rawValue) }
    return .map(map)
  }

  init?(_ value: AttributeValue) {
    guard case .map(let map) = value, case .string(let label)? = map["label"], case .string(let view)? = map["view"],
      let view = StreamViewType(rawValue: view), let createdAt = map["createdAt"]?.integer,
      case .list(let shards)? = map["shards"]
    else { return nil }
    self.init(
      label: label, view: view, createdAt: LogTime(rawValue: createdAt),
      disabledAt: map["disabledAt"]?.integer.map(LogTime.init(rawValue:)),
      shards: shards.compactMap(StoredShard.init(value:)))
  }
}

extension StoredTable {
  /// The table with its shards rotated, and without streams that were disabled too long ago; nil when nothing changes.
  func rotated(now: LogTime, _ lifetime: Int64, _ progress: TableProgress) -> StoredTable? {
    var table = self
    var isChanged = false
    for index in table.streams.indices
    where table.streams[index].rotate(now: now, lifetime: lifetime, retention: TableStore.streamRetention, progress) {
      isChanged = true
    }
    // The one enabled last stays: its ARN is the table's latest.
    table.streams = table.streams.enumerated().filter { place, stream in
      place == streams.count - 1 || stream.disabledAt.map { $0 > now.advanced(by: -TableStore.streamRetention) } ?? true
    }.map(\.element)
    return isChanged || table.streams.count != streams.count ? table : nil
  }
}

extension StoredShard {
  fileprivate init?(value: AttributeValue) {
    guard case .list(let values) = value else { return nil }
    let numbers = values.compactMap(\.integer)
    guard numbers.count == 4 || numbers.count == 6 else { return nil }
    self.init(
      partition: Int(numbers[0]), ordinal: Int(numbers[1]), createdAt: LogTime(rawValue: numbers[2]),
      first: SequenceNumber(rawValue: UInt64(numbers[3])),
      last: numbers.count == 6 ? SequenceNumber(rawValue: UInt64(numbers[5])) : nil,
      closedAt: numbers.count == 6 ? LogTime(rawValue: numbers[4]) : nil)
  }
}

extension AttributeValue {
  fileprivate static func integer(_ value: Int64) -> AttributeValue { .number(Number(value)) }

  fileprivate var integer: Int64? {
    if case .number(let number) = self { number.int64 } else { nil }
  }
}
