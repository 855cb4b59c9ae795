/// Counts those who have had a lane, or the decider, one after another: whoever has an older one commits nothing more.
package struct Epoch: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let rawValue: Int64

  package init(rawValue: Int64) { self.rawValue = rawValue }

  /// Before anybody.
  package static let none = Epoch(rawValue: 0)

  /// Of who comes next.
  package var next: Epoch { Epoch(rawValue: rawValue + 1) }

  package static func < (left: Epoch, right: Epoch) -> Bool { left.rawValue < right.rawValue }

  package var description: String { String(rawValue) }
}
