internal import Expressions
internal import Pipelines
internal import YAML

/// An input of a projection as it is written, before it is compiled for each source.
struct InputSyntax {
  let name: String
  let expression: ExpressionSyntax
  let node: YAMLNode
  /// The type that it must have; nil takes its own.
  var expected: ValueType?
  /// Whether its values stand in a key or are kept one by one.
  var isKeyed = false

  func isSame(as other: InputSyntax) -> Bool { expression.canonical == other.expression.canonical && expected == other.expected }
}

/// A column as it is written: `count`, `sum(points)`, `last(text by sent)`, `room`.
struct ColumnSyntax {
  let name: String
  let function: AggregateColumn.Function
  let argument: ExpressionSyntax?
  let order: ExpressionSyntax?
  let node: YAMLNode
  let mark: Mark
}

extension CheckedItems {
  /// One key or board column: `room`, `day of commit`, `{ where: lower(room) }`.
  func inputSyntax(_ node: YAMLNode, _ what: String) -> InputSyntax? {
    if let entries = node.mapping {
      guard entries.count == 1, let entry = entries.first else {
        findings.add(node.mark, "\(what) is a field, or one `name: expression`")
        return nil
      }
      findings.check(name: entry.key)
      return inputSyntax(entry.value, name: entry.key.text, what)
    }
    return inputSyntax(node, name: nil, what)
  }

  func inputSyntax(_ node: YAMLNode, name: String?, _ what: String) -> InputSyntax? {
    guard let text = findings.text(node, what) else { return nil }
    return findings.found(node) { () throws(SyntaxFailure) -> InputSyntax? in
      var parser = try ExpressionParser(text, findings)
      let syntax = try parser.expression()
      try parser.expectEnd()
      var own = syntax.simpleName
      if case .call(let function, _, _) = syntax, PeriodsSyntax.words.contains(function) { own = function }
      guard let name = name ?? own else {
        throw SyntaxFailure(offset: syntax.offset, message: "\(what) needs a name here: write `{ name: \(text) }`")
      }
      // Any other name is that of a field, which is checked where it is declared.
      if name == "commit" {
        throw SyntaxFailure(offset: syntax.offset, message: "the column needs a name of its own: write `{ at: commit }`")
      }
      return InputSyntax(name: name, expression: syntax, node: node, expected: nil)
    }
  }

  /// The columns of an aggregate, of a leaderboard or of sessions. A bare field is its last value; in a session that is an item, the item's.
  func columnSyntax(
    _ entries: [YAMLNode.Entry], sessions: Bool, isItem: Bool = false, _ reserved: [String]
  ) -> [ColumnSyntax] {
    var columns: [ColumnSyntax] = []
    for entry in entries {
      findings.check(name: entry.key)
      if reserved.contains(entry.key.text) {
        findings.add(entry.key.mark, "`\(entry.key.text)` is a column of its own here: choose another name")
      }
      guard let text = findings.text(entry.value, "a column") else { continue }
      let made = findings.found(entry.value) { () throws(SyntaxFailure) -> ColumnSyntax? in
        var parser = try ExpressionParser(text, findings)
        let (function, argument, order) = try CheckedItems.column(&parser, sessions: sessions)
        try parser.expectEnd()
        return ColumnSyntax(
          name: entry.key.text, function: function == .current && !isItem ? .last : function, argument: argument, order: order,
          node: entry.value, mark: entry.key.mark)
      }
      if let made { columns.append(made) }
    }
    return columns
  }

  private static func column(
    _ parser: inout ExpressionParser, sessions: Bool
  ) throws(SyntaxFailure) -> (AggregateColumn.Function, ExpressionSyntax?, ExpressionSyntax?) {
    let word = parser.current
    var known = ["count", "sum", "min", "max", "avg", "distinct", "first", "last"]
    if sessions { known.append("duration") }
    guard word.kind == .word else { throw parser.unexpected("a function (\(known.joined(separator: ", ")))") }
    if parser.following.text != "(" {
      if word.text == "count" || (sessions && word.text == "duration") {
        parser.advance()
        return (word.text == "count" ? .count : .duration, nil, nil)
      }
      if sessions, !known.contains(word.text) { return (.current, try parser.expression(), nil) }
      if known.contains(word.text) { throw SyntaxFailure(offset: word.offset, message: "write `\(word.text)(field)`") }
      throw SyntaxFailure(
        offset: word.offset,
        message: "`\(word.text)` is not a function of a column\(Suggestion.text(for: word.text, among: known))")
    }
    guard known.contains(word.text), let function = AggregateColumn.Function(rawValue: word.text) else {
      throw SyntaxFailure(
        offset: word.offset,
        message: "`\(word.text)` is not a function of a column\(Suggestion.text(for: word.text, among: known))")
    }
    parser.advance()
    parser.advance()
    if function == .count { throw SyntaxFailure(offset: word.offset, message: "`count` takes nothing: write `count`") }
    if function == .duration {
      guard parser.take(word: "ms") || parser.take(word: "milliseconds") else { throw parser.unexpected("`ms`") }
      try parser.expect(sign: ")")
      return (.durationMilliseconds, nil, nil)
    }
    let argument = try parser.expression()
    var order: ExpressionSyntax?
    if parser.take(word: "by") {
      guard function == .first || function == .last else {
        throw SyntaxFailure(offset: parser.current.offset, message: "only `first` and `last` go `by` something")
      }
      order = try parser.expression()
    }
    try parser.expect(sign: ")")
    return (function, argument, order)
  }
}
