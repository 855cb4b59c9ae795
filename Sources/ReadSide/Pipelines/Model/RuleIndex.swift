/// An item of a pipeline: its place in `Pipeline.items`, from 0. Another definition of the pipeline may give it another.
package struct RuleIndex: Hashable, BitwiseCopyable, Sendable, CustomStringConvertible {
  package let rawValue: Int

  @inlinable
  package init(rawValue: Int) { self.rawValue = rawValue }

  @inlinable
  package static func == (left: RuleIndex, right: RuleIndex) -> Bool { left.rawValue == right.rawValue }

  package var description: String { String(rawValue) }
}

extension [ItemRule] {
  package subscript(index: RuleIndex) -> ItemRule { self[index.rawValue] }
}
