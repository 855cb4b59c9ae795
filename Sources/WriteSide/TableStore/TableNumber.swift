/// The number that the store gives a table, backup, export, import or restore, and with which its keys begin: 1, 2, 3, ..., never given twice.
package struct TableNumber: Hashable, Comparable, BitwiseCopyable, Sendable, CustomStringConvertible {
  package let rawValue: UInt32

  init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The number given next. No store comes near the largest.
  var next: TableNumber { TableNumber(rawValue: rawValue + 1) }

  package static func < (left: TableNumber, right: TableNumber) -> Bool { left.rawValue < right.rawValue }

  package var description: String { String(rawValue) }
}
