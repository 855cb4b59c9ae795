internal import Glibc

/// Keys of rows in one piece of memory, by their numbers, and the order in which they are written.
struct KeyList {
  private var bytes: [UInt8] = []
  /// By number, where the key ends.
  private var ends: [Int] = []
  /// Whether each key is greater than the one before.
  private var isSorted = true

  var count: Int { ends.count }

  /// Takes the key that `write` appends.
  mutating func append(_ write: (inout [UInt8]) -> Void) {
    let start = bytes.count
    write(&bytes)
    ends.append(bytes.count)
    if isSorted, count > 1 { isSorted = bytes.withUnsafeBytes { compare(count - 2, count - 1, $0) < 0 } }
    assert(bytes.count >= start)
  }

  subscript(number: Int) -> ArraySlice<UInt8> { bytes[start(number)..<ends[number]] }

  private func start(_ number: Int) -> Int { number == 0 ? 0 : ends[number - 1] }

  /// Below 0 where `left` comes first.
  private func compare(_ left: Int, _ right: Int, _ base: UnsafeRawBufferPointer) -> Int {
    let (a, b) = (start(left), start(right))
    let (m, n) = (ends[left] - a, ends[right] - b)
    guard let address = base.baseAddress, min(m, n) > 0 else { return m - n }
    let order = memcmp(address + a, address + b, min(m, n))
    return order == 0 ? m - n : Int(order)
  }

  /// The numbers of the keys, in the order of the keys; of equal ones the last. O(n log n), O(n) where they came in order.
  func order() -> [Int] {
    if isSorted { return Array(ends.indices) }
    return bytes.withUnsafeBytes { base in
      let sorted = ends.indices.sorted { left, right in
        let order = compare(left, right, base)
        return order == 0 ? left < right : order < 0
      }
      return sorted.indices.compactMap { place in
        place + 1 < sorted.count && compare(sorted[place], sorted[place + 1], base) == 0 ? nil : sorted[place]
      }
    }
  }
}
