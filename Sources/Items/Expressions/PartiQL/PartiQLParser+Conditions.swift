internal import DynamoModel

/// Conditions, in order of binding: OR, AND, NOT, then comparisons and functions.
extension PartiQLParser {
  /// Always `.all`, so that the caller sees which parts must hold.
  mutating func anyOf() throws(ExpressionError) -> Condition {
    var parts = [try allOf()]
    while take(word: "OR") {
      try expectRightSide()
      parts.append(try allOf())
    }
    return parts.count == 1 ? parts[0] : .all([.any(parts)])
  }

  private mutating func allOf() throws(ExpressionError) -> Condition {
    var parts: [Condition] = []
    repeat {
      if !parts.isEmpty { try expectRightSide() }
      let part = try negated()
      if case .all(let inner) = part { parts += inner } else { parts.append(part) }
    } while take(word: "AND")
    return .all(parts)
  }

  /// Something must follow an operator.
  private func expectRightSide() throws(ExpressionError) {
    if token.kind == .end { throw plainError("Missing right-hand side expression of infix operator") }
  }

  private mutating func negated() throws(ExpressionError) -> Condition {
    if take(word: "NOT") { return .not(try nested { (parser) throws(ExpressionError) in try parser.negated() }) }
    guard isMark("("), !parenthesisHoldsOperand() else { return try comparison() }
    advance()
    let inner = try nested { (parser) throws(ExpressionError) in try parser.anyOf() }
    try expect(mark: ")")
    return inner
  }

  private mutating func comparison() throws(ExpressionError) -> Condition {
    if case .word(let word) = token.kind, isMark("(", ahead: 1), let condition = try function(word.lowercased()) {
      return try truth(of: condition)
    }
    let start = token.offset
    let left = try operand()
    if take(word: "IS") {
      let isNegated = take(word: "NOT")
      let condition = try kind(left)
      return isNegated ? .not(condition) : condition
    }
    if take(word: "BETWEEN") {
      let low = try operand()
      try expect(word: "AND")
      let high = try operand()
      try checkOrdered("BETWEEN", [left, low, high], at: start)
      return .between(left, low, high)
    }
    let isNegated = isWord("NOT") && isWord("IN", ahead: 1)
    if isNegated { advance() }
    if take(word: "IN") {
      let condition = Condition.isIn(left, try list())
      return isNegated ? .not(condition) : condition
    }
    guard case .mark(let mark) = token.kind, let comparator = Comparator(rawValue: mark == "!=" ? "<>" : mark) else {
      throw unexpected
    }
    advance()
    try expectRightSide()
    let right = try operand()
    if comparator != .equal, comparator != .notEqual { try checkOrdered(comparator.rawValue, [left, right], at: start) }
    return .comparison(comparator, left, right)
  }

  /// A function's answer may be compared with a boolean: `attribute_exists(a) = true`.
  private mutating func truth(of condition: Condition) throws(ExpressionError) -> Condition {
    let isEqual = isMark("=")
    guard isEqual || isMark("<>") || isMark("!=") else { return condition }
    advance()
    guard case .value(.bool(let wanted)) = try operand() else { throw error("Expected TRUE or FALSE") }
    return wanted == isEqual ? condition : .not(condition)
  }

  private func checkOrdered(_ name: String, _ operands: [Operand], at offset: Int) throws(ExpressionError) {
    do throws(ExpressionError) {
      try Resolver.checkOrdered(name, operands, offset)
    } catch {
      throw ExpressionError(error.reason, offset: offset, .ofValues)
    }
  }

  /// What follows IS: MISSING or a type's name.
  private mutating func kind(_ operand: Operand) throws(ExpressionError) -> Condition {
    guard case .path(let path) = operand else { throw error("IS wants a path") }
    if take(word: "MISSING") { return .notExists(path) }
    guard case .word(let word) = token.kind, let types = PartiQLTypes.types(of: word) else {
      throw plainError("Expected type name")
    }
    advance()
    return types.count == 1 ? .hasType(operand, types[0]) : .any(types.map { .hasType(operand, $0) })
  }

  private mutating func list() throws(ExpressionError) -> [Operand] {
    let closing = take(mark: "(") ? ")" : "]"
    if closing == "]" { try expect(mark: "[") }
    var operands = [try operand()]
    while take(mark: ",") { operands.append(try operand()) }
    try expect(mark: closing)
    return operands
  }

  private mutating func function(_ name: String) throws(ExpressionError) -> Condition? {
    guard name != "size" else { return nil }
    guard ["begins_with", "contains", "attribute_type", "attribute_exists", "attribute_not_exists"].contains(name) else {
      throw locatedError("Unrecognized function: \(name)")
    }
    let start = token.offset
    functionsTaken += 1
    advance()
    try expect(mark: "(")
    var operands = [try operand()]
    while take(mark: ",") { operands.append(try operand()) }
    try expect(mark: ")")
    let wanted = name.hasSuffix("exists") ? 1 : 2
    guard operands.count == wanted else { throw Resolver.wrongCount(name, operands.count, start) }
    switch (name, operands[0], operands.last) {
    case ("begins_with", _, let prefix?): return .beginsWith(operands[0], prefix)
    case ("contains", _, let part?): return .contains(operands[0], part)
    case ("attribute_type", _, .value(.string(let type))?): return .hasType(operands[0], type)
    case ("attribute_exists", .path(let path), _): return .exists(path)
    case ("attribute_not_exists", .path(let path), _): return .notExists(path)
    default: throw ExpressionError("Incorrect operand for \(name)", offset: start)
    }
  }

  private mutating func operand() throws(ExpressionError) -> Operand {
    if isWord("SIZE"), isMark("(", ahead: 1) {
      functionsTaken += 1
      advance()
      advance()
      let inner = try nested { (parser) throws(ExpressionError) in try parser.operand() }
      try expect(mark: ")")
      return .size(inner)
    }
    if take(mark: "(") {
      let inner = try nested { (parser) throws(ExpressionError) in try parser.operand() }
      try expect(mark: ")")
      return inner
    }
    return isPath ? .path(try path()) : .value(try value())
  }
}
