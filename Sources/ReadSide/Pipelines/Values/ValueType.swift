/// The declared type of a field, a column or a parameter.
package enum ValueType: String, Sendable, CaseIterable {
  case string
  /// A whole number of 64 bits.
  case integer
  /// A DynamoDB number, exact to 38 digits.
  case decimal
  case boolean
  /// An instant, to the microsecond.
  case timestamp
  case bytes
  /// JSON text.
  case json

  /// Whether `<` means something to a user: for `min`, `max`, order and ranges.
  package var isOrdered: Bool { self != .json }
  package var isNumeric: Bool { self == .integer || self == .decimal }
}
