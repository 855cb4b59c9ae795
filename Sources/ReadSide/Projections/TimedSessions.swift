internal import DynamoModel
internal import Pipelines

/// The sessions of one key by event time, as far as they may be corrected: touches in, sessions out.
///
/// What is kept is a list of touches and ends in the order of their own times; sessions are derived from it, the earlier first. A session is
/// *final* when the log's clock has passed its end and `lateness`: it leaves the list, and nothing changes it any more. A touch or end is taken only if
/// all that it changes is not final, before and after, at its own commit time, so that it does not depend on when anybody looks. Since the
/// ends of sessions rise with their begins, final are those before an instant (`floor`), and the first session tells whether all may be corrected.
///
/// Touches that lie further back than `lateness` belong to the first session whatever comes, since everything that can still begin or end lies
/// after them: they are folded into its `base`. Going back, the first session reaches no further than a session could have begun with when the
/// first of those here was opened (`openedAt`): so a key whose sessions are all final need not be remembered for ever.
package struct TimedSessions: Sendable, Equatable {
  /// In the order of their times; what is in `base` lies before them.
  private(set) var records: [TimedTouch] = []
  /// The touches of the first session that are not kept one by one.
  private(set) var base: Base?
  /// What `base` and `records` make.
  private(set) var segments: [Segment] = []
  /// Touches up to this instant belong to sessions that are final.
  private var floor = Instant.distantPast
  /// The commit time of the touch that opened the first session when none could be corrected.
  private var openedAt = Instant.distantPast
  /// How many touches of the millisecond `namesTime` there were, by the ordered bytes of their items' keys.
  private var names: [BytesKey: Int] = [:]
  private var namesTime = Instant.distantPast
  /// The rows that the store has of what may be corrected, by name; true where there may be a dead letter of a sum.
  var shown: [TextKey: Bool] = [:]

  /// A session within `records`.
  struct Segment: Sendable, Equatable {
    /// Where its records stand; what lies between two sessions are ends that end nothing.
    var first: Int
    var end: Int
    var start: Instant
    var last: Instant
    /// How a record has ended it.
    var closing: Closing?
  }

  struct Closing: Sendable, Equatable {
    let at: Instant
    let rule: SessionEnd
    let stamp: Stamp
  }

  /// Touches that came together into one.
  struct Base: Sendable, Equatable {
    var start: Instant
    var last: Instant
    /// Whether the first of them splits.
    var isSplit: Bool
    /// The first of them by commit.
    var name: TouchName
    /// The greatest of them.
    var stamp: Stamp
    var columns: [SessionColumn]
  }

  init() {}

  // MARK: Taking

  /// Takes a touch or an end, all deadlines before whose commit time have passed. False when it comes too late; then nothing has changed.
  mutating func take(_ record: TimedTouch, _ rules: TimedRules) -> Bool {
    let commit = record.stamp.time
    if record.action.isEnd {
      if rules.isOver(record.time, commit) { return false }
      insert(record, rules)
      return true
    }
    let opened = segments.isEmpty ? commit : openedAt
    guard record.time > floor, !rules.isOver(rules.deadline(record.time, record.time).endedAt, opened) else { return false }
    if rules.isOver(record.time, commit) { settle(before: commit, rules) }
    guard let base, rules.isOver(record.time, commit) else {
      guard insert(record, rules) else { return false }
      return noted(record, opened)
    }
    guard let joined = base.joined(record, rules) else { return false }
    let derived = TimedSessions.segments(joined, records, rules)
    guard !rules.isOver(rules.end(derived[0]), commit) else { return false }
    self.base = joined
    segments = derived
    return noted(record, opened)
  }

  /// False, with nothing changed, when one of the sessions that come of it is final.
  @discardableResult
  private mutating func insert(_ record: TimedTouch, _ rules: TimedRules) -> Bool {
    var (low, high) = (0, records.count)
    // Records come mostly in the order of their times.
    if let last = records.last, last < record { low = high }
    while low < high {
      let middle = (low + high) / 2
      if records[middle] < record { low = middle + 1 } else { high = middle }
    }
    records.insert(record, at: low)
    func isOver(_ segments: [Segment]) -> Bool {
      segments.first.map { rules.isOver(rules.end($0), record.stamp.time) } ?? false
    }
    guard low == records.count - 1 else {
      let derived = TimedSessions.segments(base, records, rules)
      if isOver(derived) {
        records.remove(at: low)
        return false
      }
      segments = derived
      return true
    }
    // It changes the last session and begins another at the most: nothing is copied.
    let (last, count) = (segments.last, segments.count)
    TimedSessions.add(record, at: low, to: &segments, rules)
    if isOver(segments) {
      segments.removeLast(segments.count - count)
      if let last { segments[count - 1] = last }
      records.removeLast()
      return false
    }
    return true
  }

  private mutating func noted(_ record: TimedTouch, _ opened: Instant) -> Bool {
    openedAt = opened
    if namesTime != record.stamp.time { names = [:] }
    namesTime = record.stamp.time
    names[BytesKey(record.name.itemKey), default: 0] += 1
    return true
  }

  /// Which touch of its item, in its millisecond and of this key, the next one is.
  func ordinal(of itemKey: [UInt8], at time: Instant) -> Int {
    namesTime == time ? names[BytesKey(itemKey), default: 0] + 1 : 1
  }

  // MARK: Deriving

  private static func segments(_ base: Base?, _ records: [TimedTouch], _ rules: TimedRules) -> [Segment] {
    var segments: [Segment] = []
    if let base { segments.append(Segment(first: 0, end: 0, start: base.start, last: base.last)) }
    for index in records.indices { add(records[index], at: index, to: &segments, rules) }
    return segments
  }

  /// The next record extends the session that is active then, ends it, or begins one.
  private static func add(_ record: TimedTouch, at index: Int, to segments: inout [Segment], _ rules: TimedRules) {
    if let open = segments.last, open.closing == nil, record.time <= rules.deadline(open.start, open.last).last {
      let last = segments.count - 1
      switch record.action {
      case .touch:
        segments[last].last = record.time
        segments[last].end = index + 1
        return
      case .end(let rule):
        segments[last].closing = Closing(at: record.time, rule: rule, stamp: record.stamp)
        segments[last].end = index + 1
      case .split: segments[last].closing = Closing(at: record.time, rule: .cut, stamp: record.stamp)
      }
    }
    if record.action.isEnd { return }
    segments.append(Segment(first: index, end: index + 1, start: record.time, last: record.time))
  }

  // MARK: The clock

  /// Whether everything of the key may be forgotten.
  func isEmpty(at clock: Instant, _ rules: TimedRules) -> Bool {
    segments.isEmpty && records.isEmpty
      && (floor == .distantPast || rules.isOver(rules.deadline(floor, floor).endedAt, clock))
  }

  /// The first instant of which the passing changes something, all before `clock` having passed.
  func due(after clock: Instant, _ rules: TimedRules) -> Instant? {
    var all: [Instant] = []
    if let first = segments.first { all.append(rules.finality(rules.end(first))) }
    for segment in segments where segment.closing == nil {
      let last = rules.deadline(segment.start, segment.last).last
      if last >= clock {
        all.append(last)
        break
      }
    }
    // An end that ended nothing.
    if let first = records.first, first.action.isEnd { all.append(rules.finality(first.time)) }
    if all.isEmpty, !isEmpty(at: clock, rules) { all.append(rules.finality(rules.deadline(floor, floor).endedAt)) }
    return all.min()
  }

  /// The clock passes; answers the sessions that have become final, the earlier first.
  mutating func pass(before time: Instant, _ rules: TimedRules, key: [Value]) -> [SessionState] {
    var final: [SessionState] = []
    while let first = segments.first, rules.isOver(rules.end(first), time) {
      final.append(state(first, isFirst: true, key: key, before: time, rules))
      // Where a record has ended it, one at that instant that comes later is not of it.
      let reach = first.closing.map { $0.at.advanced(by: -1) } ?? rules.deadline(first.start, first.last).last
      floor = max(floor, reach)
      base = nil
      segments.removeFirst()
      drop(first.end)
    }
    settle(before: time, rules)
    return final
  }

  /// Folds into the base what belongs to the first session whatever comes, and drops ends that can end nothing any more. Nothing that is to be seen
  /// changes.
  mutating func settle(before time: Instant, _ rules: TimedRules) {
    var count = 0
    while count < records.count, rules.isOver(records[count].time, time) {
      let record = records[count]
      if record.action.isEnd {
        floor = max(floor, record.time.advanced(by: -1))
      } else if base == nil {
        base = Base(record, rules)
      } else {
        base?.add(record, rules)
      }
      count += 1
    }
    drop(count)
    if namesTime < time { names = [:] }
  }

  private mutating func drop(_ count: Int) {
    if count == 0 { return }
    records.removeFirst(count)
    for index in segments.indices {
      segments[index].first = max(0, segments[index].first - count)
      segments[index].end = max(0, segments[index].end - count)
    }
  }

  // MARK: Rows

  /// The sessions that may be corrected, as their rows are when all deadlines before an instant have passed.
  func states(key: [Value], before clock: Instant, _ rules: TimedRules) -> [SessionState] {
    segments.indices.map { state(segments[$0], isFirst: $0 == 0, key: key, before: clock, rules) }
  }

  private func state(
    _ segment: Segment, isFirst: Bool, key: [Value], before clock: Instant, _ rules: TimedRules
  ) -> SessionState {
    var made = isFirst ? base : nil
    for record in records[segment.first..<segment.end] where !record.action.isEnd {
      if made == nil { made = Base(record, rules) } else { made?.add(record, rules) }
    }
    guard let made else { preconditionFailure("a session has a touch") }
    var state = SessionState(
      key: key, sessionID: made.name.text(rules.keyNames), startedAt: segment.start, lastAt: segment.last, columns: made.columns,
      item: nil, liveGroup: [], stamp: max(made.stamp, segment.closing?.stamp ?? made.stamp))
    if let closing = segment.closing {
      (state.endedAt, state.endedBy) = (closing.at, closing.rule)
    } else {
      let deadline = rules.deadline(segment.start, segment.last)
      if deadline.last < clock { (state.endedAt, state.endedBy) = (deadline.endedAt, deadline.rule) }
    }
    return state
  }
}

