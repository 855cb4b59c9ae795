package import ChangeRecords
package import DynamoModel
package import Pipelines

/// A record with its images taken apart.
package struct Change: Sendable {
  package let record: ChangeRecord
  package let old: Image?
  package let new: Image?
  package let stamp: Stamp
  /// The item's key in a form whose bytes compare as the keys do: partition key, then sort key. Empty where no fold reads
  /// it.
  package let itemKey: [UInt8]

  /// Whether the item was not there before.
  var isInsertion: Bool { record.kind == .insert }
  var isSnapshot: Bool { record.kind == .snapshot }
  var isExpiry: Bool { record.cause == .service }
}

/// Item keys in a form whose bytes compare as the keys do, and back.
package enum ItemKeyBytes {
  /// `names` are the key's attributes, partition key first.
  package static func bytes(_ key: Item, _ names: [String]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(48)
    for name in names {
      switch key[name] {
      case .string(let text): Value.string(text).appendOrdered(to: &out)
      case .number(let number): Value.decimal(number).appendOrdered(to: &out)
      case .binary(let bytes): Value.bytes(bytes).appendOrdered(to: &out)
      default: Value.null.appendOrdered(to: &out)
      }
    }
    return out
  }

  /// Nil for bytes that are not a key of these attributes.
  package static func key(_ bytes: [UInt8], _ names: [String]) -> Item? {
    guard let values = Value.values(ordered: bytes, count: names.count) else { return nil }
    var key = Item()
    for (name, value) in zip(names, values) {
      switch value {
      case .string(let text): key[name] = .string(text)
      case .decimal(let number): key[name] = .number(number)
      case .bytes(let bytes): key[name] = .binary(bytes)
      default: return nil
      }
    }
    return key
  }
}
