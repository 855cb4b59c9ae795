internal import DynamoModel
internal import HTTPServer

/// Keeps requests out that name a host which is not this server's, in the form of the query API's errors.
enum HostGate {
  static func handler(_ rules: HostRules, _ handler: @escaping HTTPServer.Handler) -> HTTPServer.Handler {
    { request, responder in
      let host = request.header("Host")
      guard rules.allows(host) else { return responder.answer(refusal(host ?? "")) }
      handler(request, responder)
    }
  }

  private static func refusal(_ host: String) -> HTTPResponse {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("error")
    writer.string("ForbiddenHost")
    writer.name("message")
    writer.string(HostRules.refusal(host))
    writer.endObject()
    return HTTPResponse(status: 403, headers: [("Content-Type", "application/json")], body: writer.bytes)
  }
}
