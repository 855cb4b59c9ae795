internal import DynamoModel

/// What expressions do with two numbers.
package enum Arithmetic: String, Sendable, CaseIterable {
  case plus = "+"
  case minus = "-"
  case times = "*"
  case by = "/"

  /// Whether it binds as `*` does.
  package var isProduct: Bool { self == .times || self == .by }

  /// Exact, but for a quotient, which has 38 digits. `type` is integer or decimal, and a quotient's decimal. Null where one of the values is null.
  func result(_ left: Value, _ right: Value, as type: ValueType) throws(ArithmeticFailure) -> Value {
    if left.isNull || right.isNull { return .null }
    if type == .integer, case .integer(let first) = left, case .integer(let second) = right {
      let (result, overflow) =
        switch self {
        case .plus: first.addingReportingOverflow(second)
        case .minus: first.subtractingReportingOverflow(second)
        case .times, .by: first.multipliedReportingOverflow(by: second)
        }
      if overflow { throw ArithmeticFailure(reason: "gives a whole number that does not fit 64 bits") }
      return .integer(result)
    }
    guard let first = left.number, let second = right.number else { return .null }
    if self == .by, second.isZero { throw ArithmeticFailure(reason: "is divided by zero") }
    do throws(NumberError) {
      switch self {
      case .plus: return .decimal(try first.adding(second))
      case .minus: return .decimal(try first.subtracting(second))
      case .times: return .decimal(try first.multiplied(by: second))
      case .by: return .decimal(try first.divided(by: second))
      }
    } catch {
      throw ArithmeticFailure(reason: "gives a number that does not fit 38 digits and the range of DynamoDB's numbers")
    }
  }
}

/// Why two numbers have no result.
struct ArithmeticFailure: Error, Equatable {
  let reason: String
}

extension Value {
  /// Of an integer or a decimal.
  fileprivate var number: Number? {
    switch self {
    case .integer(let whole): Number(whole)
    case .decimal(let number): number
    default: nil
    }
  }
}
