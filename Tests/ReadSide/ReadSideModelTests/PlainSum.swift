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

  /// The sum divided by a number, to 38 digits, by hand; a half goes to the even digit. Nil when it does not fit.
  func mean(of count: Int) -> Number? {
    guard let parts else { return .zero }
    var (digits, rest) = ([Int](), 0)
    // As many places behind the last digit that what is left of them is more or less than a half, or exactly one.
    for digit in parts.digits.utf8.map({ Int($0) - 48 }) + [Int](repeating: 0, count: 60) {
      rest = rest * 10 + digit
      if !digits.isEmpty || rest >= count { digits.append(rest / count) }
      rest %= count
    }
    var exponent = parts.exponent - 60
    if digits.count > 38 {
      let behind = digits[38...]
      exponent += behind.count
      digits = Array(digits[..<38])
      let isMore = behind.dropFirst().contains { $0 != 0 } || rest != 0
      if behind[38] > 5 || (behind[38] == 5 && (isMore || digits[37] % 2 == 1)) {
        var place = 37
        while place >= 0, digits[place] == 9 {
          digits[place] = 0
          place -= 1
        }
        if place >= 0 { digits[place] += 1 } else { digits.insert(1, at: 0) }
      }
    }
    while digits.count > 1, digits.last == 0 {
      digits.removeLast()
      exponent += 1
    }
    return try? Number("\(parts.isNegative ? "-" : "")\(digits.map(String.init).joined())E\(exponent)")
  }

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
