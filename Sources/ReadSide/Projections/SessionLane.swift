internal import DynamoModel
internal import Pipelines

/// The sessions of one projection in one lane: all that are active, and when each ends by itself.
///
/// Sessions are decided here alone, since their key is the table's partition key. The active ones stay in memory (a few hundred
/// bytes each) and are loaded when the lane starts; ended ones are written once and let go. A touch of an active session looks its key up
/// without making an array of it, and changes the session where it stands.
struct SessionLane {
  let sessions: Sessions
  private let plans: [SessionColumn.Plan]
  private let canOverflow: Bool
  /// The keys of the active sessions, in ordered form, and by their slots the sessions.
  private var keys = BytesTable()
  private var slots: [Slot] = []
  private var deadlines = DeadlineHeap()
  /// Slots by live group, for sessions that supersede each other.
  private var live: [BytesKey: Int] = [:]
  /// Slots marked as changed; one may be here twice, or no longer be marked.
  private var changed: [Int] = []
  private var ended: [SessionState] = []
  private var scratch: [UInt8] = []

  private struct Slot {
    var state: SessionState?
    /// The deadline of the session's one entry in the heap that counts; `.max` without one.
    var scheduled: Int64 = .max
    var life: UInt32 = 0
    var isChanged = false
  }

  init(_ sessions: Sessions) {
    self.sessions = sessions
    plans = sessions.columns.map { SessionColumn.Plan($0) }
    canOverflow = sessions.columns.contains { $0.function == .sum }
  }

  /// Takes over the active sessions that the read model holds.
  mutating func load(_ states: [SessionState]) {
    for state in states {
      let slot = enter(Value.ordered(state.key), state)
      if !state.liveGroup.isEmpty { live[BytesKey(state.liveGroup)] = slot }
      schedule(slot)
    }
  }

  private mutating func enter(_ key: [UInt8], _ state: SessionState) -> Int {
    let slot = keys.insert(key)
    if slot == slots.count { slots.append(Slot()) }
    slots[slot].state = state
    return slot
  }

  /// Sees to it that the heap has an entry of the session that is not later than its deadline. A later deadline is found when the entry
  /// comes up.
  private mutating func schedule(_ slot: Int) {
    guard let state = slots[slot].state, let deadline = SessionDeadline(state, sessions)?.last, deadline < slots[slot].scheduled
    else { return }
    slots[slot].scheduled = deadline
    deadlines.push(.init(deadline: deadline, slot: Int32(slot), life: slots[slot].life))
  }

  private mutating func mark(_ slot: Int) {
    if slots[slot].isChanged { return }
    slots[slot].isChanged = true
    changed.append(slot)
  }

  /// The least instant at which a session may end by itself: a hint, never too late.
  var nextDeadline: Int64? { deadlines.least?.deadline }

  /// Ends every session whose last active instant lies before `time`, in order of deadlines and of keys where those are equal, and hands
  /// each to `fired`.
  mutating func fire(before time: Int64, _ fired: (SessionState) -> Void) {
    while let first = deadlines.least, first.deadline < time {
      var due: [(slot: Int, deadline: SessionDeadline)] = []
      while let entry = deadlines.least, entry.deadline == first.deadline {
        _ = deadlines.pop()
        let slot = Int(entry.slot)
        // Of a session that has ended, or one whose deadline moved earlier and got an entry then.
        guard slots[slot].life == entry.life, slots[slot].scheduled == entry.deadline, let state = slots[slot].state else {
          continue
        }
        slots[slot].scheduled = .max
        guard let deadline = SessionDeadline(state, sessions) else { continue }
        if deadline.last == entry.deadline { due.append((slot, deadline)) } else { schedule(slot) }
      }
      if due.count > 1 {
        let keys = keys
        due.sort { keys.less($0.slot, $1.slot) }
      }
      for (slot, deadline) in due { fired(end(slot, at: deadline.endedAt, by: deadline.rule, nil)) }
    }
  }

  /// Lets go of the session in a slot.
  @discardableResult
  private mutating func end(_ slot: Int, at time: Int64, by rule: SessionEnd, _ stamp: RowStamp?) -> SessionState {
    guard var state = slots[slot].state else { preconditionFailure("the callers have found a session in the slot") }
    slots[slot] = Slot(life: slots[slot].life &+ 1)
    keys.remove(slot)
    if let stamp { state.stamp = max(state.stamp, stamp) }
    state.endedAt = time
    state.endedBy = rule
    if !state.liveGroup.isEmpty, live[BytesKey(state.liveGroup)] == slot { live[BytesKey(state.liveGroup)] = nil }
    ended.append(state)
    return state
  }

  struct Touch {
    let inputs: [Value]
    let stamp: RowStamp
    /// The item's key, and in its stored form.
    let keys: Item
    let itemKey: [UInt8]
  }

