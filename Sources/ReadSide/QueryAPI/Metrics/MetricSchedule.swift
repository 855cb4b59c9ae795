/// When the metrics of one pipeline are looked at, and evaluated, as a value.
///
/// A look asks the read model which commit it is at, and evaluates only when that is another one than the last evaluation saw, when the definition
/// has changed, or when that evaluation failed in part. Looks are at least an interval apart, and as far apart as they take: metrics never have
/// more than half of their connection's time.
struct MetricSchedule: Sendable {
  /// Between the beginnings of two looks.
  static let interval = Duration.seconds(5)
  /// After a look that found no read model yet.
  static let absencePause = Duration.milliseconds(250)

  /// What an evaluation saw.
  struct State: Sendable, Equatable {
    let generation: Int
    /// How often the definition had been edited.
    let revision: Int
    /// Of the read model; nil where the store has none, and then every look evaluates.
    let version: Int64?
  }

  /// What a look came to.
  enum Outcome: Sendable, Equatable {
    /// The pipeline has no read model yet.
    case absent
    /// The values of the last evaluation hold.
    case unchanged
    /// Whether each metric has a value of this state.
    case evaluated(State, isWhole: Bool)
    /// The read model could not be asked.
    case failed
  }

  private let interval: Duration
  private var last: (state: State, isWhole: Bool)?
  private var notBefore: ContinuousClock.Instant?

  init(interval: Duration = MetricSchedule.interval) { self.interval = interval }

  /// How long the next look has to wait; zero when it may begin.
  func pause(at now: ContinuousClock.Instant) -> Duration { notBefore.map { max(.zero, now.duration(to: $0)) } ?? .zero }

  /// Whether a read model in this state has to be evaluated.
  func isDue(_ state: State) -> Bool {
    guard let last, last.isWhole, state.version != nil else { return true }
    return last.state != state
  }

  /// Notes a look that began and ended at these instants.
  mutating func looked(_ outcome: Outcome, from begin: ContinuousClock.Instant, to end: ContinuousClock.Instant) {
    switch outcome {
    case .absent:
      notBefore = end + MetricSchedule.absencePause
      return
    case .evaluated(let state, let isWhole): last = (state, isWhole)
    case .failed: last = nil
    case .unchanged: break
    }
    notBefore = max(begin + interval, end + begin.duration(to: end))
  }
}
