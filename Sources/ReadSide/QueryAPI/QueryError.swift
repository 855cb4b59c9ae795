/// Why a question about a read model is not answered: an HTTP status, a code for programs, a text for people.
package struct QueryError: Error, Sendable, Equatable, CustomStringConvertible {
  package let status: Int
  package let code: String
  package let message: String

  init(_ status: Int, _ code: String, _ message: String) {
    self.status = status
    self.code = code
    self.message = message
  }

  package var description: String { "\(code): \(message)" }

  static func unknown(_ what: String, _ name: String, known: [String]) -> QueryError {
    let list = known.isEmpty ? "there are none" : "there are: \(known.joined(separator: ", "))"
    return QueryError(404, "NotFound", "there is no \(what) `\(name)`; \(list)")
  }

  static func bad(_ message: String) -> QueryError { QueryError(400, "BadRequest", message) }
}