  /// The session's key in ordered form; nil when one of its values is null, which makes the touch none.
  func key(_ inputs: [Value]) -> [UInt8]? {
    for index in 0..<sessions.keyCount where inputs[index].isNull { return nil }
    return Value.ordered(inputs[..<sessions.keyCount])
  }

  func isActive(_ key: [UInt8]) -> Bool { keys.slot(of: key) != nil }

  /// Goes on with the session of the touch's key, or opens one. Deadlines before the touch have fired. `item` is the item behind the
  /// session, for the item kind. Returns the sessions that this one supersedes, ended. Throws before anything is changed.
  mutating func touch(_ touch: Touch, item: ItemView? = nil) throws(NumberError) -> [SessionState] {
    scratch.removeAll(keepingCapacity: true)
    for index in 0..<sessions.keyCount {
      if touch.inputs[index].isNull { return [] }
      touch.inputs[index].appendOrdered(to: &scratch)
    }
    var superseded: [SessionState] = []
    let slot: Int
    let isNew: Bool
    if let found = keys.slot(of: scratch) {
      if canOverflow { try checkSums(found, touch.inputs) }
      slot = found
      isNew = false
    } else {
      slot = open(touch, &superseded)
      isNew = true
    }
    slots[slot].state?.go(on: touch, plans)
    if let item { slots[slot].state?.take(item) }
    mark(slot)
    // A touch alone moves a deadline later.
    if isNew || item != nil { schedule(slot) }
    return superseded
  }

  private func checkSums(_ slot: Int, _ inputs: [Value]) throws(NumberError) {
    guard let columns = slots[slot].state?.columns else { return }
    for index in plans.indices {
      if case .sum(let sum) = columns[index], let input = plans[index].input { _ = try sum.adding(inputs[input].number) }
    }
  }

  private mutating func open(_ touch: Touch, _ superseded: inout [SessionState]) -> Int {
    var state = SessionState(
      key: Array(touch.inputs[..<sessions.keyCount]),
      sessionID: "\(Timestamp.text(touch.stamp.time)) \(LaneEngine.text(ofKey: touch.keys))", startedAt: touch.stamp.time,
      lastAt: touch.stamp.time, columns: sessions.columns.map { SessionColumn($0) }, itemSequence: 0, liveGroup: [],
      stamp: touch.stamp)
    let group = sessions.liveGroup.map { touch.inputs[$0] }
    guard !group.isEmpty, !group.contains(where: \.isNull) else { return enter(scratch, state) }
    state.liveGroup = Value.ordered(group)
    if let older = live[BytesKey(state.liveGroup)] {
      superseded.append(end(older, at: touch.stamp.time, by: .superseded, touch.stamp))
    }
    let slot = enter(scratch, state)
    live[BytesKey(state.liveGroup)] = slot
    return slot
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
    guard let slot = keys.slot(of: key) else { return }
    slots[slot].state?.take(item)
    mark(slot)
    schedule(slot)
  }

  /// Ends the key's session, if there is one.
  @discardableResult
  mutating func end(_ key: [UInt8], at time: Int64, by rule: SessionEnd, _ stamp: RowStamp) -> SessionState? {
    keys.slot(of: key).map { end($0, at: time, by: rule, stamp) }
  }

  /// Whether a checkpoint has something to write.
  var hasChanges: Bool { !ended.isEmpty || changed.contains { slots[$0].isChanged } }

  /// How many sessions a checkpoint has to write, or a few more.
  var changedRows: Int { changed.count + ended.count }

  /// The sessions that changed since the last call: the ended ones in the order of their ends, then the active ones by key.
  mutating func takeChanges() -> [SessionState] {
    var changes = ended
    ended.removeAll()
    var marked: [Int] = []
    marked.reserveCapacity(changed.count)
    for slot in changed where slots[slot].isChanged {
      // A second mark of the slot finds the first one's work done.
      slots[slot].isChanged = false
      marked.append(slot)
    }
    let keys = keys
    marked.sort { keys.less($0, $1) }
    changes.reserveCapacity(changes.count + marked.count)
    for slot in marked {
      if let state = slots[slot].state { changes.append(state) }
    }
    changed.removeAll(keepingCapacity: true)
    return changes
  }
}

extension SessionState {
  /// Adds a touch to what the session holds.
  fileprivate mutating func go(on touch: SessionLane.Touch, _ plans: [SessionColumn.Plan]) {
    lastAt = max(lastAt, touch.stamp.time)
    stamp = max(stamp, touch.stamp)
    for index in plans.indices {
      columns[index].add(plans[index], inputs: touch.inputs, time: touch.stamp.time, itemKey: touch.itemKey)
    }
  }

  mutating func take(_ item: SessionLane.ItemView) {
    itemKey = item.key
    seen = item.seen
    itemSequence = max(itemSequence, item.sequence)
    itemDeadline = item.deadline
  }
}
