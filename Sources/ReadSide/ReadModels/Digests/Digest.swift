/// What a set of rows amounts to: how many there are, and the sum of their hashes. Equal for equal rows, in whatever order and by however many
/// lanes they were made.
///
/// Each lane keeps one for each projection, of what it added less what it took away, so a lane's own may be less than nothing: their
/// sum is that of the rows. All sums wrap.
package struct Digest: Sendable, Hashable, CustomStringConvertible {
  package private(set) var rows: Int
  package private(set) var sum: UInt128

  package init(rows: Int = 0, sum: UInt128 = 0) {
    self.rows = rows
    self.sum = sum
  }

  /// As stores keep the sum, in 16 bytes; nil for any other number of bytes.
  package init?(rows: Int, sum bytes: [UInt8]) {
    guard let sum = bytes.withUnsafeBytes({ UInt128(bigEndian: $0) }) else { return nil }
    self.init(rows: rows, sum: sum)
  }

  package var sumBytes: [UInt8] { sum.bigEndianBytes }

  package mutating func add(_ hash: RowHash) {
    rows &+= 1
    sum &+= hash.bits
  }

  package mutating func subtract(_ hash: RowHash) {
    rows &-= 1
    sum &-= hash.bits
  }

  package static func + (left: Digest, right: Digest) -> Digest {
    Digest(rows: left.rows &+ right.rows, sum: left.sum &+ right.sum)
  }

  package static func += (left: inout Digest, right: Digest) { left = left + right }

  /// The sum in 32 hexadecimal digits.
  package var digits: String {
    let digits = String(sum, radix: 16)
    return String(repeating: "0", count: 32 - digits.count) + digits
  }

  package var description: String { "\(rows):\(digits)" }
}
