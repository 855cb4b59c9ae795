package import Pipelines
package import ReadModels

// Tests write ids as numbers.

extension TableIndex: ExpressibleByIntegerLiteral {
  package init(integerLiteral place: Int) { self.init(rawValue: place) }
}

extension ProjectionID: ExpressibleByIntegerLiteral {
  package init(integerLiteral place: Int) { self.init(rawValue: place) }
}

extension EffectID: ExpressibleByIntegerLiteral {
  package init(integerLiteral number: Int64) { self.init(rawValue: number) }
}

extension Epoch: ExpressibleByIntegerLiteral {
  package init(integerLiteral number: Int64) { self.init(rawValue: number) }
}

extension RuleIndex: ExpressibleByIntegerLiteral {
  package init(integerLiteral place: Int) { self.init(rawValue: place) }
}
