/// Values by keys of bytes, for keys that come again and again: a `BytesTable` with a value for each of its slots. A key that is there already
/// costs no allocation and no reference. What is in it stays; it goes with the whole.
package struct BytesMap<Value: Sendable>: Sendable {
  private var table = BytesTable()
  /// By slot. A caller changes them in place.
  package var values: [Value] = []

  package init() {}

  package var count: Int { values.count }
  package var isEmpty: Bool { values.isEmpty }

  /// The slot of a key, where `make()` stands when the key is new. O(length).
  package mutating func slot(of key: [UInt8], orInsert make: () -> Value) -> Int {
    if let slot = table.slot(of: key) { return slot }
    values.append(make())
    return table.insert(key)
  }

  package func key(_ slot: Int) -> [UInt8] { table.bytes(slot) }

  /// The slots in the order of their keys. O(n log n).
  package var sortedSlots: [Int] { table.sortedSlots }

  /// An empty map with memory for what this one holds.
  package func emptied() -> BytesMap {
    var empty = BytesMap()
    empty.table = table.emptied()
    empty.values.reserveCapacity(values.count)
    return empty
  }
}
