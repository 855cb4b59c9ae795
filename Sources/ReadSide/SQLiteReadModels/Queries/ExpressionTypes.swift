internal import Pipelines

/// The types of the expressions that a query selects, as far as their text alone decides them. SQLite has no types of expressions, so this knows
/// the few forms that can only have one, and says of everything else that it may be anything.
struct ExpressionTypes {
  /// What an expression may be.
  struct Found: Equatable {
    var type: ValueType?
    var isNullable: Bool

    static let unknown = Found(type: nil, isNullable: true)
    static func value(_ type: ValueType) -> Found { Found(type: type, isNullable: false) }
    static func nullable(_ type: ValueType) -> Found { Found(type: type, isNullable: true) }
  }

  private typealias Tokens = ArraySlice<SQLToken>

  private let names: QueryNames
  private let parameters: [QueryParameter]
  private let tokens: [SQLToken]

  init(names: QueryNames, parameters: [QueryParameter], tokens: [SQLToken]) {
    self.names = names
    self.parameters = parameters
    self.tokens = tokens
  }

  /// The expressions of the columns, in their order; nil where the text does not list them one by one, or where a name may be that of a subquery's
  /// column.
  func selected(columns: [String]) -> [ArraySlice<SQLToken>]? {
    guard isPlain, let list = selectList(tokens[...]), list.count == columns.count else { return nil }
    return zip(list, columns).map { withoutAlias($0, $1) }
  }

  /// Whether all names are those of projections' columns: nothing is selected from a subquery or a common table expression.
  private var isPlain: Bool {
    guard word(tokens.first) == "select" else { return false }
    // Of each parenthesis that is open, and of the query itself, the clause that stands there.
    var clauses = [""]
    for (place, token) in tokens.enumerated() {
      if isSign(token, ")"), clauses.count > 1 { clauses.removeLast() }
      if SQLWords.clauses.contains(word(token)) { clauses[clauses.count - 1] = word(token) }
      guard isSign(token, "(") else { continue }
      let isQuery = place + 1 < tokens.count && ["select", "values", "with"].contains(word(tokens[place + 1]))
      let isSource = place > 0 && (["from", "join"].contains(word(tokens[place - 1])) || isSign(tokens[place - 1], ","))
      if isQuery, isSource, clauses.last == "from" { return false }
      clauses.append("")
    }
    return true
  }

  private func word(_ token: SQLToken?) -> String {
    guard let token, token.kind == .word else { return "" }
    return token.text.lowercased()
  }

  private func isSign(_ token: SQLToken?, _ text: String) -> Bool { token?.kind == .sign && token?.text == text }

  /// What stands between SELECT and FROM, at the commas.
  private func selectList(_ query: Tokens) -> [Tokens]? {
    var rest = query.dropFirst()
    if ["distinct", "all"].contains(word(rest.first)) { rest = rest.dropFirst() }
    let end = place(in: rest) { SQLWords.clauses.contains(word($0)) } ?? rest.endIndex
    return split(rest[..<end])
  }

  /// The first token outside of parentheses that is so.
  private func place(in tokens: Tokens, _ isSo: (SQLToken) -> Bool) -> Int? {
    var depth = 0
    for place in tokens.indices {
      if isSign(tokens[place], ")") { depth -= 1 }
      if depth == 0, isSo(tokens[place]) { return place }
      if isSign(tokens[place], "(") { depth += 1 }
    }
    return nil
  }

  /// The parts between the commas outside of parentheses.
  private func split(_ tokens: Tokens) -> [Tokens] {
    var parts: [Tokens] = []
    var rest = tokens
    while let comma = place(in: rest, { isSign($0, ",") }) {
      parts.append(rest[..<comma])
      rest = rest[(comma + 1)...]
    }
    return parts + [rest]
  }

  /// Without `AS name`, or the name alone: it is the column's then.
  private func withoutAlias(_ item: Tokens, _ column: String) -> Tokens {
    guard item.count > 1, let last = item.last, last.text == column, last.kind != .sign else { return item }
    let before = item.dropLast()
    if word(before.last) == "as" { return before.dropLast() }
    let isName = isSign(before.last, ")") || before.last?.kind != .sign && !SQLWords.operators.contains(word(before.last))
    return isName ? before : item
  }

