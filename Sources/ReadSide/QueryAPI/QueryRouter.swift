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

  /// Answers one request, exactly once, from a task. Errors are JSON with a code. Hosts and origins have been checked before (`HostGate`).
  package func handle(_ request: borrowing HTTPRequest, _ responder: Responder) {
    let (method, path, query) = (request.method, request.path, request.query + (request.method == "POST" ? request.form : []))
    Task { responder.answer(await answer(method, path, query)) }
  }

  /// The answer to a request. HEAD is answered as GET is.
  func answer(_ method: String, _ path: String, _ query: [(name: String, value: String)]) async -> HTTPResponse {
    let parts = path.split(separator: "/").map(String.init)
    do {
      guard let asked = Route.Method(rawValue: method == "HEAD" ? "GET" : method) else {
        throw QueryError(.methodNotAllowed, "questions are GET, operations POST")
      }
      for route in routes where route.method == asked {
        guard let names = route.names(in: parts) else { continue }
        var call = Route.Call(names: names, arguments: Arguments(query))
        return try await route.answer(self, &call)
      }
      if asked == .post { throw QueryError(.methodNotAllowed, "nothing takes a POST at this path") }
      if routes.contains(where: { $0.names(in: parts) != nil }) {
        throw QueryError(.methodNotAllowed, "this path is an operation: it takes a POST")
      }
      throw QueryError(.notFound, "there is nothing at this path; begin at /v1/pipelines")
    } catch let error as QueryError where error.code == .methodNotAllowed {
      var response = HTTPResponse(error)
      let methods = routes.filter { $0.names(in: parts) != nil }.map { $0.method == .get ? "GET, HEAD" : $0.method.rawValue }
      response.headers.append(("Allow", methods.joined(separator: ", ")))
      return response
    } catch let error as QueryError {
      return HTTPResponse(error)
    } catch let error as OperatorRefusal {
      return HTTPResponse(QueryError(.refused, error.description))
    } catch {
      return HTTPResponse(QueryError(.failed, "\(error)"))
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

  /// JSON that holds now, and is not to be kept.
  static func json(_ body: [UInt8]) -> HTTPResponse {
    HTTPResponse(headers: [("Content-Type", "application/json"), ("Cache-Control", "no-store")], body: body)
  }
}
