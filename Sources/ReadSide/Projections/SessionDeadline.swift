internal import Pipelines

/// When a session ends by itself, and by which rule.
struct SessionDeadline {
  /// The last instant at which the session is still active, in microseconds: it ends before the first record later than this. That of the
  /// change that brought it, for a deadline that was past by then: deadlines of an instant follow all changes of it.
  let last: Int64
  /// What the row says as its end.
  let endedAt: Int64
  let rule: SessionEnd

  /// The earliest of the session's rules; nil when it never ends by itself.
  init?(_ session: SessionState, _ sessions: Sessions) {
    var earliest: SessionDeadline?
    func consider(_ last: Int64, _ endedAt: Int64, _ rule: SessionEnd) {
      if earliest.map({ last < $0.last }) ?? true {
        earliest = SessionDeadline(last: last, endedAt: max(endedAt, session.lastAt), rule: rule)
      }
    }
    if let deadline = session.item?.deadline { consider(deadline, deadline, .deadline) }
    if let gap = sessions.gap { consider(session.lastAt + gap, session.lastAt + gap, .gap) }
    if let max = sessions.max { consider(session.startedAt + max, session.startedAt + max, .max) }
    if case .midnight(let zone)? = sessions.cut {
      let midnight = CalendarUnit.day.interval(of: session.startedAt, in: zone).upperBound
      // Midnight itself belongs to the next day.
      consider(midnight - 1, midnight, .cut)
    }
    guard let earliest else { return nil }
    let changedAt = max(session.stamp.time, session.item?.version.time ?? .min)
    self.init(last: max(earliest.last, changedAt), endedAt: earliest.endedAt, rule: earliest.rule)
  }

  private init(last: Int64, endedAt: Int64, rule: SessionEnd) {
    self.last = last
    self.endedAt = endedAt
    self.rule = rule
  }
}
