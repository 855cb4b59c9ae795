internal import AccessKeys
internal import DynamoModel
internal import HTTPServer
internal import Pipelines

/// What only reads.
extension QueryRouter {
  /// What belongs to no pipeline.
  static let serverRoutes: [Route] = [
    Route(
      .get, "/v1/openapi.json", access: .anyKey,
      answer: { router, call in
        try call.arguments.finish()
        return .json(await router.document(for: call.caller))
      }
    ) { _ in
      [
        .init(
          method: .get, path: "/v1/openapi.json", id: "openapi", pipeline: nil, summary: "This document",
          content: [("application/json", JSONSchema(["type": "object"]))])
      ]
    },
    Route(
      .get, "/v1/pipelines", access: .anyKey,
      answer: { router, call in
        try call.arguments.finish()
        var writer = JSONWriter()
        PipelineList.shape.object(PipelineList(names: router.views(seenBy: call.caller).map(\.name)), to: &writer)
        return .json(writer.bytes)
      }
    ) { _ in
      [
        .init(
          method: .get, path: "/v1/pipelines", id: "pipelines", pipeline: nil, summary: "The pipelines",
          content: [("application/json", PipelineList.shape.schema)])
      ]
    },
    Route(.get, "/v1/events", access: .anyKey, answer: { router, call in router.subscribe(call.caller) }) { pipelines in
      let events: JSONNode = [
        "status": JSONSchema.component("Status").node,
        "dashboard": JSONSchema.any(of: pipelines.map { .component(dashboardName($0)) }).node,
      ]
      return [
        .init(
          method: .get, path: "/v1/events", id: "events", pipeline: nil,
          summary: "The state and the tiles of every pipeline as server-sent events, whenever they have changed",
          about: "Each event is named `status` or `dashboard`; its data is the JSON that the pipeline's path of that name answers"
            + " (`x-events` has the schemas). All hold at once when a listener comes.",
          content: [("text/event-stream", .text)], errors: [.busy], more: [.init(name: "x-events", value: events)])
      ]
    },
    Route(.get, "/metrics", access: .everyPipeline(.query), answer: { router, _ in HTTPResponse(prometheus: router.metrics()) }) {
      _ in
      [
        .init(
          method: .get, path: "/metrics", id: "metrics", pipeline: nil, summary: "Metrics, as Prometheus reads them",
          content: [(mediaType(HTTPResponse(prometheus: "")), .text)])
      ]
    },
  ]

  /// A file of the page.
  static func route(_ file: (path: String, response: HTTPResponse)) -> Route {
    Route(.get, file.path, access: .nothing, answer: { _, _ in file.response }) { _ in
      let name = file.path == "/" ? "page" : String(file.path.dropFirst())
      return [
        .init(
          method: .get, path: file.path, id: "file.\(name)", pipeline: nil, summary: "A file of the page",
          content: [(mediaType(file.response), .text)])
      ]
    }
  }

  private static func mediaType(_ response: HTTPResponse) -> String {
    response.headers.first { $0.name == "Content-Type" }?.value ?? "application/octet-stream"
  }

