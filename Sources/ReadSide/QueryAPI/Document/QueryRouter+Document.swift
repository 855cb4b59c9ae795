internal import DynamoModel
internal import Pipelines

/// The OpenAPI document: made of the routes and of the pipelines whose names are answered now, each time that it is asked for.
extension QueryRouter {
  func document() async -> [UInt8] {
    var pipelines: [Pipeline] = []
    for view in views { if let pipeline = await view.served() { pipelines.append(pipeline) } }
    var writer = JSONWriter(capacity: 1 << 16)
    document(of: pipelines).append(to: &writer)
    return writer.bytes
  }

  /// Every path of these pipelines, and those that belong to none.
  func document(of pipelines: [Pipeline]) -> JSONNode {
    let operations = routes.flatMap { $0.operations(pipelines) }
    var paths: [JSONNode.Member] = []
    for operation in operations {
      let member = JSONNode.Member(name: operation.method.rawValue.lowercased(), value: QueryRouter.node(operation))
      if let place = paths.firstIndex(where: { $0.name == operation.path }) {
        paths[place] = .init(name: operation.path, value: paths[place].value.adding([member]))
      } else {
        paths.append(.init(name: operation.path, value: .object([member])))
      }
    }
    return [
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
      "components": [
        "schemas": JSONNode.object([
          .init(name: "Error", value: QueryError.shape.schema.node), .init(name: "Status", value: status.schema.node),
          .init(name: "Effects", value: QueryRouter.effectsSchema.node),
        ]).adding(
          pipelines.map { .init(name: QueryRouter.dashboardName($0), value: PipelineView.dashboardSchema($0).node) }),
        "responses": .object(QueryRouter.failures(operations)),
      ],
    ]
  }

  /// The name of a pipeline's dashboard among the document's schemas: it is an answer and an event.
  static func dashboardName(_ pipeline: Pipeline) -> String { "Dashboard.\(pipeline.name)" }

  private static func node(_ operation: Route.Operation) -> JSONNode {
    var members: [JSONNode.Member] = [
      .init(name: "operationId", value: .text(operation.id)), .init(name: "summary", value: .text(operation.summary)),
    ]
    if !operation.about.isEmpty { members.append(.init(name: "description", value: .text(operation.about))) }
    if let pipeline = operation.pipeline { members.append(.init(name: "tags", value: .texts([pipeline]))) }
    if !operation.parameters.isEmpty { members.append(.init(name: "parameters", value: .list(operation.parameters.map(\.node)))) }
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
    let failures = errors(operation).map { status, codes in
      JSONNode.Member(name: "\(status)", value: ["$ref": .text("#/components/responses/\(name(codes))")])
    }
    members.append(.init(name: "responses", value: .object([answer] + failures)))
    return .object(members + operation.more)
  }

  /// By status, the codes with which an operation may fail: its own, those that stand before every path, and the one that no handler expects.
  private static func errors(_ operation: Route.Operation) -> [(status: Int, codes: [QueryError.Code])] {
    let all = operation.errors + [.forbiddenHost, .failed] + (operation.method == .post ? [.forbiddenOrigin] : [])
    return Set(all.map(\.status)).sorted().map { status in
      (status, QueryError.Code.allCases.filter { $0.status == status && all.contains($0) })
    }
  }

  private static func name(_ codes: [QueryError.Code]) -> String { codes.map(\.rawValue).joined(separator: ".") }

  /// What operations answer when they fail, each once.
  private static func failures(_ operations: [Route.Operation]) -> [JSONNode.Member] {
    var found: [JSONNode.Member] = []
    for (_, codes) in operations.flatMap(errors) where !found.contains(where: { $0.name == name(codes) }) {
      let schema: JSONNode = [
        "allOf": [
          JSONSchema.component("Error").node,
          ["properties": ["error": ["enum": .texts(codes.map(\.rawValue))]]],
        ]
      ]
      found.append(
        .init(
          name: name(codes),
          value: [
            "description": .text(codes.map { "\($0.rawValue): \($0.about)" }.joined(separator: "; ")),
            "content": ["application/json": ["schema": schema]],
          ]))
    }
    return found
  }
}
