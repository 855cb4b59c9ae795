internal import DynamoModel

/// Why a question about a read model is not answered: a code for programs with its HTTP status, and a text for people.
package struct QueryError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Every code that the server of the queries answers.
  package enum Code: String, Sendable, CaseIterable {
    case badRequest = "BadRequest"
    case tooManyRows = "TooManyRows"
    case unauthorized = "Unauthorized"
    case forbidden = "Forbidden"
    case forbiddenHost = "ForbiddenHost"
    case forbiddenOrigin = "ForbiddenOrigin"
    case notFound = "NotFound"
    case noRow = "NoRow"
    case methodNotAllowed = "MethodNotAllowed"
    case refused = "Refused"
    case failed = "Failed"
    case queryFailed = "QueryFailed"
    case notReady = "NotReady"
    case notYet = "NotYet"
    case queryTimeout = "QueryTimeout"
    case busy = "Busy"
    case unavailable = "Unavailable"

    package var status: Int {
      switch self {
      case .badRequest, .tooManyRows: 400
      case .unauthorized: 401
      case .forbidden, .forbiddenHost, .forbiddenOrigin: 403
      case .notFound, .noRow: 404
      case .methodNotAllowed: 405
      case .refused: 409
      case .failed, .queryFailed: 500
      case .notReady, .notYet, .queryTimeout, .busy, .unavailable: 503
      }
    }

    /// When it is answered.
    package var about: String {
      switch self {
      case .badRequest: "a parameter is unknown, missing or wrong"
      case .tooManyRows: "the query has more rows than an answer may have"
      case .unauthorized: "a token or the cookie of a session is missing, wrong, or has ended"
      case .forbidden: "no rule of the key allows it"
      case .forbiddenHost: "the request names a host that is not this server's"
      case .forbiddenOrigin: "a page of another origin asks for something to be done"
      case .notFound: "there is nothing of that name"
      case .noRow: "the query is for one row, and there is none"
      case .methodNotAllowed: "the path does not take the method"
      case .refused: "it cannot be done now, and the message says why"
      case .failed: "the server has failed"
      case .queryFailed: "the read model or the query has failed"
      case .notReady: "the pipeline has no read model yet"
      case .notYet: "the read model has not reached `at_least` in time"
      case .queryTimeout: "the query took too long"
      case .busy: "too many wait already: try again later"
      case .unavailable: "the read models' database cannot be reached: try again later"
      }
    }
  }

  package let code: Code
  package let message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var status: Int { code.status }
  package var description: String { "\(code.rawValue): \(message)" }

  static func unknown(_ what: String, _ name: String, known: [String]) -> QueryError {
    let list = known.isEmpty ? "there are none" : "there are: \(known.joined(separator: ", "))"
    return QueryError(.notFound, "there is no \(what) `\(name)`; \(list)")
  }

  static func bad(_ message: String) -> QueryError { QueryError(.badRequest, message) }

  /// What an error looks like in an answer.
  static let shape = AnswerShape<QueryError>([
    .value("error", .one(of: Code.allCases.map(\.rawValue)).about("The code, for programs.")) { $1.string($0.code.rawValue) },
    .text("message", "What is wrong and what to do, for people.") { $0.message },
  ])
}
