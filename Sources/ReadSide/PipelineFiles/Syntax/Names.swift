internal import Pipelines
internal import YAML

/// Which words may name tables, columns and fields in SQL.
enum Names {
  /// Bytes: what PostgreSQL takes of a name.
  static let lengthMax = 63

  /// Whether a text may name a pipeline: small letters, digits and `-`.
  static func isPipelineName(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    return !bytes.isEmpty && bytes.count <= lengthMax && bytes[0] >= 97 && bytes[0] <= 122
      && bytes.allSatisfy { ($0 >= 97 && $0 <= 122) || ($0 >= 48 && $0 <= 57) || $0 == 45 }
  }

  /// What is wrong with a name that becomes one in SQL; nil when nothing is.
  static func problem(_ name: String) -> String? {
    let bytes = Array(name.utf8)
    guard let first = bytes.first, first >= UInt8(ascii: "a"), first <= UInt8(ascii: "z"),
      bytes.allSatisfy({ ($0 >= 97 && $0 <= 122) || ($0 >= 48 && $0 <= 57) || $0 == 95 })
    else { return "`\(name)` cannot be a name: use a small letter, then small letters, digits and `_`" }
    if bytes.count > lengthMax { return "`\(name)` has \(bytes.count) bytes, and a name in SQL has at most \(lengthMax)" }
    if reserved.contains(name) || systemColumns.contains(name) {
      return "`\(name)` is a reserved word of SQL: choose another name"
    }
    if name.hasPrefix("sqlite_") || name.hasPrefix("pg_") {
      return "`\(name)` begins as the names of a database's own tables do: choose another name"
    }
    if name.hasSuffix("_sort") { return "`\(name)` ends in `_sort`, as the sortable columns of decimals do: choose another name" }
    if meanings.contains(name) { return "`\(name)` has a meaning in expressions: choose another name" }
    return nil
  }

  /// What is wrong with the names that a table needs beside those that the file gives: of sortable columns and of indexes.
  static func problem(_ table: SQLTable) -> String? {
    let names = table.columns.flatMap(\.sqlNames) + table.indexes.map(\.name)
    guard let long = names.first(where: { $0.utf8.count > lengthMax }) else { return nil }
    return
      "`\(long)`, which SQL needs here, has \(long.utf8.count) bytes, and a name in SQL has at most \(lengthMax): choose a shorter name"
  }

  /// What is wrong with the name of a kind of item, which does not become a name in SQL.
  static func itemProblem(_ name: String) -> String? {
    if name == "item" || TriggerSyntax.events.contains(name) { return "`\(name)` has a meaning of its own: choose another name" }
    return reserved.contains(name) ? nil : problem(name)
  }

  /// What is wrong with the name of a parameter, which does not become a name in SQL either.
  static func parameterProblem(_ name: String) -> String? { reserved.contains(name) ? nil : problem(name) }

  /// Words that expressions and conditions give a meaning.
  private static let meanings: Set<String> = ["commit", "old", "new", "optional"]

  /// What PostgreSQL and SQLite give every table beside its own columns.
  private static let systemColumns: Set<String> = ["tableoid", "xmin", "xmax", "cmin", "cmax", "ctid", "oid", "rowid"]

  /// What SQLite or PostgreSQL does not take as a column's name without quotes.
  private static let reserved: Set<String> = [
    "add", "all", "alter", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization",
    "autoincrement",
    "between", "binary", "both", "case", "cast", "check", "collate", "collation", "column", "commit", "concurrently",
    "constraint",
    "create", "cross", "current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp",
    "current_user", "default", "deferrable", "delete", "desc", "distinct", "do", "drop", "else", "end", "escape", "except",
    "exists",
    "false", "fetch", "for", "foreign", "freeze", "from", "full", "grant", "group", "having", "if", "ilike", "in", "index",
    "initially",
    "inner", "insert", "intersect", "into", "is", "isnull", "join", "lateral", "leading", "left", "like", "limit", "localtime",
    "localtimestamp", "natural", "not", "nothing", "notnull", "null", "offset", "on", "only", "or", "order", "outer", "over",
    "overlaps",
    "placing", "primary", "raise", "references", "returning", "right", "select", "session_user", "set", "similar",
    "some",
    "symmetric", "system_user", "table", "tablesample", "then", "to", "trailing", "transaction", "true", "union", "unique",
    "update", "user",
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
