internal import DynamoModel

extension Number {
  /// A number of seconds as milliseconds, rounded up: never before the instant that it names. Exact below a millisecond; the range's end
  /// when it lies outside.
  var expiryMilliseconds: Int64 {
    guard
      let scaled = try? Number(coefficient: coefficient, exponent: Int(exponent) + 3, isNegative: isNegative)
    else { return isNegative ? .min : .max }
    let whole = scaled.int64Truncated
    let hasFraction = scaled.exponent < 0
    return hasFraction && !isNegative && whole < .max ? whole + 1 : whole
  }
}
