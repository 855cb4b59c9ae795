internal import DynamoModel

/// Values: literals, parameters, and the right side of SET.
extension PartiQLParser {
  /// Whether a path begins here, rather than a literal.
  var isPath: Bool {
    switch token.kind {
    case .quoted: true
    case .word(let word): !["TRUE", "FALSE", "NULL"].contains(word.uppercased())
    default: false
    }
  }

  /// An item is itself no level of its values.
  mutating func value(isItem: Bool = false) throws(ExpressionError) -> AttributeValue {
    try value(depth: isItem ? -1 : 0)
  }

  /// `depth`: of the lists and maps that it stands in.
  private mutating func value(depth: Int) throws(ExpressionError) -> AttributeValue {
    guard depth < AttributeValue.depthMax else {
      throw ExpressionError(DynamoError.nestingTooDeep.message, offset: token.offset)
    }
    switch token.kind {
    case .mark("["):
      advance()
      return .list(
        try values(until: "]") { (parser) throws(ExpressionError) in try parser.value(depth: depth + 1) })
    case .mark("<<"):
      let start = token.offset
      advance()
      return try set(try values(until: ">>") { (parser) throws(ExpressionError) in try parser.scalar() }, start)
    case .mark("{"): return .map(try map(depth: depth + 1))
    default: return try scalar()
    }
  }

  /// A literal that is neither list, map nor set, or a parameter.
  private mutating func scalar() throws(ExpressionError) -> AttributeValue {
    switch token.kind {
    case .parameter: return try parameter()
    case .text(let text):
      advance()
      return .string(text)
    case .number(let text):
      advance()
      return .number(try number(text))
    case .mark("-"), .mark("+"):
      let sign = isMark("-") ? "-" : ""
      advance()
      guard case .number(let text) = token.kind else { throw unexpected }
      advance()
      return .number(try number(sign + text))
    default: break
    }
    if take(word: "TRUE") { return .bool(true) }
    if take(word: "FALSE") { return .bool(false) }
    if take(word: "NULL") { return .null }
    throw unexpected
  }

  private func number(_ text: String) throws(ExpressionError) -> Number {
    do throws(NumberError) {
      return try Number(text)
    } catch {
      throw ExpressionError("\(error.message) under root", offset: token.offset, .alone)
    }
  }

  private mutating func values(
    until mark: String, _ element: (inout PartiQLParser) throws(ExpressionError) -> AttributeValue
  ) throws(ExpressionError) -> [AttributeValue] {
    if take(mark: mark) { return [] }
    var values = [try element(&self)]
    while take(mark: ",") { values.append(try element(&self)) }
    try expect(mark: mark)
    return values
  }

  private mutating func map(depth: Int) throws(ExpressionError) -> AttributeMap {
    try expect(mark: "{")
    var map = AttributeMap()
    if take(mark: "}") { return map }
    repeat {
      let key: String
      switch token.kind {
      case .text(let text), .quoted(let text), .word(let text): key = text
      default: throw unexpected
      }
      advance()
      try expect(mark: ":")
      guard map[key] == nil else { throw error("The name \(key) stands twice in one map") }
      map[key] = try value(depth: depth)
    } while take(mark: ",")
    try expect(mark: "}")
    return map
  }

  /// A set of strings, numbers or bytes, sorted as the data model keeps it.
  private func set(_ values: [AttributeValue], _ offset: Int) throws(ExpressionError) -> AttributeValue {
    var texts: [String] = []
    var numbers: [Number] = []
    var blobs: [[UInt8]] = []
    for value in values {
      switch value {
      case .string(let text): texts.append(text)
      case .number(let number): numbers.append(number)
      case .binary(let bytes): blobs.append(bytes)
      default: throw ExpressionError("A set may not hold a value of type \(value.typeName)", offset: offset)
      }
    }
    let sorted: AttributeValue
    switch (texts.isEmpty, numbers.isEmpty, blobs.isEmpty) {
    case (false, true, true): sorted = .stringSet(texts.sorted(by: Text.less))
    case (true, false, true): sorted = .numberSet(numbers.sorted())
    case (true, true, false): sorted = .binarySet(blobs.sorted(by: Bytes.less))
    case (true, true, true): throw ExpressionError("Empty bags are not supported", offset: offset, .alone)
    default: throw ExpressionError("A set holds values of one type", offset: offset)
    }
    for place in values.indices.dropFirst() where values[..<place].contains(values[place]) {
      throw ExpressionError("A set may not hold a value twice", offset: offset)
    }
    return sorted
  }

  // MARK: SET

  mutating func assignment(_ path: DocumentPath) throws(ExpressionError) -> UpdateAction {
    if case .word(let word) = token.kind, isMark("(", ahead: 1), ["set_add", "set_delete"].contains(word.lowercased()) {
      let (name, start) = (word.uppercased(), self)
      advance()
      advance()
      let target = try self.path()
      guard take(mark: ",") else { throw start.locatedError("\(name) must have exactly two arguments") }
      let operand = try value()
      guard take(mark: ")") else { throw start.locatedError("\(name) must have exactly two arguments") }
      guard target == path else {
        throw start.locatedError("The first argument to \(name) must equal the assignment value")
      }
      return UpdateAction(path: path, change: word.lowercased() == "set_add" ? .add(operand) : .delete(operand))
    }
    return UpdateAction(path: path, change: .set(try updateValue()))
  }

  private mutating func updateValue() throws(ExpressionError) -> UpdateValue {
    var left = try updateOperand()
    var operators = 0
    while isMark("+") || isMark("-") {
      operators += 1
      guard operators <= Parser.depthMax else { throw error("A value has more than \(Parser.depthMax) operators") }
      let adds = take(mark: "+")
      if !adds { advance() }
      let right = try updateOperand()
      left = adds ? .sum(left, right) : .difference(left, right)
    }
    return left
  }

  private mutating func updateOperand() throws(ExpressionError) -> UpdateValue {
    if case .word(let word) = token.kind, isMark("(", ahead: 1) {
      let start = token.offset
      let name = word.lowercased()
      guard name == "list_append" || name == "if_not_exists" else { throw errorAlone("Unsupported operation: \(word)") }
      advance()
      advance()
      let first = try nested { (parser) throws(ExpressionError) in try parser.updateOperand() }
      try expect(mark: ",")
      let second = try nested { (parser) throws(ExpressionError) in try parser.updateOperand() }
      try expect(mark: ")")
      if name == "list_append" { return .append(first, second) }
      guard case .path(let path) = first else { throw ExpressionError("if_not_exists wants a path", offset: start) }
      return .ifNotExists(path, second)
    }
    return isPath ? .path(try path()) : .value(try value())
  }
}
