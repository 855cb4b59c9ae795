/// Why a store whose write-ahead log is damaged is not opened.
package struct StoreDamage: Sendable, Equatable {
  /// The file's path.
  package let file: String
  /// The byte where the damage begins, or where the file ends too early.
  package let offset: Int
  package let reason: String
  /// Changes of keys (an item, an index entry and a change record are one each) that are known to have been written and would be lost;
  /// 0 when it is not known that any was acknowledged.
  package let changesLost: UInt64
}
