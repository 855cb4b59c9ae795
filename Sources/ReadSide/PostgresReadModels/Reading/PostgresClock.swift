internal import Pipelines

/// Finds where a query would answer by the wall clock or by chance, instead of by the rows: what `QueryClock` does for SQLite.
///
/// PostgreSQL reads the clock in CURRENT_TIMESTAMP and its kin, in `now()` and others, in `age` of one time, and in the texts 'now', 'today', 'tomorrow' and
/// 'yesterday' as times. A text that is only made while the query runs is not found.
package enum PostgresClock {
  /// A place in the SQL at which it leaves the rows.
  package struct Use: Equatable, Sendable {
    /// Bytes from the start of the SQL.
    package let offset: Int
    /// As it is written there.
    package let what: String
    /// Whether it is the clock that is read, and not chance.
    package let isClock: Bool
  }

  private static let words: Set<String> = ["current_timestamp", "current_date", "current_time", "localtime", "localtimestamp"]
  private static let clocks: Set<String> = [
    "now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timeofday", "pg_sleep", "pg_sleep_for",
    "pg_sleep_until",
  ]
  private static let chance: Set<String> = ["random", "gen_random_uuid", "setseed", "random_normal", "nextval", "txid_current"]
  private static let times: Set<String> = ["now", "today", "tomorrow", "yesterday"]
  private static let timeTypes: Set<String> = ["timestamptz", "timestamp", "date", "time", "timetz"]

  /// The first such place; nil when there is none. O(length).
  package static func use(in sql: String) -> Use? {
    let tokens = SQLToken.tokens(of: sql)
    func word(_ index: Int) -> String? { tokens.indices.contains(index) ? tokens[index].text.lowercased() : nil }
    for (index, token) in tokens.enumerated() {
      let name = token.text.lowercased()
      switch token.kind {
      case .string:
        guard times.contains(name) else { continue }
        // 'now'::timestamptz, and timestamptz 'now'.
        let isCast = word(index + 1) == ":" && word(index + 2) == ":" && timeTypes.contains(word(index + 3) ?? "")
        if isCast || timeTypes.contains(word(index - 1) ?? "") {
          return Use(offset: token.offset, what: "'\(token.text)'", isClock: true)
        }
      case .word where words.contains(name): return Use(offset: token.offset, what: token.text, isClock: true)
      case .word, .quotedName:
        guard word(index + 1) == "(" else { continue }
        if clocks.contains(name) || (name == "age" && isOfOneArgument(tokens, from: index + 2)) {
          return Use(offset: token.offset, what: "\(token.text)()", isClock: true)
        }
        if chance.contains(name) { return Use(offset: token.offset, what: "\(token.text)()", isClock: false) }
      case .sign: continue
      }
    }
    return nil
  }

  /// Whether a call has one argument, seen from the token after its parenthesis.
  private static func isOfOneArgument(_ tokens: [SQLToken], from start: Int) -> Bool {
    var depth = 0
    for token in tokens[start...] where token.kind == .sign {
      if token.text == ")", depth == 0 { return true }
      if token.text == "(" { depth += 1 }
      if token.text == ")" { depth -= 1 }
      if token.text == ",", depth == 0 { return false }
    }
    return true
  }
}