  /// What an expression may be.
  func type(of expression: ArraySlice<SQLToken>) -> Found {
    guard let first = expression.first, let last = expression.last else { return .unknown }
    if isWrapped(expression) { return inside(expression.dropFirst().dropLast()) }
    let words = outside(expression)
    // What has an order of its own to be read in, or needs more than its text.
    if words.contains(where: { ["case", "collate", "over", "filter", "escape"].contains(word($0)) }) { return .unknown }
    if let found = operatorType(expression, words) { return found }
    if expression.count == 1 { return literal(first) ?? column(expression) }
    if expression.count == 2, isSign(first, ":") { return parameter(last.text) }
    if expression.count == 3, isSign(expression[expression.startIndex + 1], ".") { return column(expression) }
    if expression.count > 2, first.kind == .word, isWrapped(expression.dropFirst()) {
      return call(word(first), expression.dropFirst(2).dropLast())
    }
    return .unknown
  }

  /// The tokens outside of parentheses.
  private func outside(_ tokens: Tokens) -> [SQLToken] {
    var depth = 0
    return tokens.filter { token in
      if isSign(token, "(") { depth += 1 }
      if isSign(token, ")") { depth -= 1 }
      return depth == 0 && !isSign(token, ")")
    }
  }

  /// Whether the first parenthesis is closed by the last.
  private func isWrapped(_ tokens: Tokens) -> Bool {
    guard isSign(tokens.first, "("), tokens.count > 1 else { return false }
    var depth = 0
    for (place, token) in zip(tokens.indices, tokens) {
      if isSign(token, "(") { depth += 1 }
      if isSign(token, ")") { depth -= 1 }
      if depth == 0 { return place == tokens.endIndex - 1 }
    }
    return false
  }

  /// What stands in parentheses: an expression, or a query that gives one value.
  private func inside(_ tokens: Tokens) -> Found {
    guard word(tokens.first) == "select" else { return type(of: tokens) }
    guard let list = selectList(tokens), list.count == 1 else { return .unknown }
    let bare = place(in: list[0]) { word($0) == "as" }.map { list[0][..<$0] } ?? list[0]
    var found = type(of: bare)
    // A query that only counts or sums up has one row always; any other may have none.
    let isGrouped = place(in: tokens) { ["group", "having", "limit", "offset"].contains(word($0)) } != nil
    if isGrouped || !sumsUp(bare) { found.isNullable = true }
    return found
  }

  /// Whether an expression has a function of all rows, those of queries within it aside.
  private func sumsUp(_ tokens: Tokens) -> Bool {
    // Of each parenthesis that is open, whether it is a query's or within one.
    var queries: [Bool] = []
    for place in tokens.indices {
      let isNext = place + 1 < tokens.endIndex
      if SQLWords.aggregates.contains(word(tokens[place])), isNext, isSign(tokens[place + 1], "("), queries.last != true {
        return true
      }
      if isSign(tokens[place], ")") { _ = queries.popLast() }
      guard isSign(tokens[place], "(") else { continue }
      queries.append(queries.last == true || isNext && word(tokens[place + 1]) == "select")
    }
    return false
  }

  /// Of an expression whose outermost part is an operator; nil for others.
  private func operatorType(_ expression: Tokens, _ words: [SQLToken]) -> Found? {
    let signs = words.filter { $0.kind == .sign }.map(\.text)
    for (sign, next) in zip(signs, signs.dropFirst()) where sign == next && "<>".contains(sign) { return .unknown }
    if zip(words, words.dropFirst()).contains(where: { isSign($0, "-") && isSign($1, ">") }) { return .unknown }
    let spoken = Set(words.map(word))
    if !spoken.isDisjoint(with: ["and", "or", "in", "like", "glob", "match", "between", "regexp"])
      || !Set(signs).isDisjoint(with: ["=", "<", ">", "!"])
    {
      return .nullable(.boolean)
    }
    if !spoken.isDisjoint(with: ["is", "isnull", "notnull"]) { return .value(.boolean) }
    // EXISTS binds as a function does.
    if spoken.contains("exists") { return signs.allSatisfy { $0 == "(" } ? .value(.boolean) : .unknown }
    if spoken.contains("not") { return .nullable(.boolean) }
    let bars = signs.count { $0 == "|" }
    let hasArithmetic = !Set(signs).isDisjoint(with: ["+", "-", "*", "/", "%", "&", "~"])
    if bars > 0 { return hasArithmetic || !bars.isMultiple(of: 2) ? .unknown : .nullable(.string) }
    // Past 64 bits a sum of whole numbers is none.
    return hasArithmetic ? .unknown : nil
  }

