package import ChangeRecords

// Tests write numbers and orders of records as numbers, and count on from them.

extension SequenceNumber: ExpressibleByIntegerLiteral, Strideable {
  package init(integerLiteral number: UInt64) { self.init(rawValue: number) }
  package init(_ number: Int) { self.init(rawValue: UInt64(number)) }

  package static func + (number: SequenceNumber, more: UInt64) -> SequenceNumber {
    SequenceNumber(rawValue: number.rawValue + more)
  }
  package static func - (number: SequenceNumber, less: UInt64) -> SequenceNumber {
    SequenceNumber(rawValue: number.rawValue - less)
  }
  package static func += (number: inout SequenceNumber, more: UInt64) { number = number + more }
  package static func -= (number: inout SequenceNumber, less: UInt64) { number = number - less }

  package func distance(to other: SequenceNumber) -> Int { Int(other.rawValue) - Int(rawValue) }
  package func advanced(by records: Int) -> SequenceNumber { SequenceNumber(Int(rawValue) + records) }
}

extension CommitOrder: ExpressibleByIntegerLiteral {
  package init(integerLiteral number: UInt64) { self.init(rawValue: number) }

  package static func + (order: CommitOrder, more: UInt64) -> CommitOrder { CommitOrder(rawValue: order.rawValue + more) }
  package static func - (order: CommitOrder, less: UInt64) -> CommitOrder { CommitOrder(rawValue: order.rawValue - less) }
  package static func += (order: inout CommitOrder, more: UInt64) { order = order + more }
}
