internal import ChangeRecords
internal import DynamoModel
package import HTTPServer
internal import Pipelines
package import Services
internal import Synchronization

/// The read side over HTTP: queries, boards, sessions, what the page shows, and metrics. What an operator may do is in
/// `QueryRouter+Operations`.
///
/// | path | answer |
/// | --- | --- |
/// | `/v1/pipelines` | the pipelines |
/// | `/v1/pipelines/P` | P's queries with their parameters, boards, sessions, lanes |
/// | `/v1/pipelines/P/queries/Q?name=value` | a named query |
/// | `/v1/pipelines/P/leaderboards/L/top?board=&offset=&limit=` | the best, or a page |
/// | `/v1/pipelines/P/leaderboards/L/rank?member=&board=` | one member |
/// | `/v1/pipelines/P/leaderboards/L/around?member=&radius=&board=` | its neighbours |
/// | `/v1/pipelines/P/sessions/S?key=` | sessions of a key (`key` once for each of its parts), or the active ones |
/// | `/v1/pipelines/P/dead-letters` | records that a projection could not take |
/// | `/v1/pipelines/P/dashboard` | the page's tiles |
/// | `/v1/events` | the tiles of all pipelines as server-sent events |
/// | `/metrics` | Prometheus text |
///
/// `at_least=<position>` (as in `x-afterimage-position`; commas join several) waits until the answer holds those records.
package final class QueryRouter: Sendable {
  private let views: [PipelineView]
  private let status: @Sendable (String) -> [UInt8]
  private let metrics: @Sendable () -> String
  private let events: EventHub
  let operations: any PipelineOperator
  private let page: @Sendable (String) -> HTTPResponse?

  /// `status` gives a pipeline's lanes and generations as JSON, `metrics` what `/metrics` answers; `page` serves the files of the page.
  package init(
    views: [PipelineView], operations: any PipelineOperator, changed: Signal,
    status: @escaping @Sendable (String) -> [UInt8], metrics: @escaping @Sendable () -> String,
    page: @escaping @Sendable (String) -> HTTPResponse?
  ) {
    self.views = views
    self.operations = operations
    self.status = status
    self.metrics = metrics
    self.page = page
    events = EventHub(views: views, changed: changed, status: status)
  }

  /// Sends events until cancelled: a service of its own.
  package var eventService: any Service { events }

  /// Answers one request, exactly once: metrics, events and pages at once, questions (GET, HEAD) and operations (POST) from a task. Errors
  /// are JSON with a code. Hosts and origins have been checked before (`HostGate`).
  package func handle(_ request: borrowing HTTPRequest, _ responder: Responder) {
    let path = request.path
    let isPost = request.method == "POST"
    guard isPost || request.method == "GET" || request.method == "HEAD" else {
      return responder.answer(QueryRouter.failure(QueryError(405, "MethodNotAllowed", "questions are GET, operations POST")))
    }
    if isPost {
      let parts = path.split(separator: "/").map(String.init)
      let query = request.query
      return answer(responder) { [self] in try await operate(parts, query) }
    }
    if path == "/metrics" { return responder.answer(HTTPResponse(prometheus: metrics())) }
    if path == "/v1/events" { return responder.answer(events.subscribe()) }
    if let page = page(path) { return responder.answer(page) }
    let parts = path.split(separator: "/").map(String.init)
    let query = request.query
    answer(responder) { [self] in try await answer(parts, query) }
  }

  /// Answers when the work is done.
  private func answer(_ responder: Responder, _ work: @escaping @Sendable () async throws -> [UInt8]) {
    Task {
      do {
        responder.answer(QueryRouter.success(try await work()))
      } catch let error as QueryError {
        responder.answer(QueryRouter.failure(error))
      } catch {
        responder.answer(QueryRouter.failure(QueryError(500, "Failed", "\(error)")))
      }
    }
  }

  private func answer(_ parts: [String], _ query: [(name: String, value: String)]) async throws -> [UInt8] {
    guard parts.count >= 2, parts[0] == "v1", parts[1] == "pipelines" else {
      throw QueryError(404, "NotFound", "there is nothing at this path; begin at /v1/pipelines")
    }
    if parts.count == 2 {
      var writer = JSONWriter()
      writer.beginObject()
      writer.name("pipelines")
      writer.array(views.map(\.name)) { $0.string($1) }
      writer.endObject()
      return writer.bytes
    }
    let view = try check(parts[2])
    if parts.count == 3 { return status(view.name) }
    var arguments = Arguments(query)
    let positions = try arguments.positions()
    switch (parts[3], parts.count) {
    case ("queries", 5): return try await view.query(parts[4], parameters: arguments.rest, atLeast: positions)
    case ("leaderboards", 6):
      let board = arguments.all("board")
      let question = try arguments.question(parts[5])
      try arguments.finish()
      return try await view.leaderboard(parts[4], board: board.isEmpty ? nil : board, question, atLeast: positions)
    case ("sessions", 5):
      let key = arguments.all("key")
      let limit = try arguments.integer("limit", in: 1...1000) ?? 100
      try arguments.finish()
      return try await view.sessions(parts[4], key: key, limit: limit, atLeast: positions)
    case ("dead-letters", 4):
      let limit = try arguments.integer("limit", in: 1...1000) ?? 100
      try arguments.finish()
      return try await view.deadLetters(limit: limit)
    case ("effects", 4): return try await effects(view.name, &arguments)
    case ("dashboard", 4): return try await view.dashboard()
    default: throw QueryError(404, "NotFound", "there is nothing at this path; begin at /v1/pipelines")
    }
  }

  @discardableResult
  func check(_ pipeline: String) throws -> PipelineView {
    guard let view = views.first(where: { $0.name == pipeline }) else {
      throw QueryError.unknown("pipeline", pipeline, known: views.map(\.name))
    }
    return view
  }

  private static func success(_ body: [UInt8]) -> HTTPResponse {
    HTTPResponse(headers: [("Content-Type", "application/json"), ("Cache-Control", "no-store")], body: body)
  }

  private static func failure(_ error: QueryError) -> HTTPResponse {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("error", error.code)
    writer.member("message", error.message)
    writer.endObject()
    return HTTPResponse(status: error.status, headers: [("Content-Type", "application/json")], body: writer.bytes)
  }
}
