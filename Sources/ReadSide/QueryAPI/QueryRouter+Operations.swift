internal import AccessKeys
internal import DynamoModel
internal import Pipelines
internal import ReadModels

/// What changes something (POST), and the list of effects.
extension QueryRouter {
  static let operatorRoutes: [Route] = [
    .ofPipeline(
      .get, "/v1/pipelines/{pipeline}/effects",
      answer: { router, call in
        let view = try router.check(call)
        return try await router.effects(view.name, &call.arguments)
      }
    ) { _ in
      [
        .init(
          id: ["effects"], summary: "The effects that wait (`pending`) or were given up (`failed`), and which are paused",
          parameters: [Parameters.state, Parameters.after.parameter, Parameters.effectsLimit.parameter],
          schema: .component("Effects"), errors: [.badRequest, .refused])
      ]
    },
    .ofPipeline(
      .post, "/v1/pipelines/{pipeline}/rebuild", access: .operate,
      answer: { router, call in
        let pipeline = try router.check(call).name
        try call.arguments.finish()
        try await router.operations.rebuild(pipeline)
        return done("rebuild", .text(pipeline))
      }
    ) { pipeline in
      [
        .init(
          id: ["rebuild"], summary: "Builds a new generation from the log while the current one serves",
          schema: result("rebuild", .exactly(.text(pipeline.name))), errors: [.badRequest, .refused])
      ]
    },
    switching("pause", "Holds the effects of a name back, over restarts too", isPause: true),
    switching("resume", "Lets the effects of a name go on", isPause: false),
    changing(.retry, "Tries effects again, with all their attempts"),
    changing(.discard, "Takes effects out of the outbox without carrying them out"),
  ]

  private static func switching(_ word: String, _ summary: String, isPause: Bool) -> Route {
    .ofPipeline(
      .post, "/v1/pipelines/{pipeline}/effects/{effect}/\(word)", access: .operate,
      answer: { router, call in
        let pipeline = try router.check(call).name
        try call.arguments.finish()
        try await router.operations.setPaused(pipeline, effect: call.names[1], isPause)
        return done(word, .text(call.names[1]))
      }
    ) { pipeline in
      pipeline.effectNames.map { effect in
        .init(
          names: [effect], id: ["effect", effect, word], summary: "\(summary): `\(effect)`",
          schema: result(word, .exactly(.text(effect))), errors: [.badRequest, .refused])
      }
    }
  }

  private static func changing(_ change: EffectChange, _ summary: String) -> Route {
    let word = "\(change)"
    return .ofPipeline(
      .post, "/v1/pipelines/{pipeline}/effects/\(word)", access: .operate,
      answer: { router, call in
        let pipeline = try router.check(call).name
        let selection = try QueryRouter.selection(&call.arguments)
        try call.arguments.finish()
        return done(word, .integer(Int64(try await router.operations.change(pipeline, selection, change))))
      }
    ) { pipeline in
      let effect = RequestParameter(
        name: Parameters.effect,
        about: "All effects of this name: those that were given up, or in `state`. Give this or `\(Parameters.id.name)`.",
        schema: pipeline.effectNames.isEmpty ? .text : .one(of: pipeline.effectNames))
      return [
        .init(
          id: ["effects", word], summary: summary, parameters: [Parameters.id.parameter, effect, Parameters.state],
          schema: result(word, .count.about("How many effects it concerned.")), errors: [.badRequest, .refused])
      ]
    }
  }

  /// A row of the list of effects.
  static let listedEffect = AnswerShape<ListedEffect>([
    .value("id", .integer) { $1.integer($0.pending.id.rawValue) },
    .text("effect") { $0.pending.effect },
    .value("state", .one(of: EffectState.allCases.map(\.rawValue))) { $1.string($0.state.rawValue) },
    .value("at", .instant) { $1.value(.timestamp($0.pending.at)) },
    .value("attempts", .count) { $1.integer($0.pending.attempts) },
    .text("note") { $0.note },
    .text("action") { $0.pending.action.json },
    .text("idempotency_key") { $0.pending.idempotencyKey },
  ])

  static let effectsSchema = JSONSchema.object(
    [.init("paused", JSONSchema.list(of: .text).about("The names of the effects that are paused."))]
      + listedEffect.columns.schemas)

  func effects(_ pipeline: String, _ arguments: inout Arguments) async throws -> [UInt8] {
    let state = try QueryRouter.state(&arguments)
    let after = try arguments.integer(Parameters.after)
    let limit = try arguments.integer(Parameters.effectsLimit)
    try arguments.finish()
    let listed = try await operations.effects(
      pipeline, state.map { [$0] } ?? Set(EffectState.allCases), after: EffectID(rawValue: Int64(after)), limit: limit)
    let names = try await operations.effectNames(pipeline)
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("paused")
    writer.array(names.filter(\.isPaused).map(\.name)) { $0.string($1) }
    QueryRouter.listedEffect.columns.append(to: &writer)
    writer.array(listed) { QueryRouter.listedEffect.row($1, to: &$0) }
    writer.endObject()
    return writer.bytes
  }

  private static func state(_ arguments: inout Arguments) throws -> EffectState? {
    guard let text = arguments.take(Parameters.state.name) else { return nil }
    guard let state = EffectState(rawValue: text) else {
      throw QueryError.bad("`state` is \(EffectState.allCases.map(\.rawValue).joined(separator: " or ")), not `\(text)`")
    }
    return state
  }

  private static func selection(_ arguments: inout Arguments) throws -> EffectSelection {
    if let id = try arguments.integer(Parameters.id) { return .one(EffectID(rawValue: Int64(id))) }
    guard let effect = arguments.take(Parameters.effect) else { throw QueryError.bad("give `id`, or `effect` for all of a name") }
    return .all(effect: effect, try state(&arguments) ?? .failed)
  }

  private static func result(_ what: String, _ value: JSONSchema) -> JSONSchema { .object([.init(what, value)]) }

  private static func done(_ what: String, _ value: JSONNode) -> [UInt8] {
    var writer = JSONWriter()
    JSONNode.object([.init(name: what, value: value)]).append(to: &writer)
    return writer.bytes
  }
}
