package import ReadModels

/// Which effects are carried out next, as a value: a limited number at once, those on one target one after another.
package struct EffectQueue: Sendable {
  package let atOnce: Int
  private var waiting: [PendingEffect] = []
  private var busyTargets: Set<String> = []
  /// Those that are carried out or wait to be.
  private var known: Set<EffectID> = []
  private var running = 0

  package init(atOnce: Int) { self.atOnce = atOnce }

  /// Those that are not here yet.
  package func unknown(among effects: [PendingEffect]) -> [PendingEffect] { effects.filter { !known.contains($0.id) } }

  /// Takes in effects that are due and not here yet.
  package mutating func add(_ effects: [PendingEffect]) {
    for effect in effects where known.insert(effect.id).inserted { waiting.append(effect) }
  }

  /// Lets go of those that wait: an operator has paused or discarded some, and the store knows which are due.
  package mutating func forgetWaiting() {
    for effect in waiting { known.remove(effect.id) }
    waiting = []
  }

  /// Those that begin now.
  package mutating func begin() -> [PendingEffect] {
    var begun: [PendingEffect] = []
    var left: [PendingEffect] = []
    for effect in waiting {
      if running < atOnce, busyTargets.insert(effect.action.target).inserted {
        running += 1
        begun.append(effect)
      } else {
        left.append(effect)
      }
    }
    waiting = left
    return begun
  }

  /// One has come to an outcome: another may begin, though not of the same target until the outcome is durable.
  package mutating func carriedOut() { running -= 1 }

  /// The outcome of one that was carried out is durable, or could not be made so.
  package mutating func settled(_ effect: PendingEffect) {
    busyTargets.remove(effect.action.target)
    known.remove(effect.id)
  }

  package var isIdle: Bool { known.isEmpty }
  /// Whether more should be fetched: fewer wait than could begin.
  package var wantsMore: Bool { waiting.count < atOnce }
}

/// How often and how patiently an effect is tried.
package struct EffectPatience: Sendable, Equatable {
  package let attempts: Int
  package let firstWaitMilliseconds: Int64
  package let waitMillisecondsMax: Int64

  package init(attempts: Int, firstWaitMilliseconds: Int64, waitMillisecondsMax: Int64) {
    self.attempts = attempts
    self.firstWaitMilliseconds = firstWaitMilliseconds
    self.waitMillisecondsMax = waitMillisecondsMax
  }

  /// After an attempt has failed that was not the first `before` times. `now` in milliseconds.
  package func outcome(attemptsBefore before: Int, now: Int64, _ reason: String) -> EffectOutcome {
    if before + 1 >= attempts { return .failed(reason) }
    let factor = Int64(1) << Int64(min(before, 40))
    let (wait, overflow) = firstWaitMilliseconds.multipliedReportingOverflow(by: factor)
    return .retry(notBefore: now + (overflow ? waitMillisecondsMax : min(wait, waitMillisecondsMax)), reason)
  }
}
