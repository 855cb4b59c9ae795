internal import HTTPServer
internal import Pipelines

/// One path of the server: what it takes, what answers it, and what the document says of it. The server answers what is in the table of routes and
/// nothing else.
struct Route: Sendable {
  enum Method: String, Sendable { case get = "GET", post = "POST" }

  /// A request at the path.
  struct Call: Sendable {
    /// What stands in place of each `{name}`, in their order.
    let names: [String]
    var arguments: Arguments
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
  private let parts: [String]
  let answer: @Sendable (QueryRouter, inout Call) async throws -> HTTPResponse
  /// One for each thing that the path's names may stand for in these pipelines.
  let operations: @Sendable ([Pipeline]) -> [Operation]

  init(
    _ method: Method, _ path: String, answer: @escaping @Sendable (QueryRouter, inout Call) async throws -> HTTPResponse,
    operations: @escaping @Sendable ([Pipeline]) -> [Operation]
  ) {
    self.method = method
    self.path = path
    parts = path.split(separator: "/").map(String.init)
    self.answer = answer
    self.operations = operations
  }

  /// What stands in place of the path's names; nil for another path.
  func names(in asked: [String]) -> [String]? {
    guard asked.count == parts.count else { return nil }
    var names: [String] = []
    for (part, word) in zip(parts, asked) {
      if part.hasPrefix("{") { names.append(word) } else if part != word { return nil }
    }
    return names
  }

  /// The path with these in place of its names.
  static func fill(_ path: String, _ names: [String]) -> String {
    var names = names[...]
    let parts = path.split(separator: "/").map { $0.hasPrefix("{") ? names.popFirst() ?? "" : String($0) }
    return "/" + parts.joined(separator: "/")
  }
}

extension Route {
  /// A path of each pipeline, with JSON as its answer: `describe` gives what the names after the pipeline's may stand for.
  static func ofPipeline(
    _ method: Method, _ path: String, answer: @escaping @Sendable (QueryRouter, inout Call) async throws -> [UInt8],
    describe: @escaping @Sendable (Pipeline) -> [Described]
  ) -> Route {
    Route(method, path, answer: { router, call in .json(try await answer(router, &call)) }) { pipelines in
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
