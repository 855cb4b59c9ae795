internal import DynamoModel
internal import Pipelines
internal import ReadModels

/// The type of a column of an answer, by its number in `pg_type`.
struct AnswerType {
  private let number: UInt32

  init(_ number: UInt32) { self.number = number }

  private enum Kind {
    case boolean, whole, real, numeric, bytes, instant, text, other
  }

  private var kind: Kind {
    switch number {
    case 16: .boolean
    case 20, 21, 23: .whole
    case 700, 701: .real
    case 1700: .numeric
    case 17: .bytes
    case 1184: .instant
    // "char", name, text, json, char(n), varchar, a text of no type, jsonb
    case 18, 19, 25, 114, 1042, 1043, 705, 3802: .text
    default: .other
    }
  }

  /// Whether cells can be shown as values of a type. Of `sum` and its kin a whole number is a numeric.
  func fits(_ type: ValueType) -> Bool {
    switch type {
    case .integer: [.whole, .numeric, .boolean].contains(kind)
    case .boolean: [.boolean, .whole].contains(kind)
    case .decimal: [.numeric, .whole].contains(kind)
    case .timestamp: kind == .instant
    case .bytes: kind == .bytes
    case .string, .json: kind == .text
    }
  }

  /// A cell by its text. `type` is what the answer says of the column, nil where it says nothing.
  func cell(_ text: String, as type: ValueType?) -> AnswerCell {
    switch kind {
    case .boolean: .integer(text == "t" ? 1 : 0)
    case .whole where type == .decimal: .text(text)
    case .whole: Int64(text).map { .integer($0) } ?? .text(text)
    case .real: Double(text).map { .real($0) } ?? .text(text)
    case .numeric: AnswerType.numeric(text, as: type)
    case .bytes: .blob(AnswerType.blob(text))
    case .instant: .text((try? Timestamp.parse(text, zone: nil)).map { Timestamp.text($0) } ?? text)
    case .text, .other: .text(text)
    }
  }

  /// Decimals are texts. Where nothing is said of the column it is computed, and SQLite computes whole numbers and doubles.
  private static func numeric(_ text: String, as type: ValueType?) -> AnswerCell {
    guard let number = try? Number(text) else { return .text(text) }
    if type != .decimal, let whole = number.int64 { return .integer(whole) }
    if type == nil, let real = Double(text), real.isFinite { return .real(real) }
    return .text(number.description)
  }

  /// Of `\x` and hexadecimal digits.
  private static func blob(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8.dropFirst(2))
    return stride(from: 0, to: digits.count - digits.count % 2, by: 2).map { place in
      UInt8(String(decoding: digits[place...(place + 1)], as: UTF8.self), radix: 16) ?? 0
    }
  }
}
