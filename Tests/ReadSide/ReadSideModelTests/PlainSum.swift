import DynamoModel
import Pipelines

/// A sum by hand: one digit after the other, from 10^-180 to 10^180.
struct PlainSum {
  private static let least = -180
  private var digits = [Int](repeating: 0, count: 360)

  mutating func add(_ value: Value, sign: Int = 1) {
    switch value {
    case .integer(let number): add(String(number.magnitude), 0, number < 0 ? -sign : sign)
    case .decimal(let number): add(String(number.coefficient), Int(number.exponent), number.isNegative ? -sign : sign)
    default: break
    }
  }

  private mutating func add(_ text: String, _ exponent: Int, _ sign: Int) {
    for (place, digit) in text.utf8.reversed().enumerated() { digits[place + exponent - Self.least] += sign * (Int(digit) - 48) }
  }

  /// Sign, significant digits, and the exponent of the last one.
  private var parts: (isNegative: Bool, digits: String, exponent: Int)? {
    for sign in [1, -1] {
      var carry = 0
      var plain: [Int] = []
      for digit in digits {
        let sum = digit * sign + carry
        let low = ((sum % 10) + 10) % 10
        plain.append(low)
        carry = (sum - low) / 10
      }
      if carry < 0 { continue }
      guard let first = plain.firstIndex(where: { $0 != 0 }), let last = plain.lastIndex(where: { $0 != 0 }) else { return nil }
      return (sign < 0, plain[first...last].reversed().map(String.init).joined(), first + Self.least)
    }
    return nil
  }

  var isZero: Bool { parts == nil }

  /// The sum as a value of a type; nil when it does not fit.
  func value(_ type: ValueType) -> Value? {
    guard let parts else { return type == .integer ? .integer(0) : .decimal(.zero) }
    guard parts.digits.utf8.count <= 38,
      let number = try? Number("\(parts.isNegative ? "-" : "")\(parts.digits)E\(parts.exponent)")
    else { return nil }
    if type == .decimal { return .decimal(number) }
    return number.int64.map { .integer($0) }
  }
}
