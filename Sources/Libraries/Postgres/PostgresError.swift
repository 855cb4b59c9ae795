internal import CLibPQ

/// What PostgreSQL, or the way to it, refused.
package struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What to do about it.
  package enum Kind: Sendable, Equatable {
    /// No connection could be made. libpq 15 gives no SQLSTATE for it, only a text.
    case cannotConnect
    /// The connection was lost outside of a commit: what was not committed did not take place.
    case lost
    /// The connection was lost while the server committed: the transaction may have taken place or not.
    case outcomeUnknown
    /// A deadlock, a failure to serialise, a lock that was not had in time: the whole transaction may be tried again.
    case retry
    /// Something is there already, or a constraint does not hold.
    case conflict
    /// The statement ran longer than it may, or was cancelled.
    case cancelled
    /// Anything else: trying again changes nothing.
    case refuse
  }

  package let kind: Kind
  /// Five characters; nil where there is none.
  package let sqlState: String?
  package let message: String
  package let sql: String?
  /// Where in the statement the error is, in characters from 0; nil when the server does not say.
  package let offset: Int?

  /// Each property by its name.
  package init(kind: Kind, sqlState: String? = nil, message: String, sql: String? = nil, offset: Int? = nil) {
    self.kind = kind
    self.sqlState = sqlState
    self.message = message
    self.sql = sql
    self.offset = offset
  }

  /// The disk is full, or a quota is.
  package var isDiskFull: Bool { sqlState == "53100" }
  /// The server, or the role, takes no writes.
  package var isReadOnly: Bool { sqlState == "25006" }
  /// A page or an index does not read as it should.
  package var isCorrupt: Bool { sqlState == "XX001" || sqlState == "XX002" }
  /// The role may not do that.
  package var isDenied: Bool { sqlState == "42501" }

  package var description: String {
    let code = sqlState.map { " \($0)" } ?? ""
    let about = sql.map { " in: \($0.count > 400 ? String($0.prefix(400)) + "..." : $0)" } ?? ""
    return "PostgreSQL\(code): \(message)\(about)"
  }

  /// The kind of a state, by its class where the class decides.
  static func kind(of sqlState: String) -> Kind {
    switch sqlState {
    case "40001", "40P01", "55P03": return .retry
    case "40003": return .outcomeUnknown
    case "57014": return .cancelled
    case "25P03", "57P01", "57P02", "57P03", "57P05": return .lost
    case "42P04", "42P06", "42P07", "42710": return .conflict
    default:
      if sqlState.hasPrefix("08") { return .lost }
      return sqlState.hasPrefix("23") ? .conflict : .refuse
    }
  }

  /// Of a result that says so, or of the connection where there is none.
  static func current(_ connection: OpaquePointer, _ result: OpaquePointer?, sql: String?) -> PostgresError {
    func field(_ code: Int32) -> String? { PQresultErrorField(result, code).map { String(cString: $0) } }
    let isBroken = PQstatus(connection) == CONNECTION_BAD
    guard result != nil, let state = field(afterimage_pq_sqlstate_field()) else {
      let text = result.flatMap { PQresultErrorMessage($0) } ?? PQerrorMessage(connection)
      return PostgresError(
        kind: isBroken ? .lost : .refuse, message: trimmed(text.map { String(cString: $0) } ?? "unknown"), sql: sql)
    }
    var message = field(afterimage_pq_primary_field()) ?? "unknown"
    if let detail = field(afterimage_pq_detail_field()) { message += " (\(detail))" }
    let position = field(afterimage_pq_position_field()).flatMap { Int($0) }
    return PostgresError(
      kind: isBroken ? .lost : kind(of: state), sqlState: state, message: message, sql: sql, offset: position.map { $0 - 1 })
  }

  static func trimmed(_ text: String) -> String {
    var text = Substring(text)
    while let last = text.last, last.isWhitespace { text.removeLast() }
    // libpq indents lines that go on.
    return text.split(whereSeparator: \.isNewline).map { $0.drop(while: \.isWhitespace) }.joined(separator: "; ")
  }

  /// The same error of another kind.
  package func with(kind: Kind) -> PostgresError {
    PostgresError(kind: kind, sqlState: sqlState, message: message, sql: sql, offset: offset)
  }
}
