internal import DynamoModel

extension Number {
  /// The first millisecond after the instant that a number of seconds names: an item lives through its instant. The range's end when it lies
  /// outside.
  var expiryMilliseconds: Int64 {
    guard
      let scaled = try? Number(coefficient: coefficient, exponent: Int(exponent) + 3, isNegative: isNegative)
    else { return isNegative ? .min : .max }
    let whole = scaled.int64Truncated
    // Towards zero is up for what is negative and has a fraction.
    let isRoundedUp = scaled.exponent < 0 && isNegative
    return isRoundedUp || whole == .max ? whole : whole + 1
  }
}
