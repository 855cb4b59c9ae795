internal import DynamoModel
package import Pipelines

/// The active sessions of one projection, and when each ends by itself. Steps in, sessions that changed and ended out.
///
/// A projection is folded in one place: in the lane of its keys, or by the decider. Active sessions stay in memory (a few hundred bytes
/// each) up to a bound; past it those that were not touched for long are in the store alone, and whoever applies steps first has them looked up
/// (`lookup`, `admit`): those of the steps' keys and live groups, and those that are due. Ended ones are written once and let go. A touch of an
/// active session looks its key up without making an array of it, and changes the session where it stands.
package struct SessionFold: Sendable {
  package let sessions: Sessions
  /// The attributes of the item's key, partition key first: what a session is named by.
  private let keyNames: [String]
  private let plans: [SessionColumn.Plan]
  private let followsItem: Bool
  /// How many sessions, and how many rests, are kept in memory when all is committed.
  let residentMax: Int
  private let hasSums: Bool
  private let hasOrders: Bool
  /// The keys of the active sessions, in ordered form, and by their slots the sessions.
  var keys = BytesTable()
  var slots: [Slot] = []
  var deadlines = DeadlineHeap()
  /// Slots by live group.
  var live: [BytesKey: Int] = [:]
  /// What is left of keys without an active session.
  var rests: [BytesKey: SessionRest] = [:]
  /// Keys whose rest changed since the last call of `takeChanges`.
  var changedRests: Set<BytesKey> = []
  /// Keys with names of the present millisecond, void when it has passed.
  var namedKeys: [BytesKey] = []
  /// Slots marked as changed; one may be here twice, or no longer be marked.
  private var changed: [Int] = []
  private var ended: [SessionState] = []
  private var scratch: [UInt8] = []
  /// What is not in memory.
  var elsewhere = Elsewhere()
  /// The slot at which the search for sessions to be let go has stopped.
  var hand = 0
  /// The time before which deadlines have fired.
  private(set) var firedThrough = Instant.distantPast

  struct Slot {
    var state: SessionState?
    /// The deadline of the session's one entry in the heap that counts; the distant future without one.
    var scheduled = Instant.distantFuture
    /// When the store holds the session as due; nil when it does not, or holds it as never.
    var storedDue: Instant?
    var life: UInt32 = 0
    var isChanged = false
    /// Whether the store holds a row of the session whose due instant and live group need not change.
    var isStored = false
    /// Whether it was touched since it was last looked at for being let go.
    var isRecent = false
  }

  /// A session that has come to its end, and by what: a change, or a deadline that fired at an instant.
  package struct Ending: Sendable {
    package let state: SessionState
    package let cause: Cause

    package enum Cause: Sendable, Equatable {
      case change(Stamp)
      /// The instant at which the clock passed the deadline, or at which the change came that brought one already past.
      case deadline(Instant)
    }
  }

  package init(_ sessions: Sessions, keyNames: [String], residentMax: Int = .max) {
    self.sessions = sessions
    self.keyNames = keyNames
    self.residentMax = residentMax
    plans = sessions.columns.map { SessionColumn.Plan($0) }
    hasSums = sessions.columns.contains { $0.function.canMisfit }
    hasOrders = sessions.columns.contains { $0.order != nil }
    followsItem = sessions.columns.contains { $0.function == .current }
  }

  /// The least instant at which a session may end by itself: a hint, never too late.
  package var nextDeadline: Instant? {
    let least = deadlines.least?.deadline
    guard elsewhere.dueThrough < .distantFuture else { return least }
    return min(least ?? .distantFuture, elsewhere.dueThrough)
  }

  /// Applies a step. Deadlines before it have fired.
  package mutating func apply(_ step: SessionStep, _ endings: inout [Ending]) {
    switch step.action {
    case .touch(let inputs): touch(step, inputs, item: nil, &endings)
    case .split(let inputs):
      end(Array(inputs[..<sessions.keyCount]), by: .cut, step.stamp, &endings)
      touch(step, inputs, item: nil, &endings)
    case .end(let key, let rule): end(key, by: rule, step.stamp, &endings)
    case .item(let old, let new, let removed): apply(step, from: old, to: new, removedBy: removed, &endings)
    case .contributions: break
    }
  }

  /// The item is the session: it begins with it, goes on by the changes that are touches, and ends with it.
  private mutating func apply(
    _ step: SessionStep, from old: [Value]?, to new: SessionStep.ItemNow?, removedBy removed: SessionEnd,
    _ endings: inout [Ending]
  ) {
    let newKey = new.flatMap { key($0.inputs) }
    let oldKey = old.flatMap { key($0) }
    if let oldKey, oldKey != newKey {
      end(old ?? [], by: removed, step.stamp, &endings)
      forget(oldKey)
    }
    guard let new, let newKey else { return }
    let isNew = oldKey != newKey
    let found = keys.slot(of: newKey)
    if isNew || new.isTouch, found != nil || !new.isClosed {
      let isSuperseded = !isNew && found == nil && rests[BytesKey(newKey)]?.isSuperseded == true
      if !isSuperseded || sessions.revivesOnTouch { touch(step, new.inputs, item: new, &endings) }
    } else if let found {
      take(found, step, new)
      regroup(found, new.inputs, at: step.stamp, &endings)
      mark(found)
      schedule(found)
    }
    if new.isClosed { end(Array(new.inputs[..<sessions.keyCount]), by: .explicit, step.stamp, &endings) }
  }

  /// The session's key in ordered form; nil when one of its values is null, which makes the step none.
  func key(_ inputs: [Value]) -> [UInt8]? {
    for index in 0..<sessions.keyCount where inputs[index].isNull { return nil }
    return Value.ordered(inputs[..<sessions.keyCount])
  }

  /// Goes on with the session of the touch's key, or opens one.
  private mutating func touch(
    _ step: SessionStep, _ inputs: [Value], item: SessionStep.ItemNow?, _ endings: inout [Ending]
  ) {
    scratch.removeAll(keepingCapacity: true)
    for index in 0..<sessions.keyCount {
      if inputs[index].isNull { return }
      inputs[index].appendOrdered(to: &scratch)
    }
    let isNew: Bool
    let slot: Int
    if let found = keys.slot(of: scratch) {
      slot = found
      isNew = false
    } else {
      slot = open(step, inputs)
      isNew = true
    }
    slots[slot].state?.goOn(step.stamp, inputs, plans, itemKey: hasOrders ? ItemKeyBytes.bytes(step.item, keyNames) : [])
    if let item { take(slot, step, item) }
    if !sessions.liveGroup.isEmpty { regroup(slot, inputs, at: step.stamp, &endings) }
    mark(slot)
    // A touch alone moves a deadline later.
    if isNew || item != nil { schedule(slot) }
  }

  private mutating func open(_ step: SessionStep, _ inputs: [Value]) -> Int {
    var state = SessionState(
      key: Array(inputs[..<sessions.keyCount]), sessionID: name(of: step), startedAt: step.stamp.time, lastAt: step.stamp.time,
      columns: sessions.columns.map { SessionColumn($0) }, item: nil, liveGroup: [], stamp: step.stamp)
    // Beside an active session nothing else is stored of a key: what is left of earlier ones goes with it, or ends here.
    if !rests.isEmpty, var rest = rests[BytesKey(scratch)] {
      if rest.time == step.stamp.time { state.earlierNames = rest.names }
      rest.isSuperseded = false
      rests[BytesKey(scratch)] = rest.names.isEmpty ? nil : rest
    }
    return enter(scratch, state)
  }

  mutating func enter(_ key: [UInt8], _ state: SessionState) -> Int {
    let slot = keys.insert(key)
    if slot == slots.count { slots.append(Slot()) }
    slots[slot].state = state
    return slot
  }

  /// Takes a session out of its slot, which may be given out again.
  mutating func leave(_ slot: Int) {
    slots[slot] = Slot(life: slots[slot].life &+ 1)
    keys.remove(slot)
  }

  /// The item's change as far as the session holds it.
  private mutating func take(_ slot: Int, _ step: SessionStep, _ now: SessionStep.ItemNow) {
    var deadline = now.deadline
    if sessions.keepsGreatestDeadline, let before = slots[slot].state?.item?.deadline {
      deadline = max(deadline ?? before, before)
    }
    slots[slot].state?.item = SessionItem(key: step.item, seen: now.seen, version: step.stamp, deadline: deadline)
    guard followsItem else { return }
    slots[slot].state?.follow(step.stamp, now.inputs, plans)
  }

  /// The live group of a touch, in ordered form; empty for none.
  func group(_ inputs: [Value]) -> [UInt8] {
    let values = sessions.liveGroup.map { inputs[$0] }
    return values.contains(where: \.isNull) ? [] : Value.ordered(values)
  }

  /// Follows the live group that the session is in now: entering one ends the session that was live there.
  private mutating func regroup(_ slot: Int, _ inputs: [Value], at stamp: Stamp, _ endings: inout [Ending]) {
    guard !sessions.liveGroup.isEmpty, let old = slots[slot].state?.liveGroup else { return }
    let group = self.group(inputs)
    guard group != old else { return }
    if !old.isEmpty, live[BytesKey(old)] == slot { live[BytesKey(old)] = nil }
    slots[slot].state?.liveGroup = group
    slots[slot].isStored = false
    guard !group.isEmpty else { return }
    if let older = live.updateValue(slot, forKey: BytesKey(group)) {
      end(older, at: stamp.time, by: .superseded, stamp, &endings)
    }
  }

  mutating func mark(_ slot: Int) {
    slots[slot].isRecent = true
    if slots[slot].isChanged { return }
    slots[slot].isChanged = true
    changed.append(slot)
  }

  /// Sees to it that the heap has an entry of the session that is not later than its deadline. A later deadline is found when the entry
  /// comes up.
  mutating func schedule(_ slot: Int) {
    guard let state = slots[slot].state, let deadline = SessionDeadline(state, sessions)?.last, deadline < slots[slot].scheduled
    else { return }
    slots[slot].scheduled = deadline
    deadlines.push(.init(deadline: deadline, slot: Int32(slot), life: slots[slot].life))
  }

  /// Ends every session whose last active instant lies before `time`, in order of deadlines and of keys where those are equal. What the
  /// store holds as due before `time` has been looked up.
  package mutating func fire(before time: Instant, _ endings: inout [Ending]) {
    assert(time <= elsewhere.dueThrough, "sessions that are due are in the store alone")
    firedThrough = max(firedThrough, time)
    dropNames(before: time)
    while let first = deadlines.least, first.deadline < time {
      var due: [(slot: Int, deadline: SessionDeadline)] = []
      while let entry = deadlines.least, entry.deadline == first.deadline {
        _ = deadlines.pop()
        let slot = Int(entry.slot)
        // Of a session that has ended, or one whose deadline moved earlier and got an entry then.
        guard slots[slot].life == entry.life, slots[slot].scheduled == entry.deadline, let state = slots[slot].state else {
          continue
        }
        slots[slot].scheduled = .distantFuture
        guard let deadline = SessionDeadline(state, sessions) else { continue }
        if deadline.last == entry.deadline {
          due.append((slot, deadline))
        } else {
          schedule(slot)
          renewDue(slot)
        }
      }
      if due.count > 1 {
        let keys = keys
        due.sort { keys.less($0.slot, $1.slot) }
      }
      for (slot, deadline) in due {
        let state = close(slot, at: deadline.endedAt, by: deadline.rule, nil)
        endings.append(Ending(state: state, cause: .deadline(deadline.last)))
      }
    }
  }

  private mutating func end(_ key: [Value], by rule: SessionEnd, _ stamp: Stamp, _ endings: inout [Ending]) {
    guard let bytes = self.key(key), let slot = keys.slot(of: bytes) else { return }
    end(slot, at: stamp.time, by: rule, stamp, &endings)
  }

  private mutating func end(_ slot: Int, at time: Instant, by rule: SessionEnd, _ stamp: Stamp, _ endings: inout [Ending]) {
    endings.append(Ending(state: close(slot, at: time, by: rule, stamp), cause: .change(stamp)))
  }

  /// Lets go of the session in a slot.
  private mutating func close(_ slot: Int, at time: Instant, by rule: SessionEnd, _ stamp: Stamp?) -> SessionState {
    guard var state = slots[slot].state else { preconditionFailure("the callers have found a session in the slot") }
    leave(slot)
    if let stamp { state.stamp = max(state.stamp, stamp) }
    state.endedAt = time
    state.endedBy = rule
    if !state.liveGroup.isEmpty, live[BytesKey(state.liveGroup)] == slot { live[BytesKey(state.liveGroup)] = nil }
    leaveRest(state, endedIn: stamp?.time)
    if !elsewhere.isEmpty { elsewhere.note(Value.ordered(state.key)) }
    ended.append(state)
    return state
  }
}

