internal import DynamoModel
internal import Expressions
internal import Pipelines
internal import YAML

/// What sets an effect off, as it is written.
enum EffectTriggerSyntax {
  case change(TriggerSyntax)
  case session(ProjectionID, [SessionEnd])
  case boardClosed(ProjectionID)
  case conditionTurned(ProjectionID, RowCondition)
}

/// The values that a transition gives to what its effect does: of a change what can be said of the item, of a session the columns of its row, of a board
/// its own columns and `closed_at`. Gathers those that are used, in the order of their use; a value is then known by its index.
struct TransitionValues {
  let projections: CheckedProjections
  let trigger: EffectTriggerSyntax
  /// Of a change: what its source computes.
  private(set) var inputs: [InputSyntax] = []

  init(_ projections: CheckedProjections, _ trigger: EffectTriggerSyntax) {
    self.projections = projections
    self.trigger = trigger
  }

  private var findings: Findings { projections.findings }

  /// The column of a board beside those of its key.
  static let closedAt = "closed_at"

  /// The index of a value, by an expression of a node's text.
  mutating func input(_ syntax: ExpressionSyntax, in node: YAMLNode) throws(SyntaxFailure) -> Int {
    switch trigger {
    case .change:
      if let known = inputs.firstIndex(where: { $0.name == syntax.canonical }) { return known }
      inputs.append(InputSyntax(name: syntax.canonical, expression: syntax, node: node, expected: nil))
      return inputs.count - 1
    case .session(let id, _):
      guard let table = projections[id]?.table else { return 0 }
      return try column(syntax, table.columns.map(\.name), of: "the sessions of `\(table.name)`")
    case .conditionTurned(let id, _):
      guard let table = projections[id]?.table else { return 0 }
      return try column(syntax, table.columns.map(\.name), of: "the rows of `\(table.name)`")
    case .boardClosed(let id):
      guard let projection = projections[id], case .leaderboard(let board) = projection.kind else { return 0 }
      let names = projection.table.columns[..<board.boardCount].map(\.name) + [TransitionValues.closedAt]
      return try column(syntax, names, of: "the boards of `\(projection.name)`")
    }
  }

  private func column(_ syntax: ExpressionSyntax, _ names: [String], of what: String) throws(SyntaxFailure) -> Int {
    guard let name = syntax.simpleName else {
      throw SyntaxFailure(offset: syntax.offset, message: "of \(what) only columns can be named here")
    }
    let shown = names.filter { !$0.hasPrefix("_") }
    guard shown.contains(name), let column = names.firstIndex(of: name) else {
      throw SyntaxFailure(
        offset: syntax.offset, message: "\(what) have no column `\(name)`\(Suggestion.text(for: name, among: shown))")
    }
    return column
  }

  /// The trigger with what is used of it compiled; nil when that cannot be.
  func compiled() -> Effect.Trigger? {
    switch trigger {
    case .change(let syntax): projections.items.sources([syntax], inputs: inputs)?.first.map { .change($0) }
    case .session(let id, let ends): .session(projection: id, ends: ends)
    case .boardClosed(let id): .boardClosed(projection: id)
    case .conditionTurned(let id, let condition): .conditionTurned(projection: id, condition)
    }
  }

  /// The type of a value, once the trigger is compiled.
  func type(of input: Int, _ trigger: Effect.Trigger) -> ValueType? {
    switch trigger {
    case .change(let source): return source.inputs[input].type
    case .session(let id, _), .conditionTurned(let id, _): return projections[id]?.table.columns[input].type
    case .boardClosed(let id):
      guard let projection = projections[id], case .leaderboard(let board) = projection.kind else { return nil }
      return input == board.boardCount ? .timestamp : projection.table.columns[input].type
    }
  }

  // MARK: Values and texts as they are written

  /// A value: an expression, a text in quotes with values in it, a list or an object of values.
  mutating func value(_ node: YAMLNode) -> ValueTemplate? {
    switch node.content {
    case .scalar(let scalar):
      if scalar.isQuoted { return text(node).map { $0.literal.map { .literal(.string($0)) } ?? .text($0) } }
      if node.isNull { return .literal(.null) }
      return expression(node)
    case .sequence(let nodes):
      var elements: [ValueTemplate] = []
      for node in nodes { if let element = value(node) { elements.append(element) } }
      return elements.count == nodes.count ? .list(elements) : nil
    case .mapping(let entries):
      return members(entries).map { .object($0) }
    }
  }

  /// The members of an object, or the attributes of an item; nil when one of them cannot be read.
  mutating func members(_ entries: [YAMLNode.Entry]) -> [ActionTemplate.Member]? {
    var members: [ActionTemplate.Member] = []
    for entry in entries {
      if entry.key.text.isEmpty { findings.add(entry.key.mark, "a name cannot be empty") }
      if let member = value(entry.value) { members.append((entry.key.text, member)) }
    }
    return members.count == entries.count ? members : nil
  }

