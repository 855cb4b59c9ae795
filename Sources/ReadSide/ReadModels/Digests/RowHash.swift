internal import DynamoModel
package import Pipelines

/// What a row amounts to: 128 bits of its values, stored with it and the same in every store.
///
/// Of the values' ordered form, column after column, all but `_at`, `_order`, `_position` and `reached_order`: these depend on the number of
/// partitions, or on the store's other tables.
package struct RowHash: Sendable, Hashable {
  package let bits: UInt128

  package init(bits: UInt128) { self.bits = bits }

  /// As stores keep it, in `bytesCount` bytes; nil for any other number of bytes.
  package init?(bytes: UnsafeRawBufferPointer) {
    guard let bits = UInt128(bigEndian: bytes) else { return nil }
    self.bits = bits
  }

  package static let bytesCount = 16
  /// The name of the SQL column.
  package static let columnName = "_hash"

  package var bytes: [UInt8] { bits.bigEndianBytes }

  private static let leftOut: Set<String> = ["_at", "_order", "_position", "reached_order"]

  /// By column, whether it counts.
  package static func columns(of table: SQLTable) -> [Bool] { table.columns.map { !leftOut.contains($0.name) } }
}

/// Hashes rows of one table, value after value, in memory that it keeps.
package struct RowHasher: Sendable {
  private let counts: [Bool]
  private var bytes: [UInt8] = []
  private var column = 0

  package init(_ table: SQLTable) { counts = RowHash.columns(of: table) }

  /// Takes the value of the next column.
  package mutating func add(_ value: Value) {
    if counts[column] { value.appendOrdered(to: &bytes) }
    column += 1
  }

  /// Passes over the next column, which does not count.
  package mutating func skip() { column += 1 }

  /// The hash of the row whose values were added; the next one begins from nothing.
  package mutating func finish() -> RowHash {
    let hash = RowHash(bits: StableHash.bits(of: bytes))
    bytes.removeAll(keepingCapacity: true)
    column = 0
    return hash
  }

  /// The hash of a row of all columns.
  package mutating func hash(_ row: some Sequence<Value>) -> RowHash {
    for value in row { add(value) }
    return finish()
  }
}

extension UInt128 {
  /// Nil unless there are 16 bytes.
  init?(bigEndian bytes: UnsafeRawBufferPointer) {
    guard bytes.count == RowHash.bytesCount else { return nil }
    self = UInt128(bigEndian: bytes.loadUnaligned(as: UInt128.self))
  }

  var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}
