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
    var paths: [JSONNode.Member] = []
    for operation in routes.flatMap({ $0.operations(pipelines) }) {
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
          "Queries, boards and sessions of read models. HEAD is answered wherever GET is. Every answer about a read model says what it is true for:"
            + " `position`, `time`, `generation`."),
      ],
      "tags": .list(
        pipelines.map { pipeline in
          ["name": .text(pipeline.name), "description": .text(pipeline.about)]
        }),
      "paths": .object(paths),
      "components": [
        "schemas": [
          "Error": QueryError.shape.schema.node, "Status": status.schema.node, "Effects": QueryRouter.effectsSchema.node,
        ]
      ],
    ]
  }

  private static func node(_ operation: Route.Operation) -> JSONNode {
    var members: [JSONNode.Member] = [
      .init(name: "operationId", value: .text(operation.id)), .init(name: "summary", value: .text(operation.summary)),
    ]
    if !operation.about.isEmpty { members.append(.init(name: "description", value: .text(operation.about))) }
    if let pipeline = operation.pipeline { members.append(.init(name: "tags", value: .texts([pipeline]))) }
    if !operation.parameters.isEmpty { members.append(.init(name: "parameters", value: .list(operation.parameters.map(\.node)))) }
    members.append(.init(name: "responses", value: responses(operation)))
    return .object(members + operation.more)
  }

  private static func responses(_ operation: Route.Operation) -> JSONNode {
    let content = operation.content.map { JSONNode.Member(name: $0.type, value: ["schema": $0.schema.node]) }
    var responses: [JSONNode.Member] = [
      .init(name: "200", value: ["description": .text(operation.summary), "content": .object(content)])
    ]
    // What stands before every path, and what no handler expects.
    let all = operation.errors + [.forbiddenHost, .failed] + (operation.method == .post ? [.forbiddenOrigin] : [])
    for status in Set(all.map(\.status)).sorted() {
      let codes = QueryError.Code.allCases.filter { $0.status == status && all.contains($0) }
      let schema: JSONNode = [
        "allOf": [
          JSONSchema.component("Error").node,
          ["properties": ["error": ["enum": .texts(codes.map(\.rawValue))]]],
        ]
      ]
      responses.append(
        .init(
          name: "\(status)",
          value: [
            "description": .text(codes.map { "\($0.rawValue): \($0.about)" }.joined(separator: "; ")),
            "content": ["application/json": ["schema": schema]],
          ]))
    }
    return .object(responses)
  }
}
