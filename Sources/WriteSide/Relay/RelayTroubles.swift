internal import Synchronization

/// What keeps a relay from publishing, over its sessions: from the first error until something is published again.
final class RelayTroubles: Sendable {
  private struct State {
    var attempts = 0
    /// Why it stands still until somebody allows something; nil where it may go on by itself.
    var refusal: String?
    /// Whether something was published in this run.
    var hasPublished = false
  }

  private let state = Mutex(State())

  /// Errors since something was published last.
  var attempts: Int { state.withLock { $0.attempts } }

  /// A session ended with an error; `refusal` where the brokers do not allow something. Answers whether that is new, and to be said: then it is tried again
  /// soon, for one right was given and another is missing.
  func failed(refusal: String?) -> Bool {
    state.withLock { state in
      let isNews = refusal != nil && refusal != state.refusal
      if isNews { state = State(refusal: refusal, hasPublished: state.hasPublished) }
      state.attempts += 1
      return isNews || state.attempts == 1
    }
  }

  /// Something is published. Answers whether there were errors, and whether somebody may think that the relay stands still: after a refusal, and when a run begins.
  func ended() -> (wereThere: Bool, mayStand: Bool) {
    state.withLock { state in
      defer { state = State(hasPublished: true) }
      return (state.attempts > 0, state.refusal != nil || !state.hasPublished)
    }
  }
}
