internal import AccessKeys
internal import HTTPServer
internal import Pipelines

/// One path of the server: what it takes, what answers it, and what the document says of it. The server answers what is in the table of routes and
/// nothing else.
final class Route: Sendable {
  enum Method: String, Sendable { case get = "GET", post = "POST" }

  /// A request at the path.
  struct Call: Sendable {
    /// What stands in place of each `{name}`, in their order.
    let names: [String]
    var arguments: Arguments
    /// Nil on a server without keys, and where nobody has to say who calls.
    var caller: Caller?
    var sender = Sender()
  }

  /// What a path is asked for: the path itself, or one of those that a `{name}` stands for.
  struct Operation: Sendable {
    let method: Method
    let path: String
    /// Unlike every other's.
    let id: String
    /// The pipeline's name; nil for what belongs to none.
    let pipeline: String?
    let summary: String
    var about = ""
    var parameters: [RequestParameter] = []
    /// JSON that is sent with it; nil for parameters alone.
    var body: JSONSchema?
    /// By the answer's media type, what it may be.
    let content: [(type: String, schema: JSONSchema)]
    /// Beside those that any path may answer.
    var errors: [QueryError.Code] = []
    /// What the operation's object in the document says beside this.
    var more: [JSONNode.Member] = []
  }

  let method: Method
  /// As the answers of the server say it: `/v1/pipelines/{pipeline}`.
  let path: String
  /// Of whoever calls it on a server with keys.
  let access: RequiredAccess
  private let parts: [Part]
  let answer: @Sendable (QueryRouter, inout Call) async throws -> HTTPResponse
  /// The same answer, or the same error, where that needs no waiting, and else nil. It is called on a thread that many requests share.
  let answerAtOnce: (@Sendable (QueryRouter, inout Call) throws -> HTTPResponse?)?
  /// One for each thing that the path's names may stand for in these pipelines.
  let operations: @Sendable ([Pipeline]) -> [Operation]

  init(
    _ method: Method, _ path: String, access: RequiredAccess,
    answer: @escaping @Sendable (QueryRouter, inout Call) async throws -> HTTPResponse,
    atOnce: (@Sendable (QueryRouter, inout Call) throws -> HTTPResponse?)? = nil,
    operations: @escaping @Sendable ([Pipeline]) -> [Operation]
  ) {
    self.method = method
    self.path = path
    self.access = access
    parts = Route.parts(of: path).map { $0.hasPrefix("{") ? .name : .word($0) }
    self.answer = answer
    answerAtOnce = atOnce
    self.operations = operations
  }

  private enum Part: Sendable {
    case word(String)
    case name
  }

  /// What stands between the slashes of a path.
  static func parts(of path: String) -> [String] { path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) } }

  /// What stands in place of the path's names; nil for another path.
  func names(in asked: [String]) -> [String]? {
    guard asked.count == parts.count else { return nil }
    for case (.word(let word), let given) in zip(parts, asked) where given != word { return nil }
    return zip(parts, asked).compactMap { if case .name = $0 { $1 } else { nil } }
  }

  /// The path with these in place of its names.
  static func fill(_ path: String, _ names: [String]) -> String {
    var names = names[...]
    let parts = parts(of: path).map { $0.hasPrefix("{") ? names.popFirst() ?? "" : $0 }
    return "/" + parts.joined(separator: "/")
  }
}

extension Route {
  /// A path of each pipeline, with JSON as its answer: `describe` gives what the names after the pipeline's may stand for.
  static func ofPipeline(
    _ method: Method, _ path: String, access: PipelineAccess = .query,
    answer: @escaping @Sendable (QueryRouter, inout Call) async throws -> [UInt8],
    atOnce: (@Sendable (QueryRouter, inout Call) throws -> [UInt8]?)? = nil,
    describe: @escaping @Sendable (Pipeline) -> [Described]
  ) -> Route {
    var response: (@Sendable (QueryRouter, inout Call) throws -> HTTPResponse?)?
    if let atOnce {
      response = { router, call in try atOnce(router, &call).map { HTTPResponse.json($0) } }
    }
    return Route(
      method, path, access: .pipeline(access), answer: { router, call in .json(try await answer(router, &call)) },
      atOnce: response
    ) { pipelines in
      pipelines.flatMap { pipeline in
        describe(pipeline).map { one in
          Operation(
            method: method, path: fill(path, [pipeline.name] + one.names), id: ([pipeline.name] + one.id).joined(separator: "."),
            pipeline: pipeline.name, summary: one.summary, about: one.about, parameters: one.parameters,
            content: [("application/json", one.schema)], errors: [.notFound] + one.errors)
        }
      }
    }
  }

  /// A path of the pipeline's leaderboards: `request` is what a call of it asks. Answered at once where that is possible.
  static func ofBoards(
    _ method: Method, _ path: String, request: @escaping @Sendable (inout Call) throws -> BoardRequest,
    describe: @escaping @Sendable (Pipeline) -> [Described]
  ) -> Route {
    ofPipeline(
      method, path,
      answer: { router, call in
        let view = try router.check(call)
        return try await view.board(try request(&call))
      },
      atOnce: { router, call in
        let view = try router.check(call)
        return try view.boardAtOnce(try request(&call))
      }, describe: describe)
  }

  /// What a pipeline's path is asked for, when these stand for its names.
  struct Described: Sendable {
    var names: [String] = []
    let id: [String]
    let summary: String
    var about = ""
    var parameters: [RequestParameter] = []
    let schema: JSONSchema
    var errors: [QueryError.Code] = []
  }
}
