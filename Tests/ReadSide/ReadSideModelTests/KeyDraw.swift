import DynamoModel

/// Draws what the keys of the two tables are, for a pipeline file and for its history: texts, numbers and binaries in any role.
struct KeyDraw {
  /// What tells the plays of `Tab` from its chats.
  enum Sign {
    case partition, sort, attribute
  }

  let partition: KeyType
  let sort: KeyType
  /// Of `Box`, which has no sort key.
  let box: KeyType
  let sign: Sign
  /// How a number that is a whole key is captured.
  private let numberType: String
  /// How the rest of a number is captured after its first digit.
  private let restType: String

  init(seed: UInt64) {
    var draw = Draw(seed: seed ^ 0x6b65_7973)
    let isPlain = draw.chance(2)
    let types: [KeyType] = [.string, .number, .binary]
    partition = isPlain ? .string : draw.pick(types)
    sort = isPlain ? .string : draw.pick(types)
    box = isPlain ? .string : draw.pick(types)
    // Binaries can only be captured whole.
    if partition != .binary, isPlain || sort == .binary || draw.chance(2) {
      sign = .partition
    } else {
      sign = sort == .binary ? .attribute : .sort
    }
    numberType = draw.pick(["string", "string", "integer", "decimal", "decimal"])
    restType = draw.pick(["string", "string", "string", "integer"])
  }

  /// The form of a key attribute, and the type of what it captures. `mark` is what it begins with where that tells the kinds of items apart.
  func form(_ name: String, _ type: KeyType, mark: (text: String, digit: String)?) -> (text: String, type: String) {
    switch type {
    case .string: ("\(mark?.text ?? ""){\(name)}", "string")
    case .number:
      mark.map { ("\($0.digit){\(name):\(restType)}", restType) } ?? ("{\(name):\(numberType)}", numberType)
    case .binary: ("{\(name):bytes}", "bytes")
    }
  }

  /// `string`, `number` or `bytes`, as the file says.
  static func word(_ type: KeyType) -> String {
    switch type {
    case .string: "string"
    case .number: "number"
    case .binary: "bytes"
    }
  }

  // MARK: Values

  private static let plays = ["P:a", "P:a", "P:a", "P:a", "P:b", "P:b", "P:\u{0}"]
  private static let chats = ["C:a", "C:a", "C:a", "C:a", "C:r1", "C:r1", "C:a\u{0}"]

  /// A key of `Tab`: of a play or of a chat.
  func tab(_ isPlay: Bool, _ draw: inout Draw) -> Item {
    let isBig = draw.chance(40)
    let isStray = draw.chance(20)
    let mark = isPlay ? "P:" : "C:"
    let part: AttributeValue
    switch partition {
    case .string:
      let isHuge = isBig || draw.chance(40)
      part = .string(
        isHuge
          ? mark + String(repeating: "p", count: draw.pick([1_024, 1_025, 2_046, 2_046]))
          : isStray ? "Q" : isPlay ? draw.pick(Self.plays) : draw.pick(Self.chats))
    case .number: part = number(isPlay, isStray, &draw)
    case .binary: part = binary(isPlay, isBig ? 2_048 : nil, &draw)
    }
    let second: AttributeValue
    switch sort {
    case .string:
      let start = sign == .sort && !draw.chance(20) ? mark : ""
      second = .string(
        start + (isBig ? String(repeating: "s", count: 1_024 - start.utf8.count) : draw.pick(["1", "2", "1", "2", "3", "\u{0}"])))
    case .number: second = number(isPlay, isStray, &draw)
    case .binary: second = binary(isPlay, isBig ? 1_024 : nil, &draw)
    }
    return ["PK": part, "SK": second]
  }

  func box(_ draw: inout Draw) -> Item {
    let isBig = draw.chance(40)
    switch box {
    case .string:
      return ["PK": .string(isBig ? String(repeating: "k", count: 2_048) : draw.pick(["x", "y", "P:a", "z\u{301}"]))]
    case .number: return ["PK": number(draw.chance(2), false, &draw)]
    case .binary: return ["PK": binary(draw.chance(2), isBig ? 2_048 : nil, &draw)]
    }
  }

  /// Those of plays begin with 1, those of chats with 2; some are one number in two texts.
  private func number(_ isPlay: Bool, _ isStray: Bool, _ draw: inout Draw) -> AttributeValue {
    let text =
      isStray
      ? draw.pick(["0", "-1", "-1.5", "1", "2", "1E-130", "9.9E125", "-9.9E125"])
      : isPlay
        ? draw.pick(["11", "11.0", "11", "12", "1.1E1", "1.5", "1E2", "19223372036854775808"])
        : draw.pick(["21", "21", "2.1E1", "22", "2.5", "2E20", "21000000000000000000000000000000000001"])
    guard let number = try? Number(text) else { preconditionFailure("\(text) is a number") }
    return .number(number)
  }

  private func binary(_ isPlay: Bool, _ size: Int?, _ draw: inout Draw) -> AttributeValue {
    if let size { return .binary([UInt8](repeating: isPlay ? 1 : 2, count: size)) }
    return .binary(draw.pick(isPlay ? [[1], [1], [1, 0], [0]] : [[2], [2], [255, 254], [0, 0]]))
  }
}
