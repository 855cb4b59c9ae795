import ChangeRecords
import DynamoModel
import LiteralTestKit
import Pipelines

/// Sessions: every change in its order, and before each the deadlines that lie before it.
extension PlainModel {
  private struct Run {
    let rule: Sessions
    var all: [PlainSession] = []
    var active: [[Value]: PlainSession] = [:]
    /// How the last session of a key ended.
    var lastEnd: [[Value]: SessionEnd] = [:]
    var names: [PlainName: Int] = [:]

    struct PlainName: Hashable {
      let key: [Value]
      let time: Instant
      let itemKey: PlainItemKey
    }

    mutating func end(_ session: PlainSession, _ at: Instant, _ by: SessionEnd, _ through: PlainStamp) {
      session.end = (at, by, through)
      active[session.key] = nil
      lastEnd[session.key] = by
    }

    mutating func fire(before time: Instant) {
      for session in active.values {
        if let due = session.due(rule), due.through < time {
          end(session, due.at, due.by, PlainStamp(time: due.through, order: .afterAll))
        }
      }
    }

    mutating func open(_ key: [Value], _ change: PlainChange) -> PlainSession {
      let session = PlainSession(key, change)
      let name = PlainName(key: key, time: change.time, itemKey: change.itemKey)
      names[name, default: 0] += 1
      session.ordinal = names[name]!
      all.append(session)
      active[key] = session
      return session
    }

    /// The session comes to the group of these inputs, and the one that is live there ends.
    mutating func enter(_ session: PlainSession, _ values: [Value], _ change: PlainChange, isNew: Bool) {
      guard !rule.liveGroup.isEmpty else { return }
      let group = rule.liveGroup.map { values[$0] }
      let named = group.contains(where: \.isNull) ? nil : group
      defer { session.group = named }
      guard let named, isNew || session.group != named else { return }
      for other in active.values where other !== session && other.group == named {
        other.touched = max(other.touched, change.stamp)
        end(other, change.time, .superseded, change.stamp)
      }
    }
  }

  mutating func sessionRows(_ rule: Sessions, _ id: ProjectionID) -> [[Value]] {
    let projection = pipeline.projections[id]
    if rule.time != nil { return timedRows(rule, id) }
    var run = Run(rule: rule)
    let tables = feeding(id)
    for change in changes where tables.contains(change.table) {
      run.fire(before: change.time)
      switch rule.subject {
      case .touches(let touches): touch(&run, change, touches, projection.name)
      case .item(let sources, let touches):
        let old = sources.first { $0.table == change.table && $0.holds(change.old) }
        let new = sources.first { $0.table == change.table && $0.holds(change.new) }
        // Of an item that becomes another kind the session ends, and another begins.
        let isOther = old != nil && new != nil && old?.rule != new?.rule
        if isOther { item(&run, change, from: old, to: nil, touches, projection.name) }
        item(&run, change, from: isOther ? nil : old, to: new, touches, projection.name)
      }
    }
    run.fire(before: watermark(id))
    ended[id] = run.all.filter { $0.end != nil }
    return run.all.map { row($0, rule, projection) }
  }

  private mutating func touch(_ run: inout Run, _ change: PlainChange, _ touches: [Source], _ name: String) {
    let keyCount = run.rule.keyCount
    // A record is taken whole or not at all.
    guard let touched = touched(touches, run.rule, change, name), let ends = taken(run.rule.ends, change, name) else { return }
    for (place, (values, splits)) in touched.enumerated() where !values[..<keyCount].contains(where: \.isNull) {
      let key = Array(values[..<keyCount])
      if splits, let session = run.active[key] {
        session.touched = change.stamp
        run.end(session, change.time, .cut, change.stamp)
      }
      let known = run.active[key]
      let session = known ?? run.open(key, change)
      session.lastTouch = change.time
      session.touched = change.stamp
      session.touches.append(PlainEntry(values: values, stamp: change.stamp, itemKey: change.itemKey, place: place))
      run.enter(session, values, change, isNew: known == nil)
    }
    for (values, _) in ends {
      guard let session = run.active[Array(values[..<keyCount])] else { continue }
      session.touched = change.stamp
      run.end(session, change.time, change.isExpiry ? .ttl : .explicit, change.stamp)
    }
  }

