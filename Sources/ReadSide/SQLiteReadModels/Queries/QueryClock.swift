internal import Pipelines

/// Finds where a query would answer by the wall clock or by chance, instead of by the rows.
///
/// SQLite reads the clock in CURRENT_TIMESTAMP and its kin, in a date function that is given no time, and in one that is given the
/// text 'now'. The statement's text is looked through, as SQLite cuts it into words, so that what is found has a place. A 'now'
/// that is only made while the query runs (out of a column or a parameter) is not found; connections have no clock, so it is null.
package enum QueryClock {
  /// A place in the SQL at which it leaves the rows.
  package struct Use: Equatable, Sendable {
    /// Bytes from the start of the SQL.
    package let offset: Int
    /// As it is written there: `random()`, `'now'`.
    package let what: String
    /// Whether it is the clock that is read, and not chance.
    package let isClock: Bool
  }

  /// Where a function takes its time: at this place of its arguments.
  private static let timeArgument = [
    "date": 0, "time": 0, "datetime": 0, "julianday": 0, "unixepoch": 0, "timediff": 0, "strftime": 1,
  ]
  private static let words: Set<String> = ["current_timestamp", "current_date", "current_time"]
  private static let chance: Set<String> = ["random", "randomblob"]

  /// The first such place; nil when there is none.
  package static func use(in sql: String) -> Use? {
    let tokens = SQLToken.tokens(of: sql)
    var hasDates = false
    var found: Use?
    for (index, token) in tokens.enumerated() {
      let name = token.text.lowercased()
      if token.kind == .word, words.contains(name) {
        found = found ?? Use(offset: token.offset, what: token.text, isClock: true)
      }
      guard token.kind == .word || token.kind == .quotedName, index + 1 < tokens.count, tokens[index + 1].text == "(" else {
        continue
      }
      if chance.contains(name) { found = found ?? Use(offset: token.offset, what: "\(token.text)()", isClock: false) }
      guard let place = timeArgument[name] else { continue }
      hasDates = true
      if argumentCount(tokens, from: index + 2) <= place {
        found = found ?? Use(offset: token.offset, what: "\(token.text)() without a time", isClock: true)
      }
    }
    guard hasDates, let now = tokens.first(where: { $0.kind == .string && $0.text.lowercased() == "now" }) else { return found }
    let use = Use(offset: now.offset, what: "'\(now.text)'", isClock: true)
    return found.map { $0.offset < use.offset ? $0 : use } ?? use
  }

  /// The arguments of a call, counted from the token after its parenthesis.
  private static func argumentCount(_ tokens: [SQLToken], from start: Int) -> Int {
    var depth = 0
    var count = 0
    for (index, token) in tokens[start...].enumerated() where token.kind == .sign {
      if token.text == ")", depth == 0 { return index == 0 ? 0 : count + 1 }
      if token.text == "(" { depth += 1 }
      if token.text == ")" { depth -= 1 }
      if token.text == ",", depth == 0 { count += 1 }
    }
    return count + 1
  }
}