extension TimedSessions.Base {
  fileprivate init(_ record: TimedTouch, _ rules: TimedRules) {
    self.init(
      start: record.time, last: record.time, isSplit: record.action == .split, name: record.name, stamp: record.stamp,
      columns: rules.sessions.columns.map { SessionColumn($0) })
    rules.add(record, to: &columns)
  }

  fileprivate mutating func add(_ record: TimedTouch, _ rules: TimedRules) {
    start = min(start, record.time)
    last = max(last, record.time)
    name = min(name, record.name)
    stamp = max(stamp, record.stamp)
    rules.add(record, to: &columns)
  }

  /// With a touch that lies further back than `lateness`; nil when that ends a session there, which would be final.
  fileprivate func joined(_ record: TimedTouch, _ rules: TimedRules) -> Self? {
    var joined = self
    if record.time >= start {
      if record.action == .split { return nil }
    } else {
      if isSplit || start > rules.deadline(record.time, record.time).last { return nil }
      joined.isSplit = record.action == .split
    }
    joined.add(record, rules)
    return joined
  }
}

// MARK: - As bytes

extension TimedSessions {
  /// What a store keeps under the key, written when all deadlines before an instant have passed.
  package var bytes: [UInt8] {
    var writer = StateWriter()
    writer.unsigned(SessionRest.timedTag)
    writer.instant(floor)
    writer.instant(openedAt)
    writer.instant(namesTime)
    writer.unsigned(names.count)
    for (key, count) in names.sorted(by: { Bytes.less($0.key.bytes, $1.key.bytes) }) {
      writer.blob(key.bytes)
      writer.unsigned(count)
    }
    writer.names(shown.mapValues { $0 ? 1 : 0 })
    writer.near(openedAt)
    writer.optional(base) { writer, base in
      writer.instant(base.start)
      writer.instant(base.last)
      writer.unsigned(base.isSplit ? 1 : 0)
      base.name.append(to: &writer)
      writer.stamp(base.stamp)
      for column in base.columns { column.append(to: &writer) }
    }
    writer.unsigned(records.count)
    for record in records { record.append(to: &writer) }
    return writer.bytes
  }

