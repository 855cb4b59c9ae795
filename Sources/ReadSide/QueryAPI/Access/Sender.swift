internal import HTTPServer

/// What a request says of who sends it, beside what it asks for.
struct Sender: Sendable {
  var credentials = RequestCredentials.none
  var origin = RequestOrigin()
  /// Of the connection's other end.
  var address: String?
  /// JSON, for the login; empty for a body of any other type, such as a form of another page can send.
  var json: [UInt8] = []

  init() {}

  init(_ request: borrowing HTTPRequest, cookieName: String) {
    credentials = RequestCredentials(
      authorization: request.headers(named: "Authorization"), cookies: request.headers(named: "Cookie"), cookieName: cookieName)
    guard request.method != "GET", request.method != "HEAD" else { return }
    origin = RequestOrigin(
      host: request.header("Host"), origin: request.header("Origin"), fetchSite: request.header("Sec-Fetch-Site"))
    address = request.clientAddress
    let type = request.header("Content-Type")?.prefix { $0 != ";" }.lowercased() ?? ""
    if type == "application/json" { json = request.body }
  }
}
