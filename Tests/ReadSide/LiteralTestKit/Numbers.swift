package import Pipelines

// Tests write places in a pipeline as numbers.

extension ProjectionID: ExpressibleByIntegerLiteral {
  package init(integerLiteral place: Int) { self.init(rawValue: place) }
}
