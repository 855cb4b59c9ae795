internal import Expressions
internal import Pipelines
internal import YAML

/// A condition's text with the values of parameters in their places, and where each of its bytes came from.
struct ConditionText {
  private(set) var text = ""
  /// Of each replaced part: where it begins here, how long it is here, and how long it was.
  private var parts: [(start: Int, count: Int, before: Int)] = []

  /// `$name` outside quotes stands for a parameter. O(length).
  init(_ source: String, _ findings: Findings) throws(SyntaxFailure) {
    let bytes = Array(source.utf8)
    var out: [UInt8] = []
    var at = 0
    var quote: UInt8?
    while at < bytes.count {
      let byte = bytes[at]
      if byte == quote {
        quote = nil
      } else if quote == nil, byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
        quote = byte
      } else if quote == nil, byte == UInt8(ascii: "$"), at + 1 < bytes.count, FileParameters.isOfName(bytes[at + 1]) {
        let name = bytes[(at + 1)...].prefix(while: FileParameters.isOfName)
        let parameter = try findings.parameters.use(String(decoding: name, as: UTF8.self), offset: at)
        let literal = try ConditionText.literal(parameter, offset: at)
        parts.append((out.count, literal.utf8.count, name.count + 1))
        out += Array(literal.utf8)
        at += name.count + 1
        continue
      }
      out.append(byte)
      at += 1
    }
    text = String(decoding: out, as: UTF8.self)
  }

  private static func literal(_ parameter: PipelineParameter, offset: Int) throws(SyntaxFailure) -> String {
    switch parameter.kind {
    case .number, .flag: return parameter.value
    case .text: return "'\(parameter.value.replacing("'", with: "''"))'"
    case .span:
      throw SyntaxFailure(
        offset: offset, message: "`$\(parameter.name)` is \(parameter.kind.description), and a condition compares values")
    }
  }

  /// Where a byte of this text stands in what was written.
  func sourceOffset(_ offset: Int) -> Int {
    var moved = 0
    for part in parts where part.start < offset {
      if offset < part.start + part.count { return part.start - moved }
      moved += part.count - part.before
    }
    return offset - moved
  }
}

extension Findings {
  /// A condition with the values of parameters in their places, as a text and read; nil, with a finding, when that cannot be.
  func condition(_ node: YAMLNode) -> (text: String, expression: ConditionExpression)? {
    guard let source = self.text(node, "a condition"),
      let text = found(node, { () throws(SyntaxFailure) in try ConditionText(source, self) })
    else { return nil }
    do throws(ExpressionError) {
      return (text.text, try ConditionExpression(pipeline: text.text))
    } catch {
      add(node, offset: text.sourceOffset(error.offset), "the condition cannot be read: \(error.reason)")
      return nil
    }
  }
}
