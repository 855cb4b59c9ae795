/// A table of a pipeline: its place in `Pipeline.tables`, from 0. Another definition of the pipeline may give it another.
package struct TableIndex: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let rawValue: Int

  @inlinable
  package init(rawValue: Int) { self.rawValue = rawValue }

  @inlinable
  package static func == (left: TableIndex, right: TableIndex) -> Bool { left.rawValue == right.rawValue }

  @inlinable
  package static func < (left: TableIndex, right: TableIndex) -> Bool { left.rawValue < right.rawValue }

  package var description: String { String(rawValue) }
}

extension [PipelineTable] {
  package subscript(index: TableIndex) -> PipelineTable { self[index.rawValue] }

  package var indexes: [TableIndex] { indices.map { TableIndex(rawValue: $0) } }
}
