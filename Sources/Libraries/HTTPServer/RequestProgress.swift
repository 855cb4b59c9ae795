internal import Synchronization

/// How far the request on a connection has come: noted by the connection's thread, looked at by the `HangUpWatch`. Costs an atomic store.
final class RequestProgress: Sendable {
  enum Stage: UInt64 {
    /// The next request's head is awaited, or on its way.
    case head = 0
    case body = 1
    /// The request is whole: what takes time now is ours.
    case inHand = 2
  }

  /// The answer to a head that is too large.
  let headTooLarge: @Sendable () -> HTTPResponse

  init(headTooLarge: @escaping @Sendable () -> HTTPResponse) { self.headTooLarge = headTooLarge }

  /// The stage in the lowest two bits, above them how many requests have ended.
  private let state = Atomic<UInt64>(0)

  func move(to stage: Stage) {
    let old = state.load(ordering: .relaxed)
    let ended = stage == .head ? (old >> 2) &+ 1 : old >> 2
    state.store(ended << 2 | stage.rawValue, ordering: .relaxed)
  }

  /// Equal at two times only when the connection has stood in one stage of one request since. A stage may be left and come again for the
  /// next request: the number tells.
  var mark: UInt64 { state.load(ordering: .relaxed) }

  static func stage(_ mark: UInt64) -> Stage? { Stage(rawValue: mark & 3) }
}
