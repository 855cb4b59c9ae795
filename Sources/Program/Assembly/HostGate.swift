internal import HTTPServer
internal import QueryAPI
internal import Synchronization

/// Keeps requests out that name a host which is not this server's, in the form of the query API's errors.
enum HostGate {
  /// `origins`: whose pages may have something done; to ask is nobody's danger, as no other page is given the answer.
  static func handler(_ rules: HostRules, origins: OriginRules, _ handler: @escaping HTTPServer.Handler) -> HTTPServer.Handler {
    // Nearly all requests name the same host: what it is called is worked out once.
    let last = Mutex<String?>(nil)
    return { request, responder in
      let host = request.header("Host")
      if host == nil || last.withLock({ $0 }) != host {
        guard rules.allows(host) else {
          return responder.answer(HTTPResponse(QueryError(.forbiddenHost, HostRules.refusal(host ?? ""))))
        }
        last.withLock { $0 = host }
      }
      if request.method != "GET", request.method != "HEAD", let origin = request.header("Origin"), !origins.allows(origin),
        !OriginRules.isSame(origin, host: host)
      {
        return responder.answer(HTTPResponse(QueryError(.forbiddenOrigin, OriginRules.refusal(origin))))
      }
      handler(request, responder)
    }
  }
}
