package import Pipelines

/// The counted values of one group, as a store keeps them beside the group's state: keys that compare byte by byte, each with a count and
/// what is kept with it.
package protocol GroupValues {
  /// Adds `change` to the count under `key` of a column and keeps `kept` with it, or what is there already when nil; answers the count before
  /// and after. A count of zero is removed.
  mutating func add(column: Int, key: [UInt8], kept: [UInt8]?, change: Int64) throws -> (before: Int64, after: Int64)
  /// What is kept under a key of a column; nil when it is not there.
  func kept(column: Int, key: [UInt8]) throws -> [UInt8]?
  /// The least or greatest key of a column and what is kept with it; nil when it has none.
  func extreme(column: Int, greatest: Bool) throws -> (key: [UInt8], kept: [UInt8])?
  /// The least of what is kept under the keys that begin with `prefix`.
  func least(column: Int, prefix: [UInt8]) throws -> [UInt8]?
  /// The greatest key below `key` of a column and what is kept with it; nil when it has none.
  func before(_ key: [UInt8], column: Int) throws -> (key: [UInt8], kept: [UInt8])?
  /// Removes the keys of a column that lie above `low` (all, when nil) and below `high`.
  mutating func removeAll(above low: [UInt8]?, below high: [UInt8], column: Int) throws
  /// The time below which no lane that feeds the group brings another change.
  var watermark: Instant { get }
}
