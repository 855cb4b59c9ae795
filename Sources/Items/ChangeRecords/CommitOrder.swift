/// The order that the committer gives a change: rises over all records of one source, whatever the table and partition, with gaps. Tells
/// which of two records with one commit time is the later.
package struct CommitOrder: Hashable, Comparable, BitwiseCopyable, Sendable, CustomStringConvertible {
  package let rawValue: UInt64

  @inlinable
  package init(rawValue: UInt64) { self.rawValue = rawValue }

  /// Before every change.
  @inlinable
  package static var beforeAll: CommitOrder { CommitOrder(rawValue: 0) }

  /// After every change: that of a deadline, which everything of its instant comes before.
  @inlinable
  package static var afterAll: CommitOrder { CommitOrder(rawValue: .max) }

  /// The order after this one. No source comes near the largest.
  @inlinable
  package var next: CommitOrder { CommitOrder(rawValue: rawValue + 1) }

  @inlinable
  package static func == (left: CommitOrder, right: CommitOrder) -> Bool { left.rawValue == right.rawValue }

  @inlinable
  package static func < (left: CommitOrder, right: CommitOrder) -> Bool { left.rawValue < right.rawValue }

  package var description: String { String(rawValue) }
}
