package import DynamoModel
internal import Pipelines

/// A sum and how many values it is of: what a mean is made of. Merging commutes, and values are taken away as they came.
package struct Mean: Sendable, Equatable {
  package var sum = ExactSum()
  package var count: Int64 = 0

  mutating func add(_ value: Value, sign: Int64) {
    sum.add(value, sign: sign)
    count += sign
  }

  mutating func add(_ other: Mean) {
    sum.add(other.sum)
    count += other.count
  }

  var isZero: Bool { count == 0 && sum.isZero }

  /// The mean, or of `sum` the sum: null of no values, nil when it does not fit.
  func value(_ function: GroupPlan.Function, as type: ValueType) -> Value? {
    if count <= 0 { return .null }
    return function == .avg ? sum.divided(by: count).map { .decimal($0) } : sum.value(as: type)
  }
}