  /// What is asked of a pipeline.
  static let readRoutes: [Route] = [
    .ofPipeline(
      .get, "/v1/pipelines/{pipeline}",
      answer: { router, call in
        let view = try router.check(call)
        try call.arguments.finish()
        return router.status.json(view.name)
      }
    ) { _ in
      [
        .init(
          id: ["status"], summary: "The state of the pipeline: its lanes, generations and queries", schema: .component("Status"))
      ]
    },
    .ofPipeline(
      .get, "/v1/pipelines/{pipeline}/queries/{query}",
      answer: { router, call in
        let view = try router.check(call)
        let positions = try call.arguments.positions()
        return try await view.query(call.names[1], parameters: call.arguments.rest, atLeast: positions)
      }
    ) { pipeline in
      pipeline.queries.map { query in
        .init(
          names: [query.name], id: ["query", query.name], summary: "The query `\(query.name)`", about: query.about,
          parameters: PipelineView.parameters(of: query),
          schema: PipelineView.schema(query, pipeline),
          errors: [.badRequest, query.isOne ? .noRow : .tooManyRows, .queryTimeout, .queryFailed] + reading)
      }
    },
    .ofPipeline(
      .get, "/v1/pipelines/{pipeline}/queries/{query}/explain",
      answer: { router, call in
        let view = try router.check(call)
        try call.arguments.finish()
        return try await view.explain(call.names[1])
      }
    ) { pipeline in
      pipeline.queries.map { query in
        .init(
          names: [query.name], id: ["query", query.name, "explain"],
          summary: "How the query `\(query.name)` finds its rows, and what would help where it reads many",
          schema: PipelineView.explanationSchema(query, pipeline), errors: [.badRequest, .queryFailed, .notReady, .busy])
      }
    },
    .ofBoards(
      .get, "/v1/pipelines/{pipeline}/leaderboards/{leaderboard}/{question}",
      request: { call in
        let word = call.names[2]
        return try call.arguments.board(call.names[1]) { try $0.question(word) }
      }
    ) { pipeline in
      AskedBoard.all(of: pipeline).flatMap { id, board in
        let name = pipeline.projections[id].name
        return BoardQuestion.Word.allCases.map { word in
          Route.Described(
            names: [name, word.rawValue], id: ["leaderboard", name, word.rawValue],
            summary: "The leaderboard `\(name)`: \(word.about)", about: pipeline.projections[id].about,
            parameters: PipelineView.parameters(of: word, board, pipeline.projections[id]) + [Parameters.atLeast],
            schema: PipelineView.schema(id, board, pipeline), errors: [.badRequest, .queryFailed] + reading)
        }
      }
    },
    ofMembers("ranks", "the ranks of many members", schema: PipelineView.ranksSchema) { .ranks(members: $0) },
    ofMembers("among", "some members in their order among one another", schema: PipelineView.amongSchema) {
      .among(members: $0)
    },
    .ofPipeline(
      .get, "/v1/pipelines/{pipeline}/sessions/{sessions}",
      answer: { router, call in
        let view = try router.check(call)
        let positions = try call.arguments.positions()
        let key = call.arguments.all(Parameters.key)
        let limit = try call.arguments.integer(Parameters.sessionsLimit)
        try call.arguments.finish()
        return try await view.sessions(call.names[1], key: key, limit: limit, atLeast: positions)
      }
    ) { pipeline in
      PipelineView.sessions(of: pipeline).map { id, sessions in
        let projection = pipeline.projections[id]
        return Route.Described(
          names: [projection.name], id: ["sessions", projection.name],
          summary: "The sessions of `\(projection.name)`: of a key, or those that are active", about: projection.about,
          parameters: [PipelineView.keyParameter(sessions, projection), Parameters.sessionsLimit.parameter, Parameters.atLeast],
          schema: PipelineView.sessionsSchema(id, pipeline), errors: [.badRequest, .queryFailed] + reading)
      }
    },
    .ofPipeline(
      .get, "/v1/pipelines/{pipeline}/dead-letters",
      answer: { router, call in
        let view = try router.check(call)
        let positions = try call.arguments.positions()
        let limit = try call.arguments.integer(Parameters.lettersLimit)
        try call.arguments.finish()
        return try await view.deadLetters(limit: limit, atLeast: positions)
      }
    ) { pipeline in
      [
        .init(
          id: ["dead-letters"], summary: "The records that a projection could not take, the newest first",
          parameters: [Parameters.lettersLimit.parameter, Parameters.atLeast], schema: PipelineView.deadLettersSchema(pipeline),
          errors: [.badRequest, .queryFailed] + reading)
      ]
    },
    .ofPipeline(
      .get, "/v1/pipelines/{pipeline}/dashboard",
      answer: { router, call in
        let view = try router.check(call)
        let positions = try call.arguments.positions()
        try call.arguments.finish()
        return try await view.dashboard(atLeast: positions)
      }
    ) { pipeline in
      [
        .init(
          id: ["dashboard"], summary: "The tiles of the page", parameters: [Parameters.atLeast],
          schema: .component(dashboardName(pipeline)), errors: [.badRequest, .queryFailed] + reading)
      ]
    },
  ]

  /// A question about given members of a board.
  private static func ofMembers(
    _ word: String, _ summary: String, schema: @escaping @Sendable (ProjectionID, Leaderboard, Pipeline) -> JSONSchema,
    request: @escaping @Sendable ([String]) -> BoardQuestion
  ) -> Route {
    .ofBoards(
      .post, "/v1/pipelines/{pipeline}/leaderboards/{leaderboard}/\(word)",
      request: { call in try call.arguments.board(call.names[1]) { request(try $0.members()) } }
    ) { pipeline in
      AskedBoard.all(of: pipeline).map { id, board in
        let projection = pipeline.projections[id]
        return .init(
          names: [projection.name], id: ["leaderboard", projection.name, word],
          summary: "The leaderboard `\(projection.name)`: \(summary)",
          about: "A question, and a POST only because many members do not fit a path: they are sent as a form.",
          parameters: PipelineView.membersParameters(board, projection) + [Parameters.atLeast],
          schema: schema(id, board, pipeline), errors: [.badRequest, .queryFailed] + reading)
      }
    }
  }

  /// What any question of a read model may meet.
  private static let reading: [QueryError.Code] = [.notReady, .notYet, .busy, .unavailable]
}

/// What `/v1/pipelines` answers.
private struct PipelineList {
  let names: [String]

  static let shape = AnswerShape<PipelineList>([.texts("pipelines", "The pipelines that this server answers for.") { $0.names }])
}
