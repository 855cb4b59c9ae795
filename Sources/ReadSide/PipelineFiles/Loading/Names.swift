internal import Pipelines
internal import YAML

/// Which words may name tables, columns and fields in SQL.
enum Names {
  static let lengthMax = 56

  /// What is wrong with a name that becomes one in SQL; nil when nothing is.
  static func problem(_ name: String) -> String? {
    let bytes = Array(name.utf8)
    guard let first = bytes.first, first >= UInt8(ascii: "a"), first <= UInt8(ascii: "z"),
      bytes.allSatisfy({ ($0 >= 97 && $0 <= 122) || ($0 >= 48 && $0 <= 57) || $0 == 95 })
    else { return "`\(name)` cannot be a name: use a small letter, then small letters, digits and `_`" }
    if bytes.count > lengthMax { return "`\(name)` is longer than \(lengthMax) letters" }
    if reserved.contains(name) { return "`\(name)` is a reserved word of SQL: choose another name" }
    if name.hasPrefix("sqlite_") || name.hasPrefix("pg_") {
      return "`\(name)` begins as the names of a database's own tables do: choose another name"
    }
    if name.hasSuffix("_sort") { return "`\(name)` ends in `_sort`, as the sortable columns of decimals do: choose another name" }
    if meanings.contains(name) { return "`\(name)` has a meaning in expressions: choose another name" }
    return nil
  }

  /// What is wrong with the name of a kind of item, which is no name in SQL.
  static func itemProblem(_ name: String) -> String? {
    if name == "item" || PipelineReader.events.contains(name) { return "`\(name)` has a meaning of its own: choose another name" }
    return reserved.contains(name) ? nil : problem(name)
  }

  /// Words that expressions and conditions give a meaning.
  private static let meanings: Set<String> = ["commit", "old", "new", "optional"]

  /// What SQLite or PostgreSQL does not take as a column's name without quotes.
  private static let reserved: Set<String> = [
    "add", "all", "alter", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization",
    "autoincrement",
    "between", "binary", "both", "case", "cast", "check", "collate", "collation", "column", "commit", "concurrently",
    "constraint",
    "create", "cross", "current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp",
    "current_user", "default", "deferrable", "delete", "desc", "distinct", "do", "drop", "else", "end", "escape", "except",
    "exists",
    "false", "fetch", "for", "foreign", "freeze", "from", "full", "grant", "group", "having", "ilike", "in", "index", "initially",
    "inner", "insert", "intersect", "into", "is", "isnull", "join", "lateral", "leading", "left", "like", "limit", "localtime",
    "localtimestamp", "natural", "not", "nothing", "notnull", "null", "offset", "on", "only", "or", "order", "outer", "over",
    "overlaps",
    "placing", "primary", "raise", "references", "returning", "right", "rowid", "select", "session_user", "set", "similar",
    "some",
    "symmetric", "table", "tablesample", "then", "to", "trailing", "transaction", "true", "union", "unique", "update", "user",
    "using",
    "values", "variadic", "verbose", "when", "where", "window", "with",
  ]
}

extension Findings {
  /// Checks a key that becomes a name in SQL. Answers whether it is one.
  @discardableResult
  func check(name key: YAMLNode.Key) -> Bool { check(name: key.text, at: key.mark) }

  @discardableResult
  func check(name: String, at mark: Mark) -> Bool {
    guard let problem = Names.problem(name) else { return true }
    add(mark, problem)
    return false
  }
}