// MARK: - Names and what is left of ended sessions

extension SessionFold {
  /// `<time> <length>:<part of the item's key>...`, and `#n` from the second session of that name on.
  private mutating func name(of step: SessionStep) -> String {
    let name = SessionFold.name(at: step.stamp.time, step.item, keyNames)
    guard !rests.isEmpty, let rest = rests[BytesKey(scratch)], rest.time == step.stamp.time,
      let count = rest.names[TextKey(name)]
    else {
      return name
    }
    return "\(name)#\(count + 1)"
  }

  /// The name without an ordinal.
  static func name(at time: Instant, _ item: Item, _ keyNames: [String]) -> String {
    var name = Timestamp.text(time)
    for attribute in keyNames {
      let text = item[attribute].map { SessionFold.text($0) } ?? ""
      name += " \(text.utf8.count):\(text)"
    }
    return name
  }

  private static func text(_ value: AttributeValue) -> String {
    switch value {
    case .string(let text): text
    case .number(let number): number.description
    case .binary(let bytes): Base64.encode(bytes)
    default: ""
    }
  }

  /// Notes of a session that has ended what later sessions of its key depend on.
  private mutating func leaveRest(_ state: SessionState, endedIn time: Instant?) {
    let isSuperseded = state.endedBy == .superseded && !sessions.revivesOnTouch
    let isOfThisMillisecond = state.startedAt == time
    guard isSuperseded || isOfThisMillisecond else { return }
    let key = BytesKey(Value.ordered(state.key))
    var rest = rests[key] ?? SessionRest()
    rest.isSuperseded = isSuperseded
    if isOfThisMillisecond {
      if rest.time != state.startedAt { rest.names = [:] }
      rest.time = state.startedAt
      // An ordinal is the name's own: `#` ends no name but one that has an ordinal, since the lengths of its parts stand before them.
      let (base, count) = SessionFold.split(state.sessionID)
      rest.names[TextKey(base), default: 0] = max(count, rest.names[TextKey(base)] ?? 0)
      namedKeys.append(key)
    }
    rests[key] = rest
    changedRests.insert(key)
  }

