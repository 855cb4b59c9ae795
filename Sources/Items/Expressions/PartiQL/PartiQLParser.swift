internal import DynamoModel

/// Reads the statements that DynamoDB has of PartiQL: SELECT, INSERT, UPDATE, DELETE and EXISTS.
struct PartiQLParser {
  static func wrongParameterCount(at offset: Int) -> ExpressionError {
    ExpressionError("Number of parameters in request and statement don't match.", offset: offset, .ofValues)
  }

  private let tokens: [PartiQLToken]
  private let parameters: [AttributeValue]
  private var place = 0
  private var parametersTaken = 0
  private var depth = 0
  /// Functions of conditions so far.
  var functionsTaken = 0

  init(_ tokens: [PartiQLToken], _ parameters: [AttributeValue]) {
    self.tokens = tokens
    self.parameters = parameters
  }

  var takesAllParameters: Bool { parametersTaken == parameters.count }

  // MARK: Tokens

  var token: PartiQLToken { tokens[place] }

  mutating func advance() { if place < tokens.count - 1 { place += 1 } }

  func error(_ reason: String) -> ExpressionError { ExpressionError("\(reason) at byte \(token.offset)", offset: token.offset) }

  /// An error in DynamoDB's own words, which do not say where it is.
  func plainError(_ reason: String) -> ExpressionError { ExpressionError(reason, offset: token.offset) }

  /// An error in DynamoDB's own words about the word or the mark ahead.
  func locatedError(_ reason: String) -> ExpressionError {
    ExpressionError(reason, offset: token.offset, .located(length: token.text.utf8.count))
  }

  /// What DynamoDB says where something else was to come.
  var unexpected: ExpressionError {
    if case .word(let word) = token.kind, PartiQLParser.keywords.contains(word.uppercased()) {
      return plainError("Unexpected keyword")
    }
    return plainError("Unexpected term")
  }

  private var noManipulation: ExpressionError { plainError("Expected data manipulation") }

  func isWord(_ word: StaticString, ahead: Int = 0) -> Bool {
    guard place + ahead < tokens.count, case .word(let found) = tokens[place + ahead].kind else { return false }
    return found.uppercased() == "\(word)"
  }

  mutating func take(word: StaticString) -> Bool {
    guard isWord(word) else { return false }
    advance()
    return true
  }

  mutating func expect(word: StaticString) throws(ExpressionError) {
    guard take(word: word) else { throw unexpected }
  }

  func isMark(_ mark: String, ahead: Int = 0) -> Bool {
    place + ahead < tokens.count && tokens[place + ahead].kind == .mark(mark)
  }

  mutating func take(mark: String) -> Bool {
    guard isMark(mark) else { return false }
    advance()
    return true
  }

  mutating func expect(mark: String) throws(ExpressionError) {
    guard take(mark: mark) else { throw unexpected }
  }

  /// Calls `body` one level further down: bounds the recursion, also of whatever walks over the result.
  mutating func nested<Value>(
    max: Int = Parser.depthMax, _ body: (inout PartiQLParser) throws(ExpressionError) -> Value
  ) throws(ExpressionError) -> Value {
    guard depth < max else { throw error("The statement is nested deeper than \(max) levels") }
    depth += 1
    let value = try body(&self)
    depth -= 1
    return value
  }

  /// Whether the parenthesis ahead holds an operand and not a condition: decided by what follows the one that closes it.
  func parenthesisHoldsOperand() -> Bool {
    var open = 0
    for at in place..<tokens.count {
      guard case .mark(let mark) = tokens[at].kind else { continue }
      if mark == "(" { open += 1 }
      if mark == ")" { open -= 1 }
      if open == 0 {
        let ahead = at + 1 - place
        if ["=", "<>", "!=", "<", "<=", ">", ">="].contains(where: { isMark($0, ahead: ahead) }) { return true }
        return isWord("BETWEEN", ahead: ahead) || isWord("IN", ahead: ahead) || isWord("IS", ahead: ahead)
          || (isWord("NOT", ahead: ahead) && isWord("IN", ahead: ahead + 1))
      }
    }
    return false
  }

