import ChangeRecords
import DynamoModel
import LiteralTestKit
import Pipelines

/// Sessions by event time: at each change all sessions of its key are made again from all touches that were ever taken.
extension PlainModel {
  private struct Touch {
    let values: [Value]
    let time: Instant
    let change: PlainChange
    let place: Int
    let splits: Bool
    /// Of an end: which.
    let end: SessionEnd?
    var ordinal = 1

    func isBefore(_ other: Touch) -> Bool {
      if time != other.time { return time < other.time }
      return wasBefore(other)
    }

    func wasBefore(_ other: Touch) -> Bool { (change.stamp, place) < (other.change.stamp, other.place) }
  }

  /// A session made of touches.
  private struct Span {
    var touches: [Touch]
    /// Its end, as far as is known, and why; the last instant that is of it; and the change that ended it.
    var end: (at: Instant, by: SessionEnd, through: Instant)
    var closing: PlainStamp?

    /// The same for the same session.
    var text: String {
      "\(touches.map { "\($0.change.place)/\($0.place)" }) \(end)"
    }
  }

  private struct Key {
    var taken: [Touch] = []
    var openedAt = Instant.distantPast
  }

  private func spans(_ touches: [Touch], _ rule: Sessions) -> [Span] {
    var spans: [Span] = []
    for touch in touches.sorted(by: { $0.isBefore($1) }) {
      if var last = spans.last, last.closing == nil, touch.time <= last.end.through {
        if let end = touch.end ?? (touch.splits ? .cut : nil) {
          last.end = (touch.time, end, touch.time)
          last.closing = touch.change.stamp
        } else {
          last.touches.append(touch)
          last.end = due(last.touches[0].time, touch.time, rule)
        }
        spans[spans.count - 1] = last
        if last.closing == nil { continue }
      }
      if touch.end == nil { spans.append(Span(touches: [touch], end: due(touch.time, touch.time, rule))) }
    }
    return spans
  }

  private func due(_ first: Instant, _ last: Instant, _ rule: Sessions) -> (at: Instant, by: SessionEnd, through: Instant) {
    var all: [(at: Instant, by: SessionEnd, through: Instant)] = []
    if case .midnight(let zone) = rule.cut {
      let midnight = CalendarUnit.day.interval(of: first, in: zone).upperBound
      all.append((midnight, .cut, midnight - 1))
    }
    if let gap = rule.gap { all.append((last + gap, .gap, last + gap)) }
    if let most = rule.max { all.append((first + most, .max, first + most)) }
    return all.min { $0.through < $1.through }!
  }

  mutating func timedRows(_ rule: Sessions, _ id: ProjectionID) -> [[Value]] {
    guard case .touches(let sources) = rule.subject, let time = rule.time else { return [] }
    let projection = pipeline.projections[id]
    var keys: [[Value]: Key] = [:]
    for change in changes where feeding(id).contains(change.table) {
      guard let touched = touched(sources, rule, change, projection.name), let ends = taken(rule.ends, change, projection.name)
      else { continue }
      var all = touched.map { ($0.values, $0.values[time.input], $0.splits, SessionEnd?.none) }
      for (values, _) in ends {
        let at = values.count > rule.keyCount ? values[rule.keyCount] : .timestamp(change.time)
        all.append((values, at, false, change.isExpiry ? .ttl : .explicit))
      }
      var next = keys
      var isTaken = true
      for (place, (values, at, splits, end)) in all.enumerated() {
        let key = Array(values[..<rule.keyCount])
        guard case .timestamp(let instant) = at, !key.contains(where: \.isNull) else { continue }
        let touch = Touch(values: values, time: instant, change: change, place: place, splits: splits, end: end)
        if isTaken { isTaken = take(touch, &next[key, default: Key()], rule, time) }
      }
      if isTaken {
        keys = next
      } else {
        refuse(projection.name, change, EvaluationFailure(path: sources[0].inputs[time.input].path, reason: "time"))
      }
    }
    return keys.flatMap { key, state in rows(spans(state.taken, rule), of: key, rule, time, id) }
  }

  private func take(_ touch: Touch, _ key: inout Key, _ rule: Sessions, _ time: Sessions.EventTime) -> Bool {
    let commit = touch.change.time
    func isOver(_ end: Instant, _ now: Instant) -> Bool { end + time.lateness < now }
    if touch.time > commit + time.ahead { return false }
    var touch = touch
    if touch.end != nil {
      if isOver(touch.time, commit) { return false }
    } else {
      let (before, after) = (spans(key.taken, rule), spans(key.taken + [touch], rule))
      let (old, new) = (Set(before.map(\.text)), Set(after.map(\.text)))
      let changed = before.filter { !new.contains($0.text) } + after.filter { !old.contains($0.text) }
      if changed.contains(where: { isOver($0.end.at, commit) }) { return false }
      let opened = before.contains { !isOver($0.end.at, commit) } ? key.openedAt : commit
      if isOver(due(touch.time, touch.time, rule).at, opened) { return false }
      key.openedAt = opened
      touch.ordinal += key.taken.count {
        $0.end == nil && $0.change.time == commit && $0.change.itemKey == touch.change.itemKey
      }
    }
    key.taken.append(touch)
    return true
  }

  private mutating func rows(
    _ spans: [Span], of key: [Value], _ rule: Sessions, _ time: Sessions.EventTime, _ id: ProjectionID
  ) -> [[Value]] {
    let clock = watermark(id)
    return spans.map { span in
      let first = span.touches.min { $0.wasBefore($1) }!
      let session = PlainSession(key, first.change)
      session.ordinal = first.ordinal
      session.began = span.touches.map(\.time).min()!
      session.lastTouch = span.touches.map(\.time).max()!
      session.touched = (span.touches.map(\.change.stamp) + [span.closing].compactMap { $0 }).max()!
      session.touches = span.touches.map {
        PlainEntry(values: $0.values, stamp: $0.change.stamp, itemKey: $0.change.itemKey, place: $0.place, time: $0.time)
      }
      if span.closing != nil || span.end.through < clock {
        session.end = (span.end.at, span.end.by, PlainStamp(time: span.end.at + time.lateness, order: .afterAll))
      }
      if span.end.at + time.lateness < clock { ended[id, default: []].append(session) }
      return row(session, rule, pipeline.projections[id])
    }
  }
}
