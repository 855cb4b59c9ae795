internal import Crypto
internal import DynamoModel

/// What a transaction was sent with: an idempotency token that comes again must come with the same.
enum PayloadHash {
  /// SHA-256 of a member of the request as JSON, whatever the order of names and the blanks between them.
  static func sha256(_ body: RequestBody, _ member: StaticString) -> [UInt8] {
    var text: [UInt8] = []
    if let node = body.member(member) { append(body.tape, node, to: &text) }
    return Hashing.sha256(text)
  }

  private static func append(_ tape: JSONTape, _ node: Int, to text: inout [UInt8]) {
    switch tape.kind(node) {
    case .object:
      var members: [(name: String, value: Int)] = []
      tape.forEachMember(node) { members.append((tape.string($0), $1)) }
      text.append(UInt8(ascii: "{"))
      for member in members.sorted(by: { Text.less($0.name, $1.name) }) {
        append(member.name, to: &text)
        append(tape, member.value, to: &text)
      }
      text.append(UInt8(ascii: "}"))
    case .array:
      text.append(UInt8(ascii: "["))
      tape.forEachElement(node) { append(tape, $0, to: &text) }
      text.append(UInt8(ascii: "]"))
    case .string, .escapedString: append(tape.string(node), to: &text)
    case .number, .bool, .null:
      text.append(contentsOf: tape.text(node).utf8)
      text.append(UInt8(ascii: ","))
    }
  }

  /// A string after its length, so that no two texts run into one.
  private static func append(_ string: String, to text: inout [UInt8]) {
    text.append(contentsOf: "\(string.utf8.count):".utf8)
    text.append(contentsOf: string.utf8)
  }
}
