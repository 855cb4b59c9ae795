import DynamoModel

/// A value of the plain model: numbers are thousandths as whole numbers, sets and maps are Swift's own. Nothing of the engine is used but
/// to speak with it.
indirect enum ModelValue: Equatable {
  case text(PlainText)
  /// Thousandths.
  case number(Int)
  case bytes([UInt8])
  case flag(Bool)
  case nothing
  case list([ModelValue])
  case map([String: ModelValue])
  case texts(Set<PlainText>)
  case numbers(Set<Int>)

  var type: String {
    switch self {
    case .text: "S"
    case .number: "N"
    case .bytes: "B"
    case .flag: "BOOL"
    case .nothing: "NULL"
    case .list: "L"
    case .map: "M"
    case .texts: "SS"
    case .numbers: "NS"
    }
  }

  static func decimal(_ thousandths: Int) -> String {
    let digits = String(thousandths.magnitude)
    let padded = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    return (thousandths < 0 ? "-" : "") + padded.dropLast(3) + "." + padded.suffix(3)
  }

  /// The engine's value of the same meaning.
  func engine() throws -> AttributeValue {
    switch self {
    case .text(let text): .string(text.string)
    case .number(let number): .number(try Number(Self.decimal(number)))
    case .bytes(let bytes): .binary(bytes)
    case .flag(let flag): .bool(flag)
    case .nothing: .null
    case .list(let values): .list(try values.map { try $0.engine() })
    case .map(let map): .map(try engineMap(map))
    case .texts(let texts): .stringSet(texts.sorted().map(\.string))
    case .numbers(let numbers): .numberSet(try numbers.sorted().map { try Number(Self.decimal($0)) })
    }
  }
}

/// A text that is the same only when its bytes are: Swift's own would take é and e with an accent for one.
struct PlainText: Hashable, Comparable, ExpressibleByStringLiteral {
  let bytes: [UInt8]

  init(_ string: String) { bytes = Array(string.utf8) }
  init(stringLiteral string: String) { self.init(string) }

  var string: String { String(decoding: bytes, as: UTF8.self) }

  static func < (left: Self, right: Self) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
}

typealias ModelItem = [String: ModelValue]

func engineMap(_ map: ModelItem) throws -> AttributeMap {
  AttributeMap(try map.map { AttributeMap.Entry(name: $0.key, value: try $0.value.engine()) })
}

/// Negative, zero, positive; nil when there is no order.
func modelOrder(_ left: ModelValue, _ right: ModelValue) -> Int? {
  switch (left, right) {
  case (.text(let a), .text(let b)): modelOrder(a.bytes, b.bytes)
  case (.number(let a), .number(let b)): a < b ? -1 : (a == b ? 0 : 1)
  case (.bytes(let a), .bytes(let b)): modelOrder(a, b)
  default: nil
  }
}

private func modelOrder(_ left: [UInt8], _ right: [UInt8]) -> Int {
  if left == right { return 0 }
  return left.lexicographicallyPrecedes(right) ? -1 : 1
}
