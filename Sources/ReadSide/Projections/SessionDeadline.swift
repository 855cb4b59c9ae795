internal import Pipelines

/// When a session ends by itself, and by which rule.
struct SessionDeadline {
  /// The last instant at which the session is still active: it ends before the first record later than this. That of the
  /// change that brought it, for a deadline that was past by then: deadlines of an instant follow all changes of it.
  let last: Instant
  /// What the row says as its end.
  let endedAt: Instant
  let rule: SessionEnd

  /// The earliest of the session's rules; nil when it never ends by itself.
  init?(_ session: SessionState, _ sessions: Sessions) {
    var earliest = SessionDeadline(from: session.startedAt, to: session.lastAt, sessions)
    if let item = session.item, let deadline = item.deadline {
      // One that was past when it came is passed with the instant of the change that brought it, as every record of that instant comes first.
      let last = max(deadline, item.version.time)
      if earliest.map({ last <= $0.last }) ?? true {
        earliest = SessionDeadline(last: last, endedAt: max(deadline, session.lastAt), rule: .deadline)
      }
    }
    guard let earliest else { return nil }
    let changedAt = max(session.stamp.time, session.item?.version.time ?? .distantPast)
    self.init(last: max(earliest.last, changedAt), endedAt: earliest.endedAt, rule: earliest.rule)
  }

  /// By what first and last touch say alone.
  init?(from start: Instant, to last: Instant, _ sessions: Sessions) {
    var earliest: SessionDeadline?
    func consider(_ reach: Instant, _ endedAt: Instant, _ rule: SessionEnd) {
      if earliest.map({ reach < $0.last }) ?? true {
        earliest = SessionDeadline(last: reach, endedAt: max(endedAt, last), rule: rule)
      }
    }
    if let gap = sessions.gap { consider(last.advanced(by: gap), last.advanced(by: gap), .gap) }
    if let max = sessions.max { consider(start.advanced(by: max), start.advanced(by: max), .max) }
    if case .midnight(let zone)? = sessions.cut {
      let midnight = CalendarUnit.day.interval(of: start, in: zone).upperBound
      // Midnight itself belongs to the next day.
      consider(midnight.advanced(by: -1), midnight, .cut)
    }
    guard let earliest else { return nil }
    self = earliest
  }

  init(last: Instant, endedAt: Instant, rule: SessionEnd) {
    self.last = last
    self.endedAt = endedAt
    self.rule = rule
  }
}
