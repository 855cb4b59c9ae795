/// An effect's number in the outbox of its generation, in the order in which effects came in. Another generation gives it another.
package struct EffectID: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let rawValue: Int64

  package init(rawValue: Int64) { self.rawValue = rawValue }

  /// Before every effect.
  package static let none = EffectID(rawValue: 0)

  package static func < (left: EffectID, right: EffectID) -> Bool { left.rawValue < right.rawValue }

  package var description: String { String(rawValue) }
}