  /// A session's name without its ordinal, and the ordinal.
  private static func split(_ name: String) -> (base: String, ordinal: Int) {
    var rest = Substring(name)
    var end = rest.startIndex
    // Past the time come parts whose lengths are known.
    end = rest.utf8.firstIndex(of: UInt8(ascii: " ")) ?? rest.endIndex
    rest = rest[end...]
    while rest.utf8.first == UInt8(ascii: " "), let colon = rest.utf8.firstIndex(of: UInt8(ascii: ":")) {
      let length = Int(rest[rest.utf8.index(after: rest.startIndex)..<colon]) ?? 0
      let from = rest.utf8.index(after: colon)
      end = rest.utf8.index(from, offsetBy: length, limitedBy: rest.endIndex) ?? rest.endIndex
      rest = rest[end...]
    }
    guard rest.utf8.first == UInt8(ascii: "#"), let ordinal = Int(rest.dropFirst()) else { return (name, 1) }
    return (String(name[..<end]), ordinal)
  }

  /// The item left its key: whatever was left of its sessions there does not matter any more, but for names of this millisecond.
  private mutating func forget(_ key: [UInt8]) {
    guard !rests.isEmpty, var rest = rests[BytesKey(key)], rest.isSuperseded else { return }
    rest.isSuperseded = false
    if !elsewhere.isEmpty { elsewhere.note(key) }
    rests[BytesKey(key)] = rest.names.isEmpty ? nil : rest
    changedRests.insert(BytesKey(key))
  }

