internal import DynamoModel

/// A parameter's value as an error quotes it, cut where it gets long.
enum Shown {
  static let bytesMax = 4096

  /// A text; nothing for none.
  static func text(_ text: String?) -> String {
    guard let text else { return "" }
    return text.utf8.count <= bytesMax ? text : String(decoding: text.utf8.prefix(bytesMax), as: UTF8.self) + "..."
  }

  /// As DynamoDB's Java writes lists and maps: `{T=[a, b]}`.
  static func value(_ body: RequestBody, _ member: StaticString) -> String {
    var out = ""
    if let node = body.member(member) { append(body.tape, node, to: &out) }
    return text(out)
  }

  private static func append(_ tape: JSONTape, _ node: Int, to out: inout String) {
    switch tape.kind(node) {
    case .object:
      var separator = "{"
      tape.forEachMember(node) { name, value in
        guard out.utf8.count <= bytesMax else { return }
        out += "\(separator)\(tape.string(name))="
        append(tape, value, to: &out)
        separator = ", "
      }
      out += separator == "{" ? "{}" : "}"
    case .array:
      var separator = "["
      tape.forEachElement(node) { element in
        guard out.utf8.count <= bytesMax else { return }
        out += separator
        append(tape, element, to: &out)
        separator = ", "
      }
      out += separator == "[" ? "[]" : "]"
    case .string, .escapedString: out += tape.string(node)
    case .number, .bool, .null: out += tape.text(node)
    }
  }
}