  private func literal(_ token: SQLToken) -> Found? {
    if token.kind == .string { return .value(.string) }
    guard token.kind == .word, let first = token.text.utf8.first, first >= 48, first <= 57 else { return nil }
    return Int64(token.text) == nil ? .unknown : .value(.integer)
  }

  private func parameter(_ name: String) -> Found {
    // `:now` is an empty text while a read model has no time.
    if name == "now" { return .value(.string) }
    guard let parameter = parameters.first(where: { $0.name == name }) else { return .unknown }
    let isNullable = parameter.isOptional || parameter.default.map(\.isNull) ?? false
    return Found(type: parameter.type, isNullable: isNullable)
  }

  private func column(_ tokens: Tokens) -> Found {
    guard let name = tokens.last, name.kind != .sign, name.kind != .string else { return .unknown }
    let owner = tokens.count == 3 ? tokens.first?.text : nil
    return Found(type: names.type(ofColumn: name.text, of: owner), isNullable: true)
  }

  private func call(_ name: String, _ inside: ArraySlice<SQLToken>) -> Found {
    let arguments = inside.isEmpty ? [] : split(inside)
    switch name {
    case "count": return .value(.integer)
    case "length", "instr", "unicode": return .nullable(.integer)
    case "lower", "upper", "trim", "ltrim", "rtrim", "replace", "group_concat", "date", "time", "datetime", "strftime", "printf":
      return .nullable(.string)
    case "typeof", "hex", "quote": return .value(.string)
    case "sum":
      let found = arguments.count == 1 ? type(of: undistinct(arguments[0])) : .unknown
      return found.type == .integer || found.type == .boolean ? .nullable(.integer) : .unknown
    case "min", "max":
      // With several arguments it is the least of them, not of a group.
      return arguments.count == 1 ? Found(type: type(of: undistinct(arguments[0])).type, isNullable: true) : .unknown
    case "coalesce", "ifnull": return coalesced(arguments)
    default: return .unknown
    }
  }

  private func undistinct(_ tokens: Tokens) -> Tokens { word(tokens.first) == "distinct" ? tokens.dropFirst() : tokens }

  private func coalesced(_ arguments: [Tokens]) -> Found {
    let found = arguments.map { type(of: $0) }
    guard var type = found.first?.type else { return .unknown }
    for (next, tokens) in zip(found, arguments).dropFirst() {
      guard let other = next.type, let both = ExpressionTypes.both(type, other, isBit: isBit(tokens)) else { return .unknown }
      type = both
    }
    return Found(type: type, isNullable: found.allSatisfy(\.isNullable))
  }

  private func isBit(_ tokens: Tokens) -> Bool { tokens.count == 1 && ["0", "1"].contains(word(tokens.first)) }

  /// What a value of either type is. `isBit`: the second is the number 0 or 1.
  private static func both(_ one: ValueType, _ other: ValueType, isBit: Bool) -> ValueType? {
    if one == other || one == .boolean && isBit { return one }
    let numbers: Set<ValueType> = [.boolean, .integer]
    if numbers.contains(one), numbers.contains(other) { return .integer }
    let texts: Set<ValueType> = [.string, .timestamp, .decimal, .json]
    return texts.contains(one) && texts.contains(other) ? .string : nil
  }
}

/// Words of SQL that end a list of columns, join expressions, or sum up.
enum SQLWords {
  static let clauses: Set<String> = ["from", "where", "group", "having", "order", "limit", "window"]
  static let operators: Set<String> = [
    "as", "and", "or", "not", "is", "in", "like", "glob", "match", "regexp", "between", "exists", "collate", "escape", "distinct",
    "from",
  ]
  static let aggregates: Set<String> = ["count", "sum", "total", "avg", "min", "max", "group_concat"]
}