  /// The lane's time passes: names of earlier milliseconds are void.
  private mutating func dropNames(before time: Instant) {
    if namedKeys.isEmpty { return }
    var kept: [BytesKey] = []
    for key in namedKeys {
      guard var rest = rests[key] else { continue }
      if rest.time >= time {
        kept.append(key)
        continue
      }
      rest.names = [:]
      rest.time = .distantPast
      if !elsewhere.isEmpty { elsewhere.note(key.bytes) }
      rests[key] = rest.isSuperseded ? rest : nil
      changedRests.insert(key)
    }
    namedKeys = kept
  }
}

// MARK: - Changes

/// What a checkpoint writes of a projection's sessions, in this order.
package struct SessionChanges: Sendable {
  /// In the order of their ends.
  package var ended: [SessionState] = []
  /// By key.
  package var active: [Active] = []
  /// Keys in ordered form without an active session, and what is left there; nil removes it.
  package var rests: [(key: [UInt8], rest: SessionRest?)] = []
  /// By event time: sessions that nothing changes any more, of which a store keeps the rows only.
  package var final: [SessionState] = []
  /// By event time: what changed of each key, by key.
  package var timed: [Timed] = []

  /// A session that goes on.
  package struct Active: Sendable {
    package let state: SessionState
    /// An instant before which the session does not end by itself: what it is found by when it is not in memory. Nil for never.
    package let due: Instant?
    /// Whether the store holds the session with this `due` and this live group: only the rest of it changes.
    package let isStored: Bool
  }

  package init() {}

  package var count: Int { ended.count + active.count + rests.count + final.count + timed.count }
}

