internal import AccessKeys
internal import DynamoModel
package import HTTPServer
internal import Pipelines
package import Services
package import Telemetry

/// The read side over HTTP: queries, boards, sessions, what the page shows, what an operator may do, and the document that describes all of it.
///
/// The table of routes is in `QueryRouter+Routes` and `QueryRouter+Operations`; `pipelines/HTTP.md` describes it for users.
package final class QueryRouter: Sendable {
  /// A pipeline's state as JSON, and what it may be.
  package struct Status: Sendable {
    let schema: JSONSchema
    let json: @Sendable (String) -> [UInt8]

    /// `json` gives the state of the pipeline of a name, an object of this schema.
    package init(schema: JSONSchema, json: @escaping @Sendable (String) -> [UInt8]) {
      self.schema = schema
      self.json = json
    }
  }

  let views: [PipelineView]
  let status: Status
  let metrics: @Sendable () -> String
  let events: EventHub
  let operations: any PipelineOperator
  let routes: [Route]
  private let paths = KnownPaths()
  /// Nil for a server that anybody may ask who reaches it.
  let keys: PageKeys?
  private let logger: Logger

  /// `status` gives a pipeline's lanes and generations, `metrics` what `/metrics` answers; `files` are those of the page. `keys` says who calls and
  /// what they may do; operations leave a line in `logger`.
  package init(
    views: [PipelineView], operations: any PipelineOperator, changed: Signal, status: Status,
    metrics: @escaping @Sendable () -> String, files: [(path: String, response: HTTPResponse)], keys: PageKeys? = nil,
    logger: Logger = .silent
  ) {
    self.views = views
    self.operations = operations
    self.status = status
    self.metrics = metrics
    self.keys = keys
    self.logger = logger
    events = EventHub(views: views, changed: changed, status: status.json)
    routes =
      QueryRouter.serverRoutes + files.map(QueryRouter.route) + QueryRouter.readRoutes + QueryRouter.operatorRoutes
      + (keys == nil ? [] : QueryRouter.sessionRoutes)
  }

  /// Sends events until cancelled: a service of its own.
  package var eventService: any Service { events }

  /// Answers one request, exactly once: before it returns where that needs no waiting, else from a task. Errors are JSON with a code. Hosts and,
  /// without keys, origins have been checked before (`HostGate`).
  package func handle(_ request: borrowing HTTPRequest, _ responder: Responder) {
    var asked = Asked(request.method, request.encodedPath, request.query + (request.method == "POST" ? request.form : []))
    if let keys {
      asked.sender = Sender(request, cookieName: keys.cookieName)
    } else if request.method == "POST" {
      asked.sender.address = request.clientAddress
    }
    if let response = answerAtOnce(asked) { return responder.answer(response) }
    Task { [asked] in responder.answer(await answer(asked)) }
  }

  /// What is asked: the method, the path as it was sent, the parameters, and who sends it.
  struct Asked: Sendable {
    let method: String
    let path: String
    let query: [(name: String, value: String)]
    var sender = Sender()

    init(_ method: String, _ path: String, _ query: [(name: String, value: String)]) {
      self.method = method
      self.path = path
      self.query = query
    }

    var parts: [String] { Route.parts(of: PercentCoding.decode(path.utf8, plusIsBlank: false)) }
    var isChange: Bool { method != "GET" && method != "HEAD" }
  }

  /// What `answer` gives, where that needs no waiting; else nil.
  func answerAtOnce(_ asked: Asked) -> HTTPResponse? {
    do {
      let found = Result { () throws(QueryError) in
        try paths.route(asked) { () throws(QueryError) in try find(asked) }
      }
      if case .success(let (route, _)) = found, route.answerAtOnce == nil { return nil }
      let caller = try caller(of: asked, at: try? found.get().route)
      let (route, names) = try found.get()
      guard let atOnce = route.answerAtOnce else { return nil }
      try admit(caller, to: route, names, asked)
      var call = Route.Call(names: names, arguments: Arguments(asked.query), caller: caller, sender: asked.sender)
      return try atOnce(self, &call)
    } catch {
      return response(error, asked)
    }
  }

  /// The answer to a request. HEAD is answered as GET is.
  func answer(_ asked: Asked) async -> HTTPResponse {
    var audit: AuditLine?
    let result: Result<HTTPResponse, any Error>
    do {
      let found = Result { () throws(QueryError) in try find(asked) }
      let caller = try caller(of: asked, at: try? found.get().route)
      let (route, names) = try found.get()
      if route.access.isOperation { audit = AuditLine(asked, caller) }
      try admit(caller, to: route, names, asked)
      var call = Route.Call(names: names, arguments: Arguments(asked.query), caller: caller, sender: asked.sender)
      result = .success(try await route.answer(self, &call))
    } catch {
      result = .failure(error)
    }
    switch result {
    case .success(let response):
      audit?.write("done", to: logger)
      return response
    case .failure(let error):
      let code: QueryError.Code = (error as? QueryError)?.code ?? (error is OperatorRefusal ? .refused : .failed)
      audit?.write(code.rawValue, to: logger)
      return response(error, asked)
    }
  }

  /// Who asks; nil without keys, and at a path that is for everybody. Throws when nobody does whom the server knows: also at a path that is not there.
  private func caller(of asked: Asked, at route: Route?) throws(QueryError) -> Caller? {
    guard let keys, route?.access != .nothing else { return nil }
    return try keys.caller(asked.sender.credentials)
  }

  /// Throws why the caller may not have this from the route.
  private func admit(_ caller: Caller?, to route: Route, _ names: [String], _ asked: Asked) throws(QueryError) {
    guard let caller else { return }
    if let refusal = route.access.refusal(
      caller, pipeline: names.first, isChange: asked.isChange, from: asked.sender.origin)
    {
      throw refusal
    }
  }

  /// The pipelines that the caller may know of; all without keys.
  func views(seenBy caller: Caller?) -> [PipelineView] {
    guard let caller else { return views }
    return views.filter { caller.key.sees(pipeline: $0.name) }
  }

  /// Events of what the caller may see, as long as it may.
  func subscribe(_ caller: Caller?) -> HTTPResponse {
    guard let keys, let caller else { return events.subscribe() }
    return events.subscribe { pipeline in
      guard let now = keys.now(caller) else { return .ended }
      return now.key.allows(.query, pipeline: pipeline) ? .shown : .hidden
    }
  }

  private func find(_ asked: Asked) throws(QueryError) -> (route: Route, names: [String]) {
    guard let method = Route.Method(rawValue: asked.method == "HEAD" ? "GET" : asked.method) else {
      throw QueryError(.methodNotAllowed, "questions are GET, operations POST")
    }
    let parts = asked.parts
    for route in routes where route.method == method {
      if let names = route.names(in: parts) { return (route, names) }
    }
    if method == .post { throw QueryError(.methodNotAllowed, "nothing takes a POST at this path") }
    if routes.contains(where: { $0.names(in: parts) != nil }) {
      throw QueryError(.methodNotAllowed, "this path is an operation: it takes a POST")
    }
    throw QueryError(.notFound, "there is nothing at this path; begin at /v1/pipelines")
  }

  private func response(_ error: any Error, _ asked: Asked) -> HTTPResponse {
    switch error {
    case let error as QueryError where error.code == .methodNotAllowed:
      var response = HTTPResponse(error)
      let parts = asked.parts
      let methods = routes.filter { $0.names(in: parts) != nil }.map { $0.method == .get ? "GET, HEAD" : $0.method.rawValue }
      response.headers.append(("Allow", methods.joined(separator: ", ")))
      return response
    case let error as QueryError where error.code == .unauthorized:
      var response = HTTPResponse(error)
      // As RFC 6750 has it: an error is named only where there was something to be wrong.
      let fault = asked.sender.credentials == .none ? "" : ", error=\"invalid_token\""
      response.headers.append(("WWW-Authenticate", "Bearer realm=\"afterimage\"\(fault)"))
      return response
    case let error as QueryError: return HTTPResponse(error)
    case let error as OperatorRefusal: return HTTPResponse(QueryError(.refused, error.description))
    default: return HTTPResponse(QueryError(.failed, "\(error)"))
    }
  }

  /// The pipeline that a path names first.
  func check(_ call: Route.Call) throws -> PipelineView {
    guard let view = views.first(where: { $0.name == call.names[0] }) else {
      throw QueryError.unknown("pipeline", call.names[0], known: views(seenBy: call.caller).map(\.name))
    }
    return view
  }
}

extension HTTPResponse {
  /// An error as every path answers it: JSON with its code.
  package init(_ error: QueryError) {
    var writer = JSONWriter()
    QueryError.shape.object(error, to: &writer)
    self.init(status: error.status, headers: [("Content-Type", "application/json")], body: writer.bytes)
  }

  private static let jsonHeaders = [
    (name: "Content-Type", value: "application/json"), (name: "Cache-Control", value: "no-store"),
  ]

  /// JSON that holds now, and is not to be kept.
  static func json(_ body: [UInt8]) -> HTTPResponse {
    HTTPResponse(headers: jsonHeaders, body: body)
  }
}
