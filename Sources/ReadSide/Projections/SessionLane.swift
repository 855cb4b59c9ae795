internal import DynamoModel
internal import Pipelines

/// The sessions of one projection in one lane: all that are active, and when each ends by itself.
///
/// Sessions are decided here alone, since their key is the table's partition key. The active ones stay in memory (a few hundred
/// bytes each) and are loaded when the lane starts; ended ones are written once and let go.
struct SessionLane {
  let sessions: Sessions
  private(set) var active: [[UInt8]: SessionState] = [:]
  private var deadlines = DeadlineHeap()
  /// Keys by live group, for sessions that supersede each other.
  private var live: [[UInt8]: [UInt8]] = [:]
  private var changed: Set<[UInt8]> = []
  private var ended: [SessionState] = []

  init(_ sessions: Sessions) { self.sessions = sessions }

  /// Takes over the active sessions that the read model holds.
  mutating func load(_ states: [SessionState]) {
    for state in states {
      let key = Value.ordered(state.key)
      active[key] = state
      if !state.liveGroup.isEmpty { live[state.liveGroup] = key }
      schedule(key, state)
    }
  }

  private mutating func schedule(_ key: [UInt8], _ state: SessionState) {
    if let deadline = SessionDeadline(state, sessions) { deadlines.push(.init(deadline: deadline.last, key: key)) }
  }

  /// The least instant at which a session may end by itself: a hint, never too late.
  var nextDeadline: Int64? { deadlines.least?.deadline }

  /// Ends every session whose last active instant lies before `time`, in order of deadlines, and hands each to `ended`.
  mutating func fire(before time: Int64, _ fired: (SessionState) -> Void) {
    while let entry = deadlines.least, entry.deadline < time {
      _ = deadlines.pop()
      guard let state = active[entry.key], let deadline = SessionDeadline(state, sessions) else { continue }
      if deadline.last != entry.deadline {
        // The deadline moved: later means that this entry is put back, earlier that a newer entry has been pushed.
        if deadline.last > entry.deadline { deadlines.push(.init(deadline: deadline.last, key: entry.key)) }
        continue
      }
      fired(end(entry.key, state, at: deadline.endedAt, by: deadline.rule))
    }
  }

  @discardableResult
  private mutating func end(_ key: [UInt8], _ state: SessionState, at time: Int64, by rule: SessionEnd) -> SessionState {
    var state = state
    state.endedAt = time
    state.endedBy = rule
    active[key] = nil
    changed.remove(key)
    if !state.liveGroup.isEmpty, live[state.liveGroup] == key { live[state.liveGroup] = nil }
    ended.append(state)
    return state
  }

  struct Touch {
    let inputs: [Value]
    let stamp: RowStamp
    /// The item's key in its stored form.
    let itemKey: [UInt8]
    let episodeKey: () -> String
  }

  /// The session's key in ordered form; nil when one of its values is null, which makes the touch none.
  func key(_ inputs: [Value]) -> [UInt8]? {
    for index in 0..<sessions.keyCount where inputs[index].isNull { return nil }
    return Value.ordered(inputs[..<sessions.keyCount])
  }

  /// Goes on with the key's session, or opens one. Deadlines before the touch have fired. `item` is the item behind the
  /// session, for the item kind. Returns the sessions that this one supersedes, ended.
  mutating func touch(_ key: [UInt8], _ touch: Touch, item: ItemView? = nil) throws(NumberError) -> [SessionState] {
    var superseded: [SessionState] = []
    var state: SessionState
    let isNew: Bool
    if let existing = active.removeValue(forKey: key) {
      state = existing
      isNew = false
    } else {
      isNew = true
      state = SessionState(
        key: Array(touch.inputs[..<sessions.keyCount]),
        episode: "\(Timestamp.text(touch.stamp.time)) \(touch.episodeKey())", startedAt: touch.stamp.time,
        lastAt: touch.stamp.time, columns: sessions.columns.map { SessionColumn($0) }, itemSequence: 0, liveGroup: [],
        stamp: touch.stamp)
      let group = sessions.liveGroup.map { touch.inputs[$0] }
      if !group.isEmpty, !group.contains(where: \.isNull) {
        state.liveGroup = Value.ordered(group)
        if let older = live[state.liveGroup], let loser = active[older] {
          var loser = loser
          loser.stamp = max(loser.stamp, touch.stamp)
          superseded.append(end(older, loser, at: touch.stamp.time, by: .superseded))
        }
        live[state.liveGroup] = key
      }
    }
    state.lastAt = max(state.lastAt, touch.stamp.time)
    state.stamp = max(state.stamp, touch.stamp)
    for index in sessions.columns.indices {
      try state.columns[index].add(
        sessions.columns[index], inputs: touch.inputs, time: touch.stamp.time, itemKey: touch.itemKey)
    }
    let before = isNew ? nil : SessionDeadline(state, sessions)?.last
    if let item { state.take(item) }
    let after = SessionDeadline(state, sessions)?.last
    active[key] = state
    changed.insert(key)
    // A later deadline is found when the old entry comes up; a first or an earlier one needs an entry now.
    if let after, before.map({ after < $0 }) ?? true { deadlines.push(.init(deadline: after, key: key)) }
    return superseded
  }

  /// What is known of the item behind a session.
  struct ItemView {
    let key: Item
    let seen: Item?
    let sequence: UInt64
    let deadline: Int64?
  }

  /// A change of the item that is no touch: its deadline and what was seen of it may be other now.
  mutating func observe(_ key: [UInt8], _ item: ItemView) {
    guard var state = active[key] else { return }
    let before = SessionDeadline(state, sessions)?.last
    state.take(item)
    let after = SessionDeadline(state, sessions)?.last
    active[key] = state
    changed.insert(key)
    if let after, before.map({ after < $0 }) ?? true { deadlines.push(.init(deadline: after, key: key)) }
  }

  /// Ends the key's session, if there is one.
  @discardableResult
  mutating func end(_ key: [UInt8], at time: Int64, by rule: SessionEnd, _ stamp: RowStamp) -> SessionState? {
    guard var state = active[key] else { return nil }
    state.stamp = max(state.stamp, stamp)
    return end(key, state, at: time, by: rule)
  }

  /// Whether a checkpoint has something to write.
  var hasChanges: Bool { !changed.isEmpty || !ended.isEmpty }

  /// The sessions that changed since the last call: the ended ones in the order of their ends, then the active ones by key.
  mutating func takeChanges() -> [SessionState] {
    var changes = ended
    ended.removeAll()
    for key in changed.sorted(by: Bytes.less) {
      if let state = active[key] { changes.append(state) }
    }
    changed.removeAll(keepingCapacity: true)
    return changes
  }
}

extension SessionState {
  mutating func take(_ item: SessionLane.ItemView) {
    itemKey = item.key
    seen = item.seen
    itemSequence = max(itemSequence, item.sequence)
    itemDeadline = item.deadline
  }
}
