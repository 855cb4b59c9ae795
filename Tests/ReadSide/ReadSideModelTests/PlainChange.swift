import ChangeRecords
import DynamoModel
import Foundation
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
  let table: TableIndex
  let partition: Int
  let sequence: SequenceNumber
  let position: Position
  let itemKey: PlainItemKey
  let oldItem: Item?
  let old: Image?
  let new: Image?
  /// A removal by TTL or by an effect.
  let isExpiry: Bool

  var time: Instant { stamp.time }
  var place: String { "\(table)/\(partition)/\(sequence)" }

  init(_ record: ChangeRecord, table: TableIndex, _ tableID: TableID, partition: Int, of pipeline: Pipeline) {
    stamp = PlainStamp(time: Instant(record.time), order: record.order)
    self.table = table
    self.partition = partition
    sequence = record.sequence
    position = Position(tableID: tableID, partition: partition, sequence: record.sequence)
    let key = pipeline.tables[table].definition.key
    itemKey = PlainItemKey(
      table: table,
      parts: key.attributes.compactMap { attribute in record.keys[attribute.name].flatMap { PlainKeyPart($0) } })
    let matcher = pipeline.tables[table].matcher
    oldItem = record.oldImage
    old = record.oldImage.flatMap { matcher.image(of: $0) }
    new = record.newImage.flatMap { matcher.image(of: $0) }
    isExpiry = record.kind == .remove && record.cause == .service
  }
}

/// A key attribute's value, in the order in which a table keeps it: numbers by value, texts and binaries by their bytes. Of different types,
/// as two tables may have them, numbers come first and binaries last.
enum PlainKeyPart: Hashable, Comparable {
  case number(Number)
  case text([UInt8])
  case binary([UInt8])

  /// Nil for what cannot be in a key.
  init?(_ value: AttributeValue) {
    switch value {
    case .number(let number): self = .number(number)
    case .string(let text): self = .text(Array(text.utf8))
    case .binary(let bytes): self = .binary(bytes)
    default: return nil
    }
  }

  static func < (left: PlainKeyPart, right: PlainKeyPart) -> Bool {
    switch (left, right) {
    case (.number(let one), .number(let other)): one < other
    case (.text(let one), .text(let other)), (.binary(let one), .binary(let other)): one.lexicographicallyPrecedes(other)
    case (.number, _), (.text, .binary): true
    default: false
    }
  }

  /// As it stands in the name of a session.
  var text: String {
    switch self {
    case .number(let number): number.description
    case .text(let bytes): String(decoding: bytes, as: UTF8.self)
    case .binary(let bytes): Data(bytes).base64EncodedString()
    }
  }
}

/// An item of a table.
struct PlainItemKey: Hashable, CustomStringConvertible {
  let table: TableIndex
  let parts: [PlainKeyPart]

  var description: String {
    parts.map(\.text).map { $0.utf8.count > 100 ? "\($0.utf8.count) bytes" : $0 }.joined(separator: "/")
  }

  /// By the key alone: of items of two tables with one key neither is before the other.
  func isBefore(_ other: PlainItemKey) -> Bool { parts.lexicographicallyPrecedes(other.parts) }
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
  /// When it happened, where that is not the time of the change.
  var time: Instant?
}
