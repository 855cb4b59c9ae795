internal import CCurl
internal import Glibc
internal import Synchronization

/// Requests to HTTP servers over connections that are kept open, by libcurl on a thread of its own.
///
/// Source: https://curl.se/libcurl/c/libcurl-multi.html
package final class HTTPClient: Sendable {
  package struct Request: Sendable {
    package var method: String
    package var url: String
    /// One with a line break in it is left out.
    package var headers: [(name: String, value: String)]
    /// Nil sends none.
    package var body: [UInt8]?

    package init(method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil) {
      self.method = method
      self.url = url
      self.headers = headers
      self.body = body
    }
  }

  package struct Answer: Sendable {
    package let status: Int
    /// By lower-case name; of a repeated one the last.
    package let headers: [String: String]
    package let body: [UInt8]
  }

  /// No answer came: no connection, a timeout, an address that is none. In libcurl's words.
  package struct TransportError: Error, Sendable, Equatable {
    package let reason: String
    /// TLS went wrong, as with a certificate that is not trusted here.
    package var isUntrusted: Bool { reason.contains("SSL") }
  }

  private static let isUsable = afterimage_curl_start()

  private let loop: TransferLoop
  private let timeoutMilliseconds: Int
  private let authorities: String?
  private let answerBytesMax: Int

  /// `connectionsMax`: of one host; more requests wait. `timeoutSeconds`: from the start of a request to its whole answer.
  /// `authorities`: a file (PEM) of the certificates that sign servers' ones; nil for those of the machine. `answerBytesMax`: what follows these bytes of an answer
  /// is not waited for.
  package init(
    connectionsMax: Int = 32, timeoutSeconds: Double = 30, authorities: String? = nil, answerBytesMax: Int = .max
  ) {
    self.answerBytesMax = answerBytesMax
    precondition(HTTPClient.isUsable, "libcurl cannot be started")
    self.authorities = authorities
    loop = TransferLoop(connectionsMax: connectionsMax)
    timeoutMilliseconds = Int(min(max(timeoutSeconds, 0.001), 1e9) * 1000)
  }

  deinit { loop.stop() }

  /// The answer, whatever its status. Redirections are not followed. A request that is under way is not cut short when its task is cancelled:
  /// it ends with its answer or its timeout.
  package func send(_ request: Request) async throws(TransportError) -> Answer {
    let (timeout, authorities, most) = (timeoutMilliseconds, authorities, answerBytesMax)
    let loop = loop
    let result: Result<Answer, TransportError> = await withCheckedContinuation { continuation in
      loop.begin(
        Transfer(request, timeoutMilliseconds: timeout, authorities: authorities, answerBytesMax: most) {
          continuation.resume(returning: $0)
        })
    }
    return try result.get()
  }
}
