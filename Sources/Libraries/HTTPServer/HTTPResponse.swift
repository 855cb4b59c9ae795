/// What a handler answers.
package struct HTTPResponse: Sendable {
  package enum Body: Sendable {
    case bytes([UInt8])
    /// Sent piece by piece as the producer hands it over.
    case stream(ResponseStream)
  }

  package var status: Int
  package var headers: [(name: String, value: String)]
  package var body: Body

  package init(status: Int = 200, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = .bytes(body)
  }

  /// An answer whose length is not known when it begins.
  package init(status: Int = 200, headers: [(name: String, value: String)] = [], stream: ResponseStream) {
    self.status = status
    self.headers = headers
    body = .stream(stream)
  }

  /// Metrics in Prometheus' text format.
  package init(prometheus text: String) {
    self.init(headers: [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")], body: Array(text.utf8))
  }

  /// A line of plain text.
  package static func text(_ status: Int, _ text: String) -> HTTPResponse {
    HTTPResponse(status: status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: Array("\(text)\n".utf8))
  }
}
