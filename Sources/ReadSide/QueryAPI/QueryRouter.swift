internal import ChangeRecords
internal import DynamoModel
package import HTTPServer
internal import Pipelines
package import Services
internal import Synchronization
package import Telemetry

/// The read side over HTTP: queries, boards, sessions, what the page shows, and metrics. Everything is GET.
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
  private let metrics: Metrics
  private let events: EventHub
  private let refresh: @Sendable () -> Void
  private let page: @Sendable (String) -> HTTPResponse?

  /// `status` gives a pipeline's lanes and generations as JSON; `refresh` brings gauges up to date before they are printed; `page`
  /// serves the files of the page.
  package init(
    views: [PipelineView], changed: Signal, metrics: Metrics, status: @escaping @Sendable (String) -> [UInt8],
    refresh: @escaping @Sendable () -> Void, page: @escaping @Sendable (String) -> HTTPResponse?
  ) {
    self.views = views
    self.status = status
    self.metrics = metrics
    self.refresh = refresh
    self.page = page
    events = EventHub(views: views, changed: changed, status: status)
  }

  /// Sends events until cancelled: a service of its own.
  package var eventService: any Service { events }

  package func handle(_ request: borrowing HTTPRequest, _ responder: Responder) {
    guard request.method == "GET" || request.method == "HEAD" else {
      return responder.answer(QueryRouter.failure(QueryError(405, "MethodNotAllowed", "everything here is GET")))
    }
    let path = request.path
    if path == "/metrics" {
      refresh()
      return responder.answer(
        HTTPResponse(headers: [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")], body: Array(metrics.text.utf8)))
    }
    if path == "/v1/events" { return responder.answer(events.subscribe()) }
    if let page = page(path) { return responder.answer(page) }
    let parts = path.split(separator: "/").map(String.init)
    let query = request.query
    Task {
      do {
        responder.answer(QueryRouter.success(try await answer(parts, query)))
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
    guard let view = views.first(where: { $0.name == parts[2] }) else {
      throw QueryError.unknown("pipeline", parts[2], known: views.map(\.name))
    }
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
    case ("dashboard", 4): return try await view.dashboard()
    default: throw QueryError(404, "NotFound", "there is nothing at this path; begin at /v1/pipelines")
    }
  }

  private static func success(_ body: [UInt8]) -> HTTPResponse {
    HTTPResponse(headers: [("Content-Type", "application/json"), ("Cache-Control", "no-store")], body: body)
  }

  private static func failure(_ error: QueryError) -> HTTPResponse {
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("error")
    writer.string(error.code)
    writer.name("message")
    writer.string(error.message)
    writer.endObject()
    return HTTPResponse(status: error.status, headers: [("Content-Type", "application/json")], body: writer.bytes)
  }
}

/// The parameters of a request, taken one by one; what is left over at the end is unknown.
private struct Arguments {
  var rest: [(name: String, value: String)]

  init(_ query: [(name: String, value: String)]) { rest = query }

  mutating func all(_ name: String) -> [String] {
    defer { rest.removeAll { $0.name == name } }
    return rest.filter { $0.name == name }.map(\.value)
  }

  mutating func take(_ name: String) -> String? { all(name).last }

  mutating func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let text = take(name) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw QueryError.bad("`\(name)` is a whole number from \(range.lowerBound) to \(range.upperBound), not `\(text)`")
    }
    return number
  }

  mutating func positions() throws -> [Position] {
    try all("at_least").flatMap { $0.split(separator: ",") }.map { text in
      guard let position = Position(text), position.sequence <= UInt64(Int64.max) else {
        throw QueryError.bad("`\(text)` is not a position: table id:partition:sequence")
      }
      return position
    }
  }

  mutating func question(_ word: String) throws -> PipelineView.BoardQuestion {
    switch word {
    case "top":
      return .top(
        offset: try integer("offset", in: 0...1_000_000_000) ?? 0,
        limit: try integer("limit", in: 1...PipelineView.boardPageMax) ?? 10)
    case "rank", "around":
      guard let member = take("member") else { throw QueryError.bad("`member` is missing") }
      if word == "rank" { return .rank(member: member) }
      return .around(member: member, radius: try integer("radius", in: 0...500) ?? 5)
    case "count": return .count
    default: throw QueryError(404, "NotFound", "a leaderboard answers top, rank, around and count, not `\(word)`")
    }
  }

  func finish() throws {
    if let left = rest.first { throw QueryError.bad("`\(left.name)` is no parameter here") }
  }
}
