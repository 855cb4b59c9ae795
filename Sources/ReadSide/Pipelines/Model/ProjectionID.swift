/// A projection of a pipeline: its place in `Pipeline.projections`, from 0. Another definition of the pipeline may give it another.
package struct ProjectionID: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let rawValue: Int

  @inlinable
  package init(rawValue: Int) { self.rawValue = rawValue }

  @inlinable
  package static func == (left: ProjectionID, right: ProjectionID) -> Bool { left.rawValue == right.rawValue }

  @inlinable
  package static func < (left: ProjectionID, right: ProjectionID) -> Bool { left.rawValue < right.rawValue }

  package var description: String { String(rawValue) }
}

extension [Projection] {
  package subscript(id: ProjectionID) -> Projection { self[id.rawValue] }

  package func contains(_ id: ProjectionID) -> Bool { indices.contains(id.rawValue) }

  package var ids: [ProjectionID] { indices.map { ProjectionID(rawValue: $0) } }
}
