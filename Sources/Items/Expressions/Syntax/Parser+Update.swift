/// Update expressions: sections, each once, each a list of actions.
extension Parser {
  private typealias Section = UpdateActionSyntax.Section

  /// The actions, and the section that stands twice if one does: DynamoDB reports that after other errors.
  mutating func wholeUpdate() throws(ExpressionError) -> (actions: [UpdateActionSyntax], repeated: (String, offset: Int)?) {
    var actions: [UpdateActionSyntax] = []
    var seen: [Section] = []
    var repeated: (String, offset: Int)?
    repeat {
      guard let section = Section.allCases.first(where: { isKeyword($0.rawValue) }) else { throw syntaxError() }
      if seen.contains(section) { repeated = repeated ?? (section.rawValue, offset) }
      seen.append(section)
      index += 1
      repeat { actions.append(try action(section)) } while accept(",")
    } while token.kind != .end
    try checkOperators()
    return (actions, repeated)
  }

  private mutating func action(_ section: Section) throws(ExpressionError) -> UpdateActionSyntax {
    if Section.allCases.contains(where: { isKeyword($0.rawValue) }) { throw syntaxError() }
    let path = try path()
    switch section {
    case .set:
      try expect("=")
      return UpdateActionSyntax(section: section, path: path, value: try setValue())
    case .remove:
      return UpdateActionSyntax(section: section, path: path, value: nil)
    case .add, .delete:
      guard token.kind == .valuePlaceholder else { throw syntaxError() }
      defer { index += 1 }
      return UpdateActionSyntax(section: section, path: path, value: .placeholder(text(token), offset: offset))
    }
  }

  /// An operand, or the sum or difference of two, perhaps in parentheses.
  private mutating func setValue() throws(ExpressionError) -> OperandSyntax {
    if isSymbol("("), parenthesesHoldSum() {
      index += 1
      let inner = try setValue()
      try expect(")")
      return inner
    }
    let left = try operand()
    for sign: StaticString in ["+", "-"] where isSymbol(sign) {
      let start = offset
      index += 1
      operators += 1
      return .arithmetic("\(sign)", left, try operand(), offset: start)
    }
    return left
  }

  /// Whether the parenthesis here holds all of a SET value, as in `(a + :v)`.
  private func parenthesesHoldSum() -> Bool {
    var level = 0
    var place = index
    while place < tokens.count - 1 {
      if isSymbol("(", at: place) { level += 1 }
      if isSymbol(")", at: place) {
        level -= 1
        if level == 0 { break }
      }
      if level == 1, isSymbol("+", at: place) || isSymbol("-", at: place) { return true }
      place += 1
    }
    return false
  }
}

/// Projections: paths with commas between them.
extension Parser {
  mutating func wholeProjection() throws(ExpressionError) -> [PathSyntax] {
    var paths: [PathSyntax] = []
    repeat { paths.append(try path()) } while accept(",")
    try checkEnd()
    return paths
  }
}
