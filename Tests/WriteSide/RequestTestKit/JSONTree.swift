internal import DynamoModel

/// JSON as a tree that a mutation can change anywhere, also into what is not JSON.
package indirect enum JSONTree: Sendable {
  case object([(name: String, value: JSONTree)])
  case array([JSONTree])
  case string(String)
  /// A string's text between its quotes, taken as it is: escapes that no writer makes.
  case escaped(String)
  case number(String)
  case word(String)

  /// Reads a text that is known to be JSON.
  package init(_ text: String) {
    do throws(JSONError) {
      let tape = try JSONTape(Array(text.utf8))
      self.init(tape, tape.root)
    } catch {
      preconditionFailure("a template is not JSON: \(error) in \(text)")
    }
  }

  private init(_ tape: JSONTape, _ node: Int) {
    switch tape.kind(node) {
    case .object:
      var members: [(name: String, value: JSONTree)] = []
      tape.forEachMember(node) { members.append((tape.string($0), JSONTree(tape, $1))) }
      self = .object(members)
    case .array:
      var elements: [JSONTree] = []
      tape.forEachElement(node) { elements.append(JSONTree(tape, $0)) }
      self = .array(elements)
    case .string, .escapedString: self = .string(tape.string(node))
    case .number: self = .number(tape.text(node))
    case .bool, .null: self = .word(tape.text(node))
    }
  }

  package var bytes: [UInt8] {
    var out: [UInt8] = []
    write(to: &out)
    return out
  }

  private func write(to out: inout [UInt8]) {
    switch self {
    case .object(let members):
      out.append(UInt8(ascii: "{"))
      for (place, member) in members.enumerated() {
        if place > 0 { out.append(UInt8(ascii: ",")) }
        JSONTree.write(member.name, to: &out)
        out.append(UInt8(ascii: ":"))
        member.value.write(to: &out)
      }
      out.append(UInt8(ascii: "}"))
    case .array(let elements):
      out.append(UInt8(ascii: "["))
      for (place, element) in elements.enumerated() {
        if place > 0 { out.append(UInt8(ascii: ",")) }
        element.write(to: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .string(let text): JSONTree.write(text, to: &out)
    case .escaped(let text): out += Array("\"\(text)\"".utf8)
    case .number(let text), .word(let text): out += Array(text.utf8)
    }
  }

  private static func write(_ text: String, to out: inout [UInt8]) {
    var text = text
    let isPlain = text.withUTF8 { utf8 in !utf8.contains { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") } }
    guard isPlain else {
      var writer = JSONWriter()
      writer.string(text)
      out += writer.bytes
      return
    }
    out.append(UInt8(ascii: "\""))
    text.withUTF8 { out.append(contentsOf: $0) }
    out.append(UInt8(ascii: "\""))
  }

  /// Nodes of the tree, this one among them.
  package var count: Int {
    switch self {
    case .object(let members): members.reduce(1) { $0 + $1.value.count }
    case .array(let elements): elements.reduce(1) { $0 + $1.count }
    default: 1
    }
  }

  /// The tree with the node of this number, in the order of the text, made another; 0 is the tree itself.
  package func replacing(_ number: Int, _ change: (JSONTree) -> JSONTree) -> JSONTree {
    var left = number
    return replacing(&left, change)
  }

  /// `left` counts down to the node, and is negative after it.
  private func replacing(_ left: inout Int, _ change: (JSONTree) -> JSONTree) -> JSONTree {
    if left == 0 {
      left = -1
      return change(self)
    }
    left -= 1
    switch self {
    case .object(var members):
      for place in members.indices where left >= 0 { members[place].value = members[place].value.replacing(&left, change) }
      return .object(members)
    case .array(var elements):
      for place in elements.indices where left >= 0 { elements[place] = elements[place].replacing(&left, change) }
      return .array(elements)
    default: return self
    }
  }

  package func node(_ number: Int) -> JSONTree {
    var found = self
    _ = replacing(number) { node in
      found = node
      return node
    }
    return found
  }
}
