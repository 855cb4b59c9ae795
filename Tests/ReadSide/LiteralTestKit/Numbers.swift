package import ChangeRecords
package import Pipelines
package import ReadModels

// Tests write ids and orders as numbers.

extension ProjectionID: ExpressibleByIntegerLiteral {
  package init(integerLiteral place: Int) { self.init(rawValue: place) }
}

extension EffectID: ExpressibleByIntegerLiteral {
  package init(integerLiteral number: Int64) { self.init(rawValue: number) }
}

extension Epoch: ExpressibleByIntegerLiteral {
  package init(integerLiteral number: Int64) { self.init(rawValue: number) }
}

extension CommitOrder: ExpressibleByIntegerLiteral {
  package init(integerLiteral number: UInt64) { self.init(rawValue: number) }

  package static func + (order: CommitOrder, more: UInt64) -> CommitOrder { CommitOrder(rawValue: order.rawValue + more) }
  package static func - (order: CommitOrder, less: UInt64) -> CommitOrder { CommitOrder(rawValue: order.rawValue - less) }
  package static func += (order: inout CommitOrder, more: UInt64) { order = order + more }
}