  mutating func parameter() throws(ExpressionError) -> AttributeValue {
    guard parametersTaken < parameters.count else {
      throw PartiQLParser.wrongParameterCount(at: token.offset)
    }
    advance()
    parametersTaken += 1
    return parameters[parametersTaken - 1]
  }

  // MARK: Statements

  mutating func statement() throws(ExpressionError) -> PartiQLStatement {
    let statement: PartiQLStatement
    if take(word: "SELECT") {
      let (table, select) = try select()
      statement = PartiQLStatement(table: table, kind: .select(select))
    } else if take(word: "EXISTS") {
      try expect(mark: "(")
      try expect(word: "SELECT")
      let (table, select) = try select()
      try expect(mark: ")")
      statement = PartiQLStatement(table: table, kind: .exists(select))
    } else if take(word: "INSERT") {
      statement = try insert()
    } else if take(word: "FROM") {
      statement = try updateFrom()
    } else if take(word: "UPDATE") {
      statement = try update()
    } else if take(word: "DELETE") {
      statement = try delete()
    } else {
      throw noManipulation
    }
    let isEnded = take(mark: ";")
    guard token.kind == .end else {
      throw plainError(
        isEnded
          ? "Unexpected token after semicolon. (Only one query is allowed.)" : "Unexpected token after expression")
    }
    return statement
  }

  private mutating func select() throws(ExpressionError) -> (String, PartiQLSelect) {
    var paths: [DocumentPath]?
    if !take(mark: "*") {
      var given: [DocumentPath] = []
      repeat {
        if case .word = token.kind, isMark("(", ahead: 1) { throw locatedError("Unexpected path component") }
        given.append(try path())
      } while take(mark: ",")
      paths = given
    }
    try expect(word: "FROM")
    let (table, index) = try source()
    switch token.kind {
    case .quoted: throw errorAlone("Aliasing is not supported")
    case .word(let word) where !PartiQLParser.keywords.contains(word.uppercased()):
      guard PartiQLParser.clauses.contains(word.uppercased()) else { throw errorAlone("Aliasing is not supported") }
    default: break
    }
    let condition = try condition()
    var order: [(attribute: String, isDescending: Bool)] = []
    if take(word: "ORDER") {
      try expect(word: "BY")
      repeat {
        let attribute = try name()
        let descends = take(word: "DESC")
        if !descends { _ = take(word: "ASC") }
        order.append((attribute, descends))
      } while take(mark: ",")
    }
    return (table, PartiQLSelect(index: index, paths: paths, condition: condition, order: order))
  }

  private mutating func insert() throws(ExpressionError) -> PartiQLStatement {
    try expect(word: "INTO")
    let (table, index) = try source()
    if index != nil {
      throw errorAlone("FROM clause may only contain a single table name in data manipulation statements")
    }
    try expect(word: "VALUE")
    let start = token
    guard case .map(let item) = try value(isItem: true) else {
      throw ExpressionError("Expected a map at byte \(start.offset)", offset: start.offset)
    }
    return PartiQLStatement(table: table, kind: .insert(item))
  }

  private mutating func update() throws(ExpressionError) -> PartiQLStatement {
    let table = try changedTable()
    let actions = try actions()
    let condition = try condition()
    return PartiQLStatement(table: table, kind: .update(UpdateExpression(actions), condition, try returning()))
  }

  /// The other order of the same: `FROM table WHERE condition SET changes`.
  private mutating func updateFrom() throws(ExpressionError) -> PartiQLStatement {
    let table = try changedTable()
    let condition = try condition()
    let actions = try actions()
    return PartiQLStatement(table: table, kind: .update(UpdateExpression(actions), condition, try returning()))
  }

  private mutating func actions() throws(ExpressionError) -> [UpdateAction] {
    var actions: [UpdateAction] = []
    while isWord("SET") || isWord("REMOVE") {
      let removes = isWord("REMOVE")
      advance()
      repeat {
        let path = try path()
        if removes {
          actions.append(UpdateAction(path: path, change: .remove))
        } else {
          try expect(mark: "=")
          actions.append(try assignment(path))
        }
      } while take(mark: ",")
    }
    guard !actions.isEmpty else { throw noManipulation }
    try PathOverlap.check(actions.map(\.path))
    for action in actions { try action.checkOperands() }
    return actions
  }

