internal import DynamoModel
package import HTTPServer
internal import Pipelines
package import Services

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

  /// `status` gives a pipeline's lanes and generations, `metrics` what `/metrics` answers; `files` are those of the page.
  package init(
    views: [PipelineView], operations: any PipelineOperator, changed: Signal, status: Status,
    metrics: @escaping @Sendable () -> String, files: [(path: String, response: HTTPResponse)]
  ) {
    self.views = views
    self.operations = operations
    self.status = status
    self.metrics = metrics
    events = EventHub(views: views, changed: changed, status: status.json)
    routes = QueryRouter.serverRoutes + files.map(QueryRouter.route) + QueryRouter.readRoutes + QueryRouter.operatorRoutes
  }

  /// Sends events until cancelled: a service of its own.
  package var eventService: any Service { events }

  /// Answers one request, exactly once: before it returns where that needs no waiting, else from a task. Errors are JSON with a code. Hosts and
  /// origins have been checked before (`HostGate`).
  package func handle(_ request: borrowing HTTPRequest, _ responder: Responder) {
    let asked = Asked(request.method, request.encodedPath, request.query + (request.method == "POST" ? request.form : []))
    if let response = answerAtOnce(asked) { return responder.answer(response) }
    Task { responder.answer(await answer(asked)) }
  }

  /// What is asked: the method, the path as it was sent, and the parameters.
  struct Asked: Sendable {
    let method: String
    let path: String
    let query: [(name: String, value: String)]

    init(_ method: String, _ path: String, _ query: [(name: String, value: String)]) {
      self.method = method
      self.path = path
      self.query = query
    }

    var parts: [String] { Route.parts(of: PercentCoding.decode(path.utf8, plusIsBlank: false)) }
  }

  /// What `answer` gives, where that needs no waiting; else nil.
  func answerAtOnce(_ asked: Asked) -> HTTPResponse? {
    do {
      let (route, names) = try paths.route(asked) { () throws(QueryError) in try find(asked) }
      guard let atOnce = route.answerAtOnce else { return nil }
      var call = Route.Call(names: names, arguments: Arguments(asked.query))
      return try atOnce(self, &call)
    } catch {
      return response(error, asked)
    }
  }

  /// The answer to a request. HEAD is answered as GET is.
  func answer(_ asked: Asked) async -> HTTPResponse {
    do {
      let (route, names) = try find(asked)
      var call = Route.Call(names: names, arguments: Arguments(asked.query))
      return try await route.answer(self, &call)
    } catch {
      return response(error, asked)
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
    case let error as QueryError: return HTTPResponse(error)
    case let error as OperatorRefusal: return HTTPResponse(QueryError(.refused, error.description))
    default: return HTTPResponse(QueryError(.failed, "\(error)"))
    }
  }

  @discardableResult
  func check(_ pipeline: String) throws -> PipelineView {
    guard let view = views.first(where: { $0.name == pipeline }) else {
      throw QueryError.unknown("pipeline", pipeline, known: views.map(\.name))
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
