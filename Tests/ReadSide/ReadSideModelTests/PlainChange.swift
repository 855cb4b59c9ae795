import ChangeRecords
import DynamoModel
import Pipelines

/// When something happened: time and order. Among the changes of one store no two are equal.
struct PlainStamp: Comparable, Hashable {
  let time: Instant
  let order: CommitOrder

  static func < (left: PlainStamp, right: PlainStamp) -> Bool { (left.time, left.order) < (right.time, right.order) }
}

/// One record of a table's log, with both images under the pipeline's rules.
struct PlainChange {
  let stamp: PlainStamp
  let table: Int
  let partition: Int
  let sequence: UInt64
  let position: Position
  /// The key in byte order: that of the table's number, partition key and sort key, all of them texts here.
  let itemKey: PlainItemKey
  let oldItem: Item?
  let old: Image?
  let new: Image?
  /// A removal by TTL or by an effect.
  let isExpiry: Bool

  var time: Instant { stamp.time }
  var place: String { "\(table)/\(partition)/\(sequence)" }

  init(_ record: ChangeRecord, table: Int, _ tableID: TableID, partition: Int, of pipeline: Pipeline) {
    stamp = PlainStamp(time: Instant(record.time), order: record.order)
    self.table = table
    self.partition = partition
    sequence = record.sequence
    position = Position(tableID: tableID, partition: partition, sequence: record.sequence)
    let key = pipeline.tables[table].definition.key
    itemKey = PlainItemKey(
      table: table,
      parts: key.attributes.map { attribute in
        if case .string(let text)? = record.keys[attribute.name] { return Array(text.utf8) }
        return []
      })
    let matcher = pipeline.tables[table].matcher
    oldItem = record.oldImage
    old = record.oldImage.flatMap { matcher.image(of: $0) }
    new = record.newImage.flatMap { matcher.image(of: $0) }
    isExpiry = record.kind == .remove && record.cause == .service
  }
}

/// An item of a table, in the byte order of keys.
struct PlainItemKey: Hashable, Comparable, CustomStringConvertible {
  let table: Int
  let parts: [[UInt8]]

  var description: String {
    parts.map { $0.count > 100 ? "\($0.count) bytes" : String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
  }

  static func < (left: PlainItemKey, right: PlainItemKey) -> Bool {
    if left.table != right.table { return left.table < right.table }
    for (one, other) in zip(left.parts, right.parts) where one != other { return one.lexicographicallyPrecedes(other) }
    return left.parts.count < right.parts.count
  }
}

/// What a projection could not take or show.
struct PlainDeadLetter: Hashable, CustomStringConvertible {
  let projection: String
  let kind: String
  let path: String
  /// Of a record: where it stands.
  let place: String

  var description: String { "\(projection) \(kind) `\(path)` \(place)" }
}

/// One value that an image gave to a projection, and which change brought it.
struct PlainEntry {
  let values: [Value]
  let stamp: PlainStamp
  let itemKey: PlainItemKey
  /// Among the elements of the list that was taken apart.
  let place: Int
}