  private mutating func expression(_ node: YAMLNode) -> ValueTemplate? {
    guard let text = findings.text(node, "a value") else { return nil }
    do throws(SyntaxFailure) {
      var parser = try ExpressionParser(text, findings)
      let syntax = try parser.expression()
      try parser.expectEnd()
      switch syntax {
      case .text(let text, _): return .literal(.string(text))
      case .number(let number, _): return .literal(number.int64.map { .integer($0) } ?? .decimal(number))
      case .flag(let flag, _): return .literal(.boolean(flag))
      default: return .input(try input(syntax, in: node))
      }
    } catch {
      findings.add(node, error.hinting(at: text))
      return nil
    }
  }

  /// A text, quoted or not, in which `{...}` is a value; or the text of a parameter, as it is.
  mutating func text(_ node: YAMLNode) -> TextTemplate? {
    guard let source = node.scalar?.text, node.isNull == false || node.scalar?.isQuoted == true else {
      findings.add(node.mark, "a text is wanted here, and this is \(node.isNull ? "empty" : node.kind)")
      return nil
    }
    if node.scalar?.isQuoted == false, FileParameters.name(source) != nil {
      return findings.resolved(source, node, "a text", among: [.text]).map { TextTemplate([.text($0)]) }
    }
    do throws(SyntaxFailure) {
      var parts: [TextTemplate.Part] = []
      for piece in try TextPieces.split(source) {
        switch piece {
        case .text(let text): parts.append(.text(text))
        case .value(let expression, let offset):
          let inner = node.part(expression, at: offset)
          guard let input = place(inner, expression) else { return nil }
          parts.append(.input(input))
        }
      }
      return TextTemplate(parts)
    } catch {
      findings.add(node, error)
      return nil
    }
  }

  private mutating func place(_ node: YAMLNode, _ expression: String) -> Int? {
    do throws(SyntaxFailure) {
      var parser = try ExpressionParser(expression, findings)
      let syntax = try parser.expression()
      try parser.expectEnd()
      return try input(syntax, in: node)
    } catch {
      findings.add(node, error)
      return nil
    }
  }
}

/// A text taken apart: what stands for itself, and the expressions in braces. `\` before one of `{}\` takes its meaning away.
enum TextPieces: Equatable {
  case text(String)
  /// With the byte at which the expression begins.
  case value(String, offset: Int)

  static func split(_ source: String) throws(SyntaxFailure) -> [TextPieces] {
    let bytes = Array(source.utf8)
    var pieces: [TextPieces] = []
    var text: [UInt8] = []
    var at = 0
    func isBrace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}") }
    while at < bytes.count {
      let byte = bytes[at]
      if byte == UInt8(ascii: "\\"), at + 1 < bytes.count, isBrace(bytes[at + 1]) || bytes[at + 1] == byte {
        text.append(bytes[at + 1])
        at += 2
      } else if byte == UInt8(ascii: "}") {
        throw SyntaxFailure(offset: at, message: "this `}` closes nothing: write `\\}` for the character")
      } else if byte == UInt8(ascii: "{") {
        let start = at + 1
        var quote: UInt8?
        at = start
        while at < bytes.count, quote != nil || bytes[at] != UInt8(ascii: "}") {
          if bytes[at] == quote {
            quote = nil
          } else if quote == nil,
            bytes[at] == UInt8(ascii: "'") || bytes[at] == UInt8(ascii: "\"") || bytes[at] == UInt8(ascii: "`")
          {
            quote = bytes[at]
          }
          at += 1
        }
        guard at < bytes.count else {
          throw SyntaxFailure(offset: start - 1, message: "this `{` is not closed: write `\\{` for the character")
        }
        if !text.isEmpty { pieces.append(.text(String(decoding: text, as: UTF8.self))) }
        text = []
        pieces.append(.value(String(decoding: bytes[start..<at], as: UTF8.self), offset: start))
        at += 1
      } else {
        text.append(byte)
        at += 1
      }
    }
    if !text.isEmpty || pieces.isEmpty { pieces.append(.text(String(decoding: text, as: UTF8.self))) }
    return pieces
  }
}

extension TextTemplate {
  /// The text when it holds no value.
  var literal: String? {
    var all = ""
    for part in parts {
      guard case .text(let text) = part else { return nil }
      all += text
    }
    return all
  }
}

extension SyntaxFailure {
  /// What most likely was meant as a text says so.
  fileprivate func hinting(at text: String) -> SyntaxFailure {
    text.utf8.contains(UInt8(ascii: " ")) || text.utf8.contains(UInt8(ascii: "/"))
      ? SyntaxFailure(offset: offset, message: "\(message); a text is written in quotes") : self
  }
}

extension YAMLNode {
  /// A part of a scalar's text as a node of its own, for the place of what is wrong in it.
  fileprivate func part(_ text: String, at offset: Int) -> YAMLNode {
    guard let scalar, !scalar.text.contains("\n") else { return YAMLNode(.scalar(Scalar(text: text, isQuoted: false)), at: mark) }
    let before = String(decoding: Array(scalar.text.utf8).prefix(offset), as: UTF8.self).unicodeScalars.count
    let mark = Mark(line: mark.line, column: mark.column + before + (scalar.isQuoted ? 1 : 0))
    return YAMLNode(.scalar(Scalar(text: text, isQuoted: false)), at: mark)
  }
}
