/// Sizes as DynamoDB counts them, for the 400 KB limit, for pages of 1 MB, and for `SizeBytes` of records.
///
/// Names and strings by their UTF-8 bytes; a number by one byte for each two significant digits, paired from the decimal point on,
/// and one more (plus one when negative); booleans and nulls one byte; lists and maps three bytes and one for each element. From the
/// DynamoDB guide, "DynamoDB item sizes and formats".
extension AttributeValue {
  package var size: Int {
    switch self {
    case .string(let text): text.utf8.count
    case .number(let number): number.size
    case .binary(let bytes): bytes.count
    case .bool, .null: 1
    case .list(let values): 3 + values.reduce(0) { $0 + 1 + $1.size }
    case .map(let map): 3 + map.count + map.size
    case .stringSet(let texts): texts.reduce(0) { $0 + $1.utf8.count }
    case .numberSet(let numbers): numbers.reduce(0) { $0 + $1.size }
    case .binarySet(let blobs): blobs.reduce(0) { $0 + $1.count }
    }
  }
}

extension Number {
  package var size: Int {
    guard !isZero else { return 1 }
    let digits = digitCount
    // Of 1.5 each digit is a pair's half; of 15 they are one pair.
    let isSplit = digits.isMultiple(of: 2) && !(Int(exponent) + digits).isMultiple(of: 2)
    return (digits + 1) / 2 + (isSplit ? 1 : 0) + 1 + (isNegative ? 1 : 0)
  }
}

extension AttributeMap {
  /// The sum of names and values: the size of an item.
  package var size: Int { entries.reduce(0) { $0 + $1.name.utf8.count + $1.value.size } }
}

extension AttributeValue {
  /// The values that stand in one another here, with this one: 1 for what is neither list nor map. An item's attribute has at most
  /// `depthMax`.
  package var depth: Int {
    switch self {
    case .list(let values): 1 + (values.lazy.map(\.depth).max() ?? 0)
    case .map(let map): 1 + (map.entries.lazy.map(\.value.depth).max() ?? 0)
    default: 1
    }
  }
}
