package import Pipelines

/// How a store means to find the rows of a query: made before it runs, and without its parameters.
package struct QueryPlan: Sendable, Equatable {
  /// How a step reads the rows of a projection.
  package enum Access: String, Sendable, CaseIterable {
    /// From the first to the last.
    case scan
    /// Some of them, found by a key or an index.
    case search
  }

  /// One step of the plan, in the store's own words.
  package struct Step: Sendable, Equatable {
    /// 0, or one more than the step that it is a part of.
    package let depth: Int
    package let text: String
    /// Nil for a step that reads no rows of a projection.
    package let access: Access?
    /// The projections that the step may speak of; more than one where the query gives several the same alias.
    package let projections: [ProjectionID]
    /// The projections that are scanned around it: the step is taken once for each combination of their rows.
    package let within: [ProjectionID]

    /// Each property by its name.
    package init(depth: Int, text: String, access: Access?, projections: [ProjectionID], within: [ProjectionID]) {
      self.depth = depth
      self.text = text
      self.access = access
      self.projections = projections
      self.within = within
    }
  }

  package let steps: [Step]
  /// By projection, the columns that the SQL compares with something, in the table's order.
  package let compared: [ProjectionID: [Int]]
  /// Whether the query may end before it has read everything: it has a LIMIT and no step that sorts.
  package let mayEndEarly: Bool

  /// Each property by its name.
  package init(steps: [Step], compared: [ProjectionID: [Int]], mayEndEarly: Bool) {
    self.steps = steps
    self.compared = compared
    self.mayEndEarly = mayEndEarly
  }
}
