internal import AccessKeys
internal import DynamoModel
internal import HTTPServer

/// The page's login: paths that a server with keys has.
extension QueryRouter {
  static let sessionRoutes: [Route] = [
    Route(
      .get, "/v1/session", access: .anyKey,
      answer: { _, call in
        try call.arguments.finish()
        return .json(whoIs(call))
      }
    ) { _ in
      [
        .init(
          method: .get, path: "/v1/session", id: "session", pipeline: nil, summary: "Whose token or cookie the request has",
          content: [("application/json", Whose.shape.schema)])
      ]
    },
    Route(
      .post, "/v1/login", access: .nothing,
      answer: { router, call in
        try call.arguments.finish()
        return try router.logIn(&call)
      }
    ) { _ in
      [
        .init(
          method: .post, path: "/v1/login", id: "login", pipeline: nil,
          summary: "Begins a session of the page: its cookie stands for the token",
          about: "The cookie is for browsers; programs send the token itself.",
          body: .object([.init("token", JSONSchema.text.about("The `token` of an entry of the server's file of keys."))]),
          content: [("application/json", Whose.shape.schema)], errors: [.badRequest, .unauthorized])
      ]
    },
    Route(
      .post, "/v1/logout", access: .anyKey,
      answer: { router, call in
        try call.arguments.finish()
        var response = HTTPResponse.json(whoIs(call))
        if let keys = router.keys, let caller = call.caller { response.headers.append(("Set-Cookie", keys.logOut(caller))) }
        return response
      }
    ) { _ in
      [
        .init(
          method: .post, path: "/v1/logout", id: "logout", pipeline: nil,
          summary: "Ends the session whose cookie the request has",
          content: [("application/json", Whose.shape.schema)], errors: [.badRequest])
      ]
    },
  ]

  /// What these paths answer.
  struct Whose {
    let key: String
    /// Of a session; nil for a token, which does not end by itself.
    let expires: Int64?

    static let shape = AnswerShape<Whose>([
      .text("key", "The id of the key.") { $0.key },
      .value("expires", JSONSchema.instant.orNull.about("When the session ends; null for a token.")) { whose, writer in
        if let expires = whose.expires { writer.string(UTCTime(milliseconds: expires).label + "000Z") } else { writer.null() }
      },
    ])
  }

  private static func whoIs(_ call: Route.Call) -> [UInt8] {
    var writer = JSONWriter()
    Whose.shape.object(Whose(key: call.caller?.key.id ?? "", expires: call.caller?.session?.expires), to: &writer)
    return writer.bytes
  }

  private func logIn(_ call: inout Route.Call) throws -> HTTPResponse {
    // Another page could have its visitor log in as somebody else, and see what is looked at then.
    guard !call.sender.origin.isForeignPage else {
      throw QueryError(.forbiddenOrigin, "a page of another origin may not log in here")
    }
    guard let tape = try? JSONTape(call.sender.json), tape.kind(tape.root) == .object, tape.count(tape.root) == 1,
      let token = tape.member(tape.root, "token"), tape.isString(token)
    else { throw QueryError.bad("the body is JSON: {\"token\": \"...\"}, with Content-Type: application/json") }
    guard let keys, let found = keys.logIn(token: tape.string(token)) else {
      throw QueryError(.unauthorized, "no key has this token")
    }
    call.caller = found.caller
    var response = HTTPResponse.json(QueryRouter.whoIs(call))
    response.headers.append(("Set-Cookie", found.setCookie))
    return response
  }
}