  init(_ reader: inout StateReader, _ sessions: Sessions) throws(StateError) {
    floor = try reader.instant()
    openedAt = try reader.instant()
    namesTime = try reader.instant()
    for _ in 0..<(try reader.count()) {
      let key = BytesKey(try reader.blob())
      names[key] = try reader.unsigned()
    }
    shown = try reader.names().mapValues { $0 == 1 }
    reader.near(openedAt)
    base = try reader.optional { (reader) throws(StateError) in
      let (start, last) = (try reader.instant(), try reader.instant())
      let isSplit = try reader.unsigned() == 1
      let name = try TouchName(&reader)
      let stamp = try reader.stamp()
      var columns: [SessionColumn] = []
      for column in sessions.columns { columns.append(try SessionColumn(&reader, column)) }
      return Base(start: start, last: last, isSplit: isSplit, name: name, stamp: stamp, columns: columns)
    }
    let inputCount = sessions.sources[0].inputs.count
    for _ in 0..<(try reader.count()) {
      let record = try TimedTouch(&reader)
      guard record.action.isEnd || record.inputs.count == inputCount else { throw StateError() }
      records.append(record)
    }
    try reader.end()
    // Sums of such times are in range.
    let times = [base?.start, base?.last, floor == .distantPast ? nil : floor].compactMap { $0 } + records.map(\.time)
    guard times.allSatisfy({ $0.rawValue.magnitude < 1 << 58 }), zip(records, records.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw StateError()
    }
    guard let rules = TimedRules(sessions, keyNames: []) else { throw StateError() }
    segments = TimedSessions.segments(base, records, rules)
  }
}
