package import Pipelines
package import SQLite

/// What a generation's rows amount to: equal for equal rows, in whatever order and by however many lanes they were made.
///
/// Of each row two hashes of 64 bits over the values of all columns but `_at`, `_position` and the orders (which depend on
/// the number of partitions, or on the store's other tables), summed. Made by reading the
/// rows, O(rows).
package struct Digest: Sendable, Equatable, CustomStringConvertible {
  package private(set) var rows: Int = 0
  private var first: UInt64 = 0
  private var second: UInt64 = 0

  private static let leftOut: Set<String> = ["_at", "_order", "_position", "reached_order"]

  package init() {}

  /// The digest of one projection's rows.
  package init(_ projection: Projection, _ connection: Connection) throws(SQLiteError) {
    let table = projection.table
    let columns = table.columns.filter { !Digest.leftOut.contains($0.name) }
    let select = try connection.prepare("SELECT \(columns.map(\.name).joined(separator: ", ")) FROM \(table.name)")
    while try select.step() {
      var bytes: [UInt8] = []
      for (index, column) in columns.enumerated() {
        (Value(column: index, of: select, as: column.type) ?? .null).appendOrdered(to: &bytes)
      }
      add(bytes)
    }
  }

  private mutating func add(_ bytes: [UInt8]) {
    rows += 1
    first = first &+ Digest.hash(bytes, seed: 0xcbf2_9ce4_8422_2325)
    second = second &+ Digest.hash(bytes, seed: 0x6c62_272e_07bb_0142)
  }

  /// FNV-1a with a final mix.
  private static func hash(_ bytes: [UInt8], seed: UInt64) -> UInt64 {
    var hash = seed
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
    hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
    return hash ^ (hash >> 31)
  }

  package var description: String {
    let digits = [first, second].map { number in
      let text = String(number, radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }
    return "\(rows):\(digits.joined())"
  }
}