extension SessionFold {
  /// Whether a checkpoint has something to write.
  package var hasChanges: Bool { !ended.isEmpty || !changedRests.isEmpty || changed.contains { slots[$0].isChanged } }

  /// How many rows a checkpoint has to write, or a few more.
  package var changedRows: Int { changed.count + ended.count + changedRests.count }

  /// Sees to it that a state says when a dead letter of one of its sums is to be written, or may be there to be taken back. Answers
  /// whether a sum does not fit now.
  private func note(_ state: inout SessionState) -> Bool {
    let hasMisfit = !state.misfits(sessions).isEmpty
    state.hasMisfit = state.hasMisfit || hasMisfit
    return hasMisfit
  }

  /// What changed since the last call.
  package mutating func takeChanges() -> SessionChanges {
    var changes = SessionChanges()
    swap(&changes.ended, &ended)
    var marked: [Int] = []
    marked.reserveCapacity(changed.count)
    for slot in changed where slots[slot].isChanged {
      // A second mark of the slot finds the first one's work done.
      slots[slot].isChanged = false
      marked.append(slot)
    }
    let keys = keys
    marked.sort { keys.less($0, $1) }
    changes.active.reserveCapacity(marked.count)
    for slot in marked {
      guard var state = slots[slot].state else { continue }
      if hasSums {
        let hasMisfit = note(&state)
        slots[slot].state?.hasMisfit = hasMisfit
      }
      let due = due(slot, of: state)
      changes.active.append(.init(state: state, due: due, isStored: slots[slot].isStored && due == slots[slot].storedDue))
      slots[slot].storedDue = due
      slots[slot].isStored = true
    }
    if hasSums { for index in changes.ended.indices { _ = note(&changes.ended[index]) } }
    changed.removeAll(keepingCapacity: true)
    for key in changedRests.sorted(by: { Bytes.less($0.bytes, $1.bytes) }) where self.keys.slot(of: key.bytes) == nil {
      changes.rests.append((key.bytes, rests[key]))
    }
    changedRests.removeAll(keepingCapacity: true)
    return changes
  }
}

extension SessionState {
  /// Adds a touch to what the session holds.
  fileprivate mutating func goOn(_ stamp: Stamp, _ inputs: [Value], _ plans: [SessionColumn.Plan], itemKey: [UInt8]) {
    lastAt = max(lastAt, stamp.time)
    self.stamp = max(self.stamp, stamp)
    for index in plans.indices { columns[index].add(plans[index], inputs, stamp, itemKey: itemKey) }
  }

  /// Takes the item's values as they are now.
  fileprivate mutating func follow(_ stamp: Stamp, _ inputs: [Value], _ plans: [SessionColumn.Plan]) {
    for index in plans.indices where columns[index].follow(plans[index], inputs) { self.stamp = max(self.stamp, stamp) }
  }
}
