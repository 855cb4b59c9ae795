/// Conditions: OR binds weakest, then AND, then NOT.
extension Parser {
  /// Operands of IN, by the DynamoDB guide.
  static let inOperandsMax = 100

  mutating func wholeCondition() throws(ExpressionError) -> ConditionSyntax {
    let condition = try or()
    try checkEnd()
    try checkOperators()
    return condition
  }

  private mutating func or() throws(ExpressionError) -> ConditionSyntax {
    var parts = [try and()]
    while acceptKeyword("OR") {
      operators += 1
      parts.append(try and())
    }
    return parts.count == 1 ? parts[0] : .or(parts)
  }

  private mutating func and() throws(ExpressionError) -> ConditionSyntax {
    var parts = [try not()]
    while acceptKeyword("AND") {
      operators += 1
      parts.append(try not())
    }
    return parts.count == 1 ? parts[0] : .and(parts)
  }

  private mutating func not() throws(ExpressionError) -> ConditionSyntax {
    guard acceptKeyword("NOT") else { return try primary() }
    operators += 1
    try enter()
    defer { depth -= 1 }
    return .not(try not())
  }

  private mutating func primary() throws(ExpressionError) -> ConditionSyntax {
    guard isSymbol("("), !parenthesesHoldOperand() else { return try comparison() }
    try enter()
    defer { depth -= 1 }
    let start = offset
    index += 1
    let opensTwice = isSymbol("(")
    let inner = index
    let condition = try or()
    if opensTwice, closing(of: inner) == index - 1 { redundantParentheses = redundantParentheses ?? start }
    try expect(")")
    return condition
  }

  /// The place of the parenthesis that closes the one at `open`; that of the end without one.
  private func closing(of open: Int) -> Int {
    var level = 0
    var place = open
    while place < tokens.count - 1 {
      if isSymbol("(", at: place) { level += 1 }
      if isSymbol(")", at: place) {
        level -= 1
        if level == 0 { return place }
      }
      place += 1
    }
    return tokens.count - 1
  }

  /// Whether the parenthesis here opens an operand, as in `(a) = :b`: decided by what follows its end.
  private func parenthesesHoldOperand() -> Bool {
    let end = closing(of: index)
    guard end + 1 < tokens.count else { return false }
    return comparator(at: end + 1) != nil || isKeyword("BETWEEN", at: end + 1) || isKeyword("IN", at: end + 1)
  }

  private func comparator(at place: Int) -> Comparator? {
    tokens[place].kind == .symbol ? Comparator(rawValue: text(tokens[place])) : nil
  }

  private mutating func comparison() throws(ExpressionError) -> ConditionSyntax {
    let left = try operand()
    let start = offset
    if let comparator = comparator(at: index) {
      index += 1
      operators += 1
      return .comparison(comparator, left, try operand(), offset: start)
    }
    if acceptKeyword("BETWEEN") {
      operators += 1
      let low = try operand()
      guard acceptKeyword("AND") else { throw syntaxError() }
      return .between(left, low, try operand(), offset: start)
    }
    if acceptKeyword("IN") {
      operators += 1
      try expect("(")
      var operands: [OperandSyntax] = []
      repeat { operands.append(try operand()) } while accept(",")
      try expect(")")
      guard operands.count <= Parser.inOperandsMax else {
        throw ExpressionError(
          "The IN operator is provided with too many operands; number of operands: \(operands.count)", offset: start)
      }
      return .isIn(left, operands, offset: start)
    }
    guard case .function(let function) = left else { throw syntaxError() }
    return .function(function)
  }
}
