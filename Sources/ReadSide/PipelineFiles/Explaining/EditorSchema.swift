package import DynamoModel

/// The grammar of pipeline files as a JSON Schema (draft 2020-12), for editors: which keys stand where. Made of the lists by which the loader reads, so it
/// has every key that the loader takes and no other. What values mean is for `check` to say.
package enum EditorSchema {
  /// Writes the schema where a value is due.
  package static func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("$schema", "https://json-schema.org/draft/2020-12/schema")
    pipeline.writeMembers(to: &writer)
    writer.endObject()
  }

  /// What may stand at a place.
  private indirect enum Shape: Sendable {
    case scalar
    case anything
    /// A mapping whose names are the author's.
    case named(Shape)
    case list(Shape)
    case either([Shape])
    /// A mapping of the grammar: the shapes of its keys, where they are more than anything, and the keys that it must have.
    case mapping(GrammarMapping, [String: Shape], required: [String])

    static func mapping(_ mapping: GrammarMapping, _ shapes: [String: Shape] = [:]) -> Shape {
      .mapping(mapping, shapes, required: [])
    }

    func write(to writer: inout JSONWriter) {
      writer.beginObject()
      writeMembers(to: &writer)
      writer.endObject()
    }

    /// A key without a value is as good as none, so null may stand everywhere.
    func writeMembers(to writer: inout JSONWriter) {
      func types(_ names: [String]) {
        writer.name("type")
        writer.array(names + ["null"]) { $0.string($1) }
      }
      switch self {
      case .anything: break
      case .scalar: types(["string", "number", "boolean"])
      case .named(let shape):
        types(["object"])
        writer.name("additionalProperties")
        shape.write(to: &writer)
      case .list(let shape):
        types(["array"])
        writer.name("items")
        shape.write(to: &writer)
      case .either(let shapes):
        writer.name("anyOf")
        writer.array(shapes) { $1.write(to: &$0) }
      case .mapping(let mapping, let shapes, let required):
        types(["object"])
        writer.member("title", mapping.what)
        writer.name("properties")
        writer.beginObject()
        for key in mapping.keys {
          writer.name(text: key)
          (shapes[key] ?? .anything).write(to: &writer)
        }
        writer.endObject()
        writer.member("additionalProperties", false)
        if !required.isEmpty {
          writer.name("required")
          writer.array(required) { $0.string($1) }
        }
      }
    }
  }

  private static let change = Shape.either([.scalar, .mapping(Grammar.change, ["when": .scalar])])
  /// One change, or a list of them.
  private static let changes = Shape.either([change, .list(change)])
  private static let sql = Shape.either([.scalar, .mapping(Grammar.sqlTexts)])
  private static let rows = Shape.mapping(Grammar.rows)

  private static let pipeline = Shape.mapping(
    Grammar.pipeline,
    [
      "pipeline": .scalar, "about": .scalar, "parameters": .named(.scalar),
      "seasons": .named(.either([.scalar, .mapping(Grammar.season)])), "tables": .named(table), "items": .named(item),
      "projections": .named(.either(ProjectionKindRegistry.all.map(projection))), "effects": .named(effect),
      "queries": .named(.mapping(Grammar.query, ["params": .named(.scalar), "one": .scalar, "sql": sql])),
      "metrics": .named(.mapping(Grammar.metric, ["sql": sql])),
      "dashboard": .list(.either(DashboardReader.tiles.map { tile($0.keyword, $0.grammar) })),
    ], required: ["pipeline"])

  private static let table = Shape.mapping(
    Grammar.table, ["key": .mapping(Grammar.key), "indexes": .named(.mapping(Grammar.index)), "ttl": .scalar])

  private static let item = Shape.mapping(
    Grammar.item,
    [
      "in": .scalar, "match": .named(.scalar), "fields": .named(.either([.scalar, .mapping(Grammar.field)])),
      "capture": .named(.mapping(Grammar.capture)), "when": .scalar,
    ])

  private static func projection(_ kind: ProjectionKind) -> Shape {
    .mapping(
      kind.grammar,
      [
        "each": changes, "touch": changes, "end": changes, "when": .scalar, "split when": .scalar, "time": .scalar,
        "show": .mapping(Grammar.show),
      ],
      required: [kind.keyword])
  }

  private static let effect = Shape.mapping(
    Grammar.effect,
    [
      "each": changes, "when": .scalar, "delete": .either([.scalar, rows, .list(rows)]), "put": .mapping(Grammar.put),
      "update": .mapping(Grammar.update), "webhook": .mapping(Grammar.webhook), "topic": .mapping(Grammar.topic),
      "mail": .mapping(Grammar.mail), "retry": .mapping(Grammar.retry),
    ])

  private static func tile(_ keyword: String, _ grammar: GrammarMapping) -> Shape {
    .mapping(GrammarMapping("the dashboard", [keyword]), [keyword: .mapping(grammar, ["sql": sql])], required: [keyword])
  }
}
