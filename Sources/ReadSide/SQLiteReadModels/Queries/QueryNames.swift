internal import Pipelines

/// What the names in a query's SQL stand for, as far as its text tells: SQLite's plan speaks of tables by their aliases.
struct QueryNames {
  private let tokens: [SQLToken]
  /// By projection.
  private let tables: [SQLTable]
  private let reads: [ProjectionID]
  /// By name or alias in small letters.
  private var meanings: [String: [ProjectionID]] = [:]

  /// Of a query that reads these projections; `tables` are those of all projections, in their order.
  init(_ sql: String, reads: [ProjectionID], tables: [SQLTable]) {
    tokens = SQLToken.tokens(of: sql)
    self.tables = tables
    self.reads = reads
    for (place, token) in tokens.enumerated() where QueryNames.isName(token) && comesFrom(place) {
      guard let id = reads.first(where: { tables[$0.rawValue].name.lowercased() == token.text.lowercased() }) else {
        continue
      }
      let name = alias(after: place)?.lowercased() ?? token.text.lowercased()
      if !meanings[name, default: []].contains(id) { meanings[name, default: []].append(id) }
    }
  }

  /// The projections of a name; none for subqueries.
  private func projections(named name: String) -> [ProjectionID] { meanings[name.lowercased()] ?? [] }

  /// The projections of the name with which a step's text goes on after its first word: the longest that fits, as an alias may hold blanks.
  func projections(at text: Substring) -> [ProjectionID] {
    let text = text.lowercased()
    let name = meanings.keys.filter { text == $0 || text.hasPrefix($0 + " ") }.max { $0.utf8.count < $1.utf8.count }
    return name.flatMap { meanings[$0] } ?? []
  }

  /// The type of a column of this name, of the table of that name or alias, or of any that is read; nil where two of them differ.
  func type(ofColumn name: String, of owner: String?) -> ValueType? {
    let types = Set((owner.map { projections(named: $0) } ?? reads).compactMap { tables[$0.rawValue].type(ofSQLColumn: name) })
    return types.count == 1 ? types.first : nil
  }

  /// Whether the query asks for the least or the greatest of this column.
  func isExtreme(_ column: SQLColumn) -> Bool {
    let names = column.sqlNames.map { $0.lowercased() }
    return tokens.indices.contains { place in
      guard ["min", "max"].contains(tokens[place].text.lowercased()), place + 2 < tokens.count, tokens[place + 1].text == "("
      else {
        return false
      }
      let isQualified = place + 4 < tokens.count && tokens[place + 3].text == "."
      return names.contains(tokens[isQualified ? place + 4 : place + 2].text.lowercased())
    }
  }

  /// The first column of the key or index that a step's text names; nil when it names none of a projection's.
  func firstColumn(of projection: ProjectionID, usedBy text: String) -> SQLColumn? {
    let table = tables[projection.rawValue]
    if text.contains(" USING PRIMARY KEY") { return table.primaryKey.first.map { table.columns[$0] } }
    let index = table.indexes.first { text.hasSuffix(" INDEX \($0.name)") }
    return index?.columns.first.map { table.columns[$0.column] }
  }

  /// Whether the query has a LIMIT of its own.
  var hasLimit: Bool { tokens.contains { $0.kind == .word && $0.text.lowercased() == "limit" } }

  /// By projection, the columns that stand beside a comparison.
  var compared: [ProjectionID: [Int]] {
    var found: [ProjectionID: Set<Int>] = [:]
    for (place, token) in tokens.enumerated() where QueryNames.isName(token) && isCompared(place) {
      let owner = place > 1 && tokens[place - 1].text == "." ? projections(named: tokens[place - 2].text) : reads
      for id in owner {
        let columns = tables[id.rawValue].columns
        if let column = columns.firstIndex(where: { $0.sqlNames.contains { $0.lowercased() == token.text.lowercased() } }) {
          found[id, default: []].insert(column)
        }
      }
    }
    return found.mapValues { $0.sorted() }
  }

  private static func isName(_ token: SQLToken) -> Bool { token.kind == .word || token.kind == .quotedName }

  /// Whether a table may stand here: after FROM, JOIN or a comma.
  private func comesFrom(_ place: Int) -> Bool {
    guard place > 0 else { return false }
    let before = tokens[place - 1]
    return before.kind == .word && ["from", "join"].contains(before.text.lowercased()) || before.text == "," || before.text == "("
  }

  private func alias(after place: Int) -> String? {
    guard place + 1 < tokens.count, QueryNames.isName(tokens[place + 1]) else { return nil }
    let next = tokens[place + 1]
    guard next.kind == .word else { return next.text }
    if next.text.lowercased() == "as" { return place + 2 < tokens.count ? tokens[place + 2].text : nil }
    return QueryNames.clauses.contains(next.text.lowercased()) ? nil : next.text
  }

  /// The words that may follow a table that has no alias.
  private static let clauses: Set<String> = [
    "where", "on", "using", "left", "right", "full", "inner", "cross", "natural", "outer", "join", "order", "group", "having",
    "limit", "window", "union", "intersect", "except", "indexed", "not",
  ]

  private static let comparisons: Set<String> = ["=", "<", ">", "!", "between", "in", "is", "like", "glob"]

  private func isCompared(_ place: Int) -> Bool {
    let after = place + 1 < tokens.count ? tokens[place + 1].text.lowercased() : ""
    if QueryNames.comparisons.contains(after) { return true }
    // A name with its table before it begins two tokens earlier.
    let start = place > 1 && tokens[place - 1].text == "." ? place - 2 : place
    guard start > 0, tokens[start - 1].kind == .sign else { return false }
    return ["=", "<", ">"].contains(tokens[start - 1].text)
  }
}
