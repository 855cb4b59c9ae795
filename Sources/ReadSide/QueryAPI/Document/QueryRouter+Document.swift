internal import AccessKeys
internal import DynamoModel
internal import Pipelines

/// The OpenAPI document: made of the routes and of the pipelines whose names are answered now, each time that it is asked for.
extension QueryRouter {
  func document(for caller: Caller?) async -> [UInt8] {
    var pipelines: [Pipeline] = []
    for view in views(seenBy: caller) { if let pipeline = await view.served() { pipelines.append(pipeline) } }
    var writer = JSONWriter(capacity: 1 << 16)
    document(of: pipelines, for: caller).append(to: &writer)
    return writer.bytes
  }

  /// An operation, and the access that its route asks for.
  private typealias Described = (operation: Route.Operation, access: RequiredAccess)

  /// Every path of these pipelines, and those that belong to none, as far as the caller may call them.
  private func document(of pipelines: [Pipeline], for caller: Caller?) -> JSONNode {
    func with(_ access: PipelineAccess) -> [Pipeline] {
      pipelines.filter { caller?.key.allows(access, pipeline: $0.name) ?? true }
    }
    let (readable, operable) = (with(.query), with(.operate))
    let operations: [Described] = routes.flatMap { route in
      let isGiven = caller.map { route.access.isGiven(by: $0.key, pipeline: nil) } ?? true
      return switch route.access {
      case .pipeline(.operate): route.operations(operable).map { ($0, route.access) }
      case .pipeline(.query): route.operations(readable).map { ($0, route.access) }
      case .nothing, .anyKey, .everyPipeline: isGiven ? route.operations(readable).map { ($0, route.access) } : []
      }
    }
    var paths: [JSONNode.Member] = []
    for described in operations {
      let operation = described.operation
      let member = JSONNode.Member(name: operation.method.rawValue.lowercased(), value: node(described))
      if let place = paths.firstIndex(where: { $0.name == operation.path }) {
        paths[place] = .init(name: operation.path, value: paths[place].value.adding([member]))
      } else {
        paths.append(.init(name: operation.path, value: .object([member])))
      }
    }
    let components: JSONNode = [
      "schemas": JSONNode.object([
        .init(name: "Error", value: QueryError.shape.schema.node), .init(name: "Status", value: status.schema.node),
        .init(name: "Effects", value: QueryRouter.effectsSchema.node),
      ]).adding(
        readable.map { .init(name: QueryRouter.dashboardName($0), value: PipelineView.dashboardSchema($0).node) }),
      "responses": .object(failures(operations)),
    ]
    let document: JSONNode = [
      "openapi": "3.1.0",
      "info": [
        "title": "Afterimage", "version": "1",
        "description": .text(
          "Queries, boards and sessions of read models. HEAD is answered wherever GET is. Every answer about a read model says what it is"
            + " true for: `position`, `time`, `generation`."),
      ],
      "tags": .list(
        pipelines.map { pipeline in
          ["name": .text(pipeline.name), "description": .text(pipeline.about)]
        }),
      "paths": .object(paths),
      "components": components.adding(
        keys.map { [.init(name: "securitySchemes", value: QueryRouter.securitySchemes($0))] } ?? []),
    ]
    return keys == nil ? document : document.adding([.init(name: "security", value: [["token": []], ["session": []]])])
  }

  private static func securitySchemes(_ keys: PageKeys) -> JSONNode {
    [
      "token": ["type": "http", "scheme": "bearer", "description": "The `token` of an entry of the server's file of keys."],
      "session": [
        "type": "apiKey", "in": "cookie", "name": .text(keys.cookieName),
        "description": "What `/v1/login` sets. With it only the page itself may send a POST.",
      ],
    ]
  }

  /// The name of a pipeline's dashboard among the document's schemas: it is an answer and an event.
  static func dashboardName(_ pipeline: Pipeline) -> String { "Dashboard.\(pipeline.name)" }

  private func node(_ described: Described) -> JSONNode {
    let operation = described.operation
    var members: [JSONNode.Member] = [
      .init(name: "operationId", value: .text(operation.id)), .init(name: "summary", value: .text(operation.summary)),
    ]
    if !operation.about.isEmpty { members.append(.init(name: "description", value: .text(operation.about))) }
    if let pipeline = operation.pipeline { members.append(.init(name: "tags", value: .texts([pipeline]))) }
    if !operation.parameters.isEmpty { members.append(.init(name: "parameters", value: .list(operation.parameters.map(\.node)))) }
    if keys != nil, described.access == .nothing { members.append(.init(name: "security", value: [])) }
    if let body = operation.body {
      members.append(
        .init(name: "requestBody", value: ["required": true, "content": ["application/json": ["schema": body.node]]]))
    }
    if operation.method == .post, !operation.parameters.isEmpty {
      let form = JSONSchema.object(operation.parameters.map { .init($0.name, $0.wholeSchema, isRequired: $0.isRequired) })
      members.append(
        .init(
          name: "requestBody",
          value: [
            "description": "The parameters, where they are not in the path's query.",
            "content": ["application/x-www-form-urlencoded": ["schema": form.node]],
          ]))
    }
    let content = operation.content.map { JSONNode.Member(name: $0.type, value: ["schema": $0.schema.node]) }
    let answer = JSONNode.Member(name: "200", value: ["description": .text(operation.summary), "content": .object(content)])
    let failures = errors(described).map { status, codes in
      JSONNode.Member(name: "\(status)", value: ["$ref": .text("#/components/responses/\(QueryRouter.name(codes))")])
    }
    members.append(.init(name: "responses", value: .object([answer] + failures)))
    return .object(members + operation.more)
  }

  /// By status, the codes with which an operation may fail: its own, those that stand before every path, and the one that no handler expects.
  private func errors(_ described: Described) -> [(status: Int, codes: [QueryError.Code])] {
    let operation = described.operation
    var all = operation.errors + [.forbiddenHost, .failed] + (operation.method == .post ? [.forbiddenOrigin] : [])
    if keys != nil, described.access != .nothing {
      all += described.access == .anyKey ? [.unauthorized] : [.unauthorized, .forbidden]
    }
    return Set(all.map(\.status)).sorted().map { status in
      (status, QueryError.Code.allCases.filter { $0.status == status && all.contains($0) })
    }
  }

  private static func name(_ codes: [QueryError.Code]) -> String { codes.map(\.rawValue).joined(separator: ".") }

  /// What operations answer when they fail, each once.
  private func failures(_ operations: [Described]) -> [JSONNode.Member] {
    var found: [JSONNode.Member] = []
    for (_, codes) in operations.flatMap(errors) where !found.contains(where: { $0.name == QueryRouter.name(codes) }) {
      let schema: JSONNode = [
        "allOf": [
          JSONSchema.component("Error").node,
          ["properties": ["error": ["enum": .texts(codes.map(\.rawValue))]]],
        ]
      ]
      found.append(
        .init(
          name: QueryRouter.name(codes),
          value: [
            "description": .text(codes.map { "\($0.rawValue): \($0.about)" }.joined(separator: "; ")),
            "content": ["application/json": ["schema": schema]],
          ]))
    }
    return found
  }
}
