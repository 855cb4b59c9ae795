internal import AccessKeys

/// What a path asks of whoever calls it, when the server has keys.
enum RequiredAccess: Equatable, Sendable {
  /// The page's files, which hold no data, and the login.
  case nothing
  /// Any key; the answer holds only what the key may see.
  case anyKey
  /// Access to every pipeline, whatever its name: the answer is about the whole process.
  case everyPipeline(PipelineAccess)
  /// Access to the pipeline that the path names.
  case pipeline(PipelineAccess)

  /// Whether it changes something that is written down.
  var isOperation: Bool { self == .pipeline(.operate) }

  /// Whether a key gives this access; `pipeline` is the one that the path names.
  func isGiven(by key: AccessKey, pipeline: String?) -> Bool {
    switch self {
    case .nothing, .anyKey: true
    case .everyPipeline(let access): key.allowsAll(access)
    case .pipeline(let access): pipeline.map { key.allows(access, pipeline: $0) } ?? false
    }
  }

  /// Why a caller may not do this; nil when it may. `isChange`: the request is more than a question by its method. A pipeline that is not there is refused in the
  /// same words as one that is.
  func refusal(_ caller: Caller, pipeline: String?, isChange: Bool, from origin: RequestOrigin) -> QueryError? {
    if isChange, caller.session != nil, !origin.isOwnPage {
      return QueryError(
        .forbiddenOrigin,
        "a page of another origin could have sent this: with the page's cookie only the page itself may, programs send a token")
    }
    guard !isGiven(by: caller.key, pipeline: pipeline) else { return nil }
    switch self {
    case .nothing, .anyKey: return nil
    case .everyPipeline(let access):
      return QueryError(.forbidden, "no rule of the key \(caller.key.id) allows \(access.rawValue) access to all pipelines (`*`)")
    case .pipeline(let access):
      return QueryError(
        .forbidden, "no rule of the key \(caller.key.id) allows \(access.rawValue) access to the pipeline \(pipeline ?? "")")
    }
  }
}

/// Who calls: the key, and the login that speaks for it when it is not the token itself.
struct Caller: Sendable {
  let key: AccessKey
  var session: PageSession?
}