  /// The touches of a change, each with whether it begins a session in any case; nil when the change is a dead letter.
  mutating func touched(
    _ sources: [Source], _ rule: Sessions, _ change: PlainChange, _ name: String
  ) -> [(values: [Value], splits: Bool)]? {
    var found: [(values: [Value], splits: Bool)] = []
    var rules: Set<RuleIndex> = []
    for (index, source) in sources.enumerated() where source.table == change.table && !rules.contains(source.rule) {
      guard let image = source.fires(old: change.old, new: change.new, isExpiry: change.isExpiry, commit: change.time) else {
        continue
      }
      rules.insert(source.rule)
      guard let given = taken([source], change, name) else { return nil }
      let (old, new) = (change.old?.rule == source.rule ? change.old : nil, change.new?.rule == source.rule ? change.new : nil)
      let splits = !rule.splits.isEmpty && rule.splits[index].holds(image, old: old, new: new, commit: change.time)
      found += given.map { ($0.values, splits) }
    }
    return found
  }

  private mutating func item(
    _ run: inout Run, _ change: PlainChange, from left: Source?, to source: Source?, _ touches: [Sessions.Touch],
    _ name: String
  ) {
    let old = left.flatMap { source in change.old.flatMap { try? source.values(of: $0, commit: nil) } }
    var new: [Value]?
    if let image = change.new, let source {
      do throws(EvaluationFailure) {
        new = try source.values(of: image, commit: nil)
      } catch {
        refuse(name, change, error)
      }
    }
    guard let values = new else {
      guard let old else { return }
      let key = Array(old[..<run.rule.keyCount])
      if let session = run.active[key] {
        session.touched = change.stamp
        run.end(session, change.time, change.isExpiry ? .ttl : .removed, change.stamp)
      }
      // An item that comes again is another: that the one before was superseded does not count.
      run.lastEnd[key] = nil
      return
    }
    let key = Array(values[..<run.rule.keyCount])
    let isNew = old == nil
    var isTouch = isNew
    if !isNew, let old = change.old, let new = change.new {
      isTouch = touches.contains { $0.happened(old: old, new: new, commit: change.time) }
    }
    let known = run.active[key]
    let endsNow =
      run.rule.endWhen.map { endWhen in
        change.new.map { endWhen.holds($0) } ?? false
      } ?? false
    if known == nil {
      // An item that comes with its end has no session.
      guard isTouch, !endsNow, isNew || run.lastEnd[key] != .superseded || run.rule.revivesOnTouch else { return }
    }
    let session = known ?? run.open(key, change)
    let shown = run.rule.columns.filter { $0.function == .current }.compactMap(\.input)
    if isTouch || shown.contains(where: { session.current[$0] != values[$0] }) { session.touched = change.stamp }
    session.change = change
    session.current = values
    if let deadline = run.rule.deadline {
      let before = run.rule.keepsGreatestDeadline ? session.deadline : nil
      if case .timestamp(let instant) = values[deadline] {
        session.deadline = max(instant, before ?? instant)
      } else {
        session.deadline = before
      }
    }
    if isTouch {
      session.lastTouch = change.time
      session.touches.append(PlainEntry(values: values, stamp: change.stamp, itemKey: change.itemKey, place: 0))
    }
    run.enter(session, values, change, isNew: known == nil)
    if endsNow {
      session.touched = change.stamp
      run.end(session, change.time, .explicit, change.stamp)
    }
  }

  mutating func row(_ session: PlainSession, _ rule: Sessions, _ projection: Projection) -> [Value] {
    let (started, last) = (session.began, session.lastTouch)
    var row = session.key + [.string(Self.name(session)), .timestamp(started), .timestamp(last)]
    row.append(session.end.map { .timestamp($0.at) } ?? .null)
    row.append(.string((session.end?.by.status ?? .active).rawValue))
    row.append(session.end.map { .string($0.by.rawValue) } ?? .null)
    for column in rule.columns {
      switch column.function {
      case .duration: row.append(.integer((last - started) / 1_000_000))
      case .durationMilliseconds: row.append(.integer((last - started) / 1_000))
      case .current: row.append(column.input.map { session.current[$0] } ?? .null)
      default: row.append(value(column, session.touches, isOverItems: false, projection.name, "session"))
      }
    }
    return row + trace(session.touched)
  }

  /// `<time> <length-prefixed item key>[#n]`
  static func name(_ session: PlainSession) -> String {
    let parts = session.itemKey.parts.map { "\($0.text.utf8.count):\($0.text)" }.joined(separator: " ")
    return "\(Timestamp.text(session.started.time)) \(parts)\(session.ordinal > 1 ? "#\(session.ordinal)" : "")"
  }
}