  private mutating func delete() throws(ExpressionError) -> PartiQLStatement {
    try expect(word: "FROM")
    let table = try changedTable()
    let condition = try condition()
    let returning = try returning()
    if let returning, returning != .allOld {
      throw errorAlone(
        "Invalid returning clause: RETURNING \(returning.text). Only RETURNING ALL OLD * is allowed in DELETE statements.")
    }
    return PartiQLStatement(table: table, kind: .delete(condition, returning))
  }

  private mutating func condition() throws(ExpressionError) -> PartiQLWhere {
    guard take(word: "WHERE") else { return PartiQLWhere(parts: [], hasFunctions: false) }
    let functionsBefore = functionsTaken
    if case .all(let parts) = try anyOf() { return PartiQLWhere(parts: parts, hasFunctions: functionsTaken > functionsBefore) }
    throw unexpected
  }

  private mutating func returning() throws(ExpressionError) -> PartiQLReturning? {
    guard take(word: "RETURNING") else { return nil }
    let given = tokens[place...].lazy.map(\.text).prefix { $0 != ";" && $0 != "" }.joined(separator: " ")
    let invalid = errorAlone("Invalid returning clause: RETURNING \(given) is not supported")
    let isAll = take(word: "ALL")
    guard isAll || take(word: "MODIFIED") else { throw invalid }
    let isNew = take(word: "NEW")
    guard isNew || take(word: "OLD"), take(mark: "*") else { throw invalid }
    return isAll ? (isNew ? .allNew : .allOld) : (isNew ? .modifiedNew : .modifiedOld)
  }

  // MARK: Names

  func errorAlone(_ reason: String) -> ExpressionError { ExpressionError(reason, offset: token.offset, .alone) }

  /// What a statement reads or changes: a table, perhaps with one of its indexes.
  private mutating func source() throws(ExpressionError) -> (table: String, index: String?) {
    var names = [try name()]
    while take(mark: ".") { names.append(try name()) }
    if names.contains("") { throw errorAlone("Path component cannot be an empty string") }
    guard names.count <= 2 else { throw errorAlone("A path may contain at most 2 components in the FROM clause") }
    return (names[0], names.count > 1 ? names[1] : nil)
  }

  private mutating func changedTable() throws(ExpressionError) -> String {
    switch token.kind {
    case .word, .quoted: break
    default: throw plainError("Expected identifier for simple path")
    }
    let (table, index) = try source()
    if index != nil { throw errorAlone("This operation is not supported on an index") }
    return table
  }

  /// Of SQL's words, those that DynamoDB has not but does not take for an alias.
  private static let clauses: Set<String> = [
    "LIMIT", "OFFSET", "GROUP", "HAVING", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS", "ON", "UNION",
  ]

  private static let keywords: Set<String> = [
    "SELECT", "FROM", "WHERE", "INSERT", "INTO", "VALUE", "UPDATE", "SET", "REMOVE", "DELETE", "RETURNING", "AND", "OR", "NOT",
    "IN", "BETWEEN", "IS", "NULL", "MISSING", "TRUE", "FALSE", "ORDER", "BY", "DESC", "ASC", "EXISTS",
  ]

  mutating func name() throws(ExpressionError) -> String {
    switch token.kind {
    case .quoted(let name):
      advance()
      return name
    case .word(let name) where !PartiQLParser.keywords.contains(name.uppercased()):
      advance()
      return name
    default: throw unexpected
    }
  }

  mutating func path() throws(ExpressionError) -> DocumentPath {
    var elements: [DocumentPath.Element] = [.name(try name())]
    while true {
      if take(mark: ".") {
        elements.append(.name(try name()))
      } else if isMark("["), place + 1 < tokens.count, case .number(let text) = tokens[place + 1].kind, isMark("]", ahead: 2) {
        guard let index = Int(text) else { throw error("Expected an index") }
        for _ in 0..<3 { advance() }
        elements.append(.index(index))
      } else {
        guard elements.count <= DocumentPath.elementsMax else { throw error("The document path has too many nesting elements") }
        return DocumentPath(elements)
      }
    }
  }
}
