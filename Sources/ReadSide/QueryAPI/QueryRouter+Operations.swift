internal import DynamoModel
internal import Pipelines
internal import ReadModels

/// What changes something: POST, and the list of effects.
///
/// | path | does |
/// | --- | --- |
/// | POST `/v1/pipelines/P/rebuild` | builds a new generation from the log while the current one serves |
/// | GET `/v1/pipelines/P/effects?state=&after=&limit=` | effects that wait (`pending`) or were given up (`failed`), and which are paused |
/// | POST `/v1/pipelines/P/effects/E/pause`, `.../resume` | holds the effects of a name back, or lets them go on |
/// | POST `/v1/pipelines/P/effects/retry?id=` or `?effect=` | tries an effect again, or all of a name that were given up |
/// | POST `/v1/pipelines/P/effects/discard?id=` or `?effect=&state=` | takes effects out of the outbox without carrying them out |
extension QueryRouter {
  static let effectsMax = 1_000

  func effects(_ pipeline: String, _ arguments: inout Arguments) async throws -> [UInt8] {
    let state = try state(&arguments)
    let after = try arguments.integer("after", in: 0...Int.max) ?? 0
    let limit = try arguments.integer("limit", in: 1...QueryRouter.effectsMax) ?? 100
    try arguments.finish()
    let listed = try await operations.effects(
      pipeline, state.map { [$0] } ?? Set(EffectState.allCases), after: EffectID(rawValue: Int64(after)), limit: limit)
    let names = try await operations.effectNames(pipeline)
    var writer = JSONWriter()
    writer.beginObject()
    writer.name("paused")
    writer.array(names.filter(\.isPaused).map(\.name)) { $0.string($1) }
    writer.name("columns")
    writer.array(["id", "effect", "state", "at", "attempts", "note", "action", "idempotency_key"]) { $0.string($1) }
    writer.name("rows")
    writer.array(listed) { writer, effect in
      writer.beginArray()
      writer.integer(effect.pending.id.rawValue)
      writer.string(effect.pending.effect)
      writer.string(effect.state.rawValue)
      writer.value(.timestamp(effect.pending.at))
      writer.integer(effect.pending.attempts)
      writer.string(effect.note)
      writer.string(effect.pending.action.json)
      writer.string(effect.pending.idempotencyKey)
      writer.endArray()
    }
    writer.endObject()
    return writer.bytes
  }

  private func state(_ arguments: inout Arguments) throws -> EffectState? {
    guard let text = arguments.take("state") else { return nil }
    guard let state = EffectState(rawValue: text) else {
      throw QueryError.bad("`state` is \(EffectState.allCases.map(\.rawValue).joined(separator: " or ")), not `\(text)`")
    }
    return state
  }

  /// What a POST does, and its answer.
  func operate(_ parts: [String], _ query: [(name: String, value: String)]) async throws -> [UInt8] {
    guard parts.count >= 4, parts[0] == "v1", parts[1] == "pipelines" else {
      throw QueryError(405, "MethodNotAllowed", "nothing takes a POST at this path")
    }
    let pipeline = parts[2]
    try check(pipeline)
    var arguments = Arguments(query)
    do {
      switch (parts[3], parts.count) {
      case ("rebuild", 4):
        try arguments.finish()
        try await operations.rebuild(pipeline)
        return QueryRouter.done("rebuild", .string(pipeline))
      case ("effects", 6) where parts[5] == "pause" || parts[5] == "resume":
        try arguments.finish()
        try await operations.setPaused(pipeline, effect: parts[4], parts[5] == "pause")
        return QueryRouter.done(parts[5], .string(parts[4]))
      case ("effects", 5) where parts[4] == "retry" || parts[4] == "discard":
        let change: EffectChange = parts[4] == "retry" ? .retry : .discard
        let selection = try selection(&arguments, change)
        try arguments.finish()
        return QueryRouter.done(parts[4], .integer(Int64(try await operations.change(pipeline, selection, change))))
      default: throw QueryError(405, "MethodNotAllowed", "nothing takes a POST at this path")
      }
    } catch let error as OperatorRefusal {
      throw QueryError(409, "Refused", error.description)
    }
  }

  private func selection(_ arguments: inout Arguments, _ change: EffectChange) throws -> EffectSelection {
    if let id = try arguments.integer("id", in: 1...Int.max) { return .one(EffectID(rawValue: Int64(id))) }
    guard let effect = arguments.take("effect") else { throw QueryError.bad("give `id`, or `effect` for all of a name") }
    return .all(effect: effect, try state(&arguments) ?? .failed)
  }

  private enum Result {
    case string(String)
    case integer(Int64)
  }

  private static func done(_ what: String, _ result: Result) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    switch result {
    case .string(let text): writer.member(named: what, text)
    case .integer(let number): writer.member(named: what, number)
    }
    writer.endObject()
    return writer.bytes
  }
}
