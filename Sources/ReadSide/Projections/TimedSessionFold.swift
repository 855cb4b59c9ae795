internal import DynamoModel
package import Pipelines

/// Sessions by event time, folded in the lane of their keys.
///
/// What the store keeps of a key, and what is looked up when it is not in memory, is the whole of its `TimedSessions`: it is due when something of it ends in
/// its row, becomes final, or may be forgotten.
struct TimedSessionFold: Fold {
  private let id: ProjectionID
  private let sessions: Sessions
  private let rules: TimedRules
  private let steps: SessionSteps
  /// How many keys stay in memory when all is committed.
  private let residentMax: Int
  private let timePath: String
  private let hasSums: Bool
  private var keys = BytesTable()
  private var slots: [Slot] = []
  private var deadlines = DeadlineHeap()
  /// Slots that are marked as changed.
  private var changed: [Int] = []
  /// Rows that nothing changes any more.
  private var final: [SessionState] = []
  private var elsewhere = Elsewhere()
  private var hand = 0
  /// The time before which deadlines have fired.
  private var clock = Instant.distantPast

  private struct Slot: Sendable {
    var key: [Value] = []
    var kept: TimedSessions?
    /// The deadline of the key's one entry in the heap that counts; the distant future without one.
    var scheduled = Instant.distantFuture
    var life: UInt32 = 0
    var isChanged = false
    /// Whether it was changed since it was last looked at for being let go.
    var isRecent = false
    /// The rows as they were handed over last, as far as that is known.
    var rows: [TextKey: SessionState] = [:]
  }

  init(
    _ rules: TimedRules, id: ProjectionID, table: TableIndex, residentMax: Int, stored: StoredSessions
  ) {
    self.rules = rules
    self.id = id
    self.residentMax = residentMax
    sessions = rules.sessions
    steps = SessionSteps(sessions, table: table)
    timePath = sessions.sources[0].inputs[rules.time.input].path
    hasSums = sessions.columns.contains { $0.function.canMisfit }
    if !stored.isWhole {
      elsewhere.isEmpty = false
      elsewhere.dueThrough = .distantPast
    }
    for entry in stored.entries { take(entry) }
  }

  // MARK: Records

  /// A change is taken whole or not at all.
  mutating func apply(_ change: Change, _ out: inout LaneOutput) throws(EvaluationFailure) {
    var found: [SessionStep] = []
    try steps.append(change, to: &found)
    if found.isEmpty { return }
    clock = max(clock, change.stamp.time)
    var before: [(slot: Int, kept: TimedSessions?)] = []
    for (place, step) in found.enumerated() {
      guard let touched = touched(by: step) else { continue }
      let slot = slot(of: Array(touched.inputs[..<sessions.keyCount]))
      if found.count > 1 { before.append((slot, slots[slot].kept)) }
      do throws(EvaluationFailure) {
        try take(touched, step, place: place, in: slot)
      } catch {
        for (slot, kept) in before.reversed() { slots[slot].kept = kept }
        throw error
      }
    }
  }

  /// What a step does, and when; nil when its key or its time is null.
  private func touched(by step: SessionStep) -> (time: Instant, action: TimedTouch.Action, inputs: [Value])? {
    let (action, values): (TimedTouch.Action, [Value])
    switch step.action {
    case .touch(let inputs): (action, values) = (.touch, inputs)
    case .split(let inputs): (action, values) = (.split, inputs)
    case .end(let inputs, let rule): (action, values) = (.end(rule), inputs)
    case .item, .contributions: return nil
    }
    if values[..<sessions.keyCount].contains(where: \.isNull) { return nil }
    let place = action.isEnd ? sessions.keyCount : rules.time.input
    // An end whose image does not say when it came, as that of an item which is gone.
    guard place < values.count else { return (step.stamp.time, action, values) }
    guard case .timestamp(let time) = values[place] else { return nil }
    return (time, action, values)
  }

  private mutating func take(
    _ touched: (time: Instant, action: TimedTouch.Action, inputs: [Value]), _ step: SessionStep, place: Int, in slot: Int
  ) throws(EvaluationFailure) {
    let (time, commit) = (touched.time, step.stamp.time)
    if commit.distance(to: time) > rules.time.ahead {
      throw EvaluationFailure(
        path: timePath,
        reason: "\(Timestamp.text(time)) is later than the record's commit time \(Timestamp.text(commit)) by more than `ahead`")
    }
    let itemKey = ItemKeyBytes.bytes(step.item, rules.keyNames)
    let ordinal = slots[slot].kept?.ordinal(of: itemKey, at: commit) ?? 1
    let record = TimedTouch(
      time: time, action: touched.action, inputs: touched.action.isEnd ? [] : touched.inputs,
      name: TouchName(stamp: step.stamp, place: place, itemKey: itemKey, ordinal: ordinal))
    guard slots[slot].kept?.take(record, rules) ?? false else {
      throw EvaluationFailure(
        path: timePath,
        reason:
          "\(Timestamp.text(time)) comes too late, at \(Timestamp.text(commit)): the session that it would change was over for longer than `lateness`"
      )
    }
    mark(slot)
    schedule(slot)
  }

  private mutating func slot(of key: [Value]) -> Int {
    let bytes = Value.ordered(key)
    if let slot = keys.slot(of: bytes) { return slot }
    let slot = enter(bytes, key, TimedSessions())
    // With nothing in it, it goes with the next checkpoint.
    mark(slot)
    return slot
  }

  private mutating func enter(_ bytes: [UInt8], _ key: [Value], _ kept: TimedSessions) -> Int {
    let slot = keys.insert(bytes)
    if slot == slots.count { slots.append(Slot()) }
    slots[slot].key = key
    slots[slot].kept = kept
    return slot
  }

  /// Lets go of a slot, which may be given out again.
  private mutating func leave(_ slot: Int) {
    slots[slot] = Slot(life: slots[slot].life &+ 1)
    keys.remove(slot)
  }

  private mutating func mark(_ slot: Int) {
    slots[slot].isRecent = true
    if slots[slot].isChanged { return }
    slots[slot].isChanged = true
    changed.append(slot)
  }

  // MARK: Deadlines

  private mutating func schedule(_ slot: Int) {
    guard let due = slots[slot].kept?.due(after: clock, rules), due < slots[slot].scheduled else { return }
    slots[slot].scheduled = due
    deadlines.push(.init(deadline: due, slot: Int32(slot), life: slots[slot].life))
  }

  /// In the order of deadlines, and of keys where those are equal.
  mutating func fire(before time: Instant, _ out: inout LaneOutput) {
    assert(time <= elsewhere.dueThrough, "sessions that are due are in the store alone")
    while let first = deadlines.least, first.deadline < time {
      clock = max(clock, first.deadline.advanced(by: 1))
      var due: [Int] = []
      while let entry = deadlines.least, entry.deadline == first.deadline {
        _ = deadlines.pop()
        let slot = Int(entry.slot)
        guard slots[slot].life == entry.life, slots[slot].scheduled == entry.deadline else { continue }
        slots[slot].scheduled = .distantFuture
        due.append(slot)
      }
      let keys = keys
      due.sort { keys.less($0, $1) }
      for slot in due { pass(slot, &out) }
    }
    clock = max(clock, time)
  }

  private mutating func pass(_ slot: Int, _ out: inout LaneOutput) {
    defer { schedule(slot) }
    guard let due = slots[slot].kept?.due(after: clock.advanced(by: -1), rules), due < clock else { return }
    mark(slot)
    let key = slots[slot].key
    for state in slots[slot].kept?.pass(before: clock, rules, key: key) ?? [] {
      // When the last instant is over at which it could be corrected.
      let firedAt = clock.advanced(by: -1)
      out.sessionEnded(SessionFold.Ending(state: state, cause: .deadline(firedAt)), projection: id, sessions)
      final.append(shown(state, in: slot))
    }
  }

  /// The row, which is about to be handed over.
  private mutating func shown(_ state: SessionState, in slot: Int) -> SessionState {
    var state = state
    // The row stays, but not as one that may be corrected: what is taken out here is not taken for gone.
    let hadMisfit = slots[slot].kept?.shown.removeValue(forKey: TextKey(state.sessionID)) ?? false
    state.hasMisfit = hadMisfit || (hasSums && !state.misfits(sessions).isEmpty)
    return state
  }

  var nextDeadline: Instant? {
    let least = deadlines.least?.deadline
    guard elsewhere.dueThrough < .distantFuture else { return least }
    return min(least ?? .distantFuture, elsewhere.dueThrough)
  }

  // MARK: Changes

  var hasChanges: Bool { !changed.isEmpty || !final.isEmpty }
  var changedRows: Int { changed.count + final.count }
  var oldNames: [String]? { steps.oldNames }
  var readsItemKeys: Bool { false }

  mutating func takeChanges(into changes: inout LaneChanges) {
    if !hasChanges { return }
    var taken = SessionChanges()
    swap(&taken.final, &final)
    let keys = keys
    changed.sort { keys.less($0, $1) }
    for slot in changed { taken.timed.append(handOver(slot)) }
    changed.removeAll(keepingCapacity: true)
    changes.sessions[id] = taken
  }

  private mutating func handOver(_ slot: Int) -> SessionChanges.Timed {
    let bytes = keys.bytes(slot)
    slots[slot].isChanged = false
    slots[slot].kept?.settle(before: clock, rules)
    guard let kept = slots[slot].kept else { preconditionFailure("a marked slot has a key") }
    var made = SessionChanges.Timed(key: bytes, values: slots[slot].key)
    var rows: [TextKey: SessionState] = [:]
    var shown: [TextKey: Bool] = [:]
    for var state in kept.states(key: made.values, before: clock, rules) {
      let hasMisfit = hasSums && !state.misfits(sessions).isEmpty
      let name = TextKey(state.sessionID)
      shown[name] = hasMisfit
      let before = slots[slot].rows[name]
      rows[name] = state
      if before == state { continue }
      state.hasMisfit = hasMisfit || kept.shown[name] ?? false
      made.rows.append(state)
    }
    made.gone = kept.shown.filter { shown[$0.key] == nil }.sorted { Text.less($0.key.text, $1.key.text) }.map {
      SessionChanges.Timed.Gone(sessionID: $0.key.text, hasMisfit: $0.value)
    }
    if kept.isEmpty(at: clock, rules) {
      if !elsewhere.isEmpty { elsewhere.note(bytes) }
      leave(slot)
      return made
    }
    slots[slot].rows = rows
    slots[slot].kept?.shown = shown
    made.kept = slots[slot].kept
    made.due = made.kept?.due(after: clock, rules)
    return made
  }

  // MARK: What is in the store alone

  var isWhole: Bool { elsewhere.isEmpty }
  var dueThrough: Instant { elsewhere.dueThrough }

  func lookForDue(before time: Instant, _ lookup: inout SessionLookup) {
    guard elsewhere.dueThrough < time else { return }
    lookup.due = .init(from: elsewhere.dueThrough, before: time, max: min(SessionFold.dueMax, max(1, residentMax)))
  }

  func look(for change: Change, _ lookup: inout SessionLookup) {
    var found: [SessionStep] = []
    // What the change's image decides, `apply` reports.
    try? steps.append(change, to: &found)
    for step in found {
      guard let touched = touched(by: step) else { continue }
      let key = BytesKey(Value.ordered(touched.inputs[..<sessions.keyCount]))
      if keys.slot(of: key.bytes) == nil, !elsewhere.knownKeys.contains(key) { lookup.add(key: key) }
    }
  }

  mutating func admit(_ found: FoundSessions, _ lookup: SessionLookup) {
    // What memory says of a key is newer.
    for entry in found.entries where keys.slot(of: entry.key) == nil && !elsewhere.knownKeys.contains(BytesKey(entry.key)) {
      take(entry)
    }
    elsewhere.note(lookup)
    if let dueThrough = found.dueThrough { elsewhere.dueThrough = dueThrough }
  }

  private mutating func take(_ entry: StoredSessions.Entry) {
    guard case .timed(let kept) = entry.session, let key = Value.values(ordered: entry.key, count: sessions.keyCount) else {
      return assertionFailure("sessions by commit time have a fold of their own")
    }
    let slot = enter(entry.key, key, kept)
    slots[slot].isRecent = true
    // What was past when it was written is in its rows, and due is what was not.
    guard let due = entry.due else { return }
    slots[slot].scheduled = due
    deadlines.push(.init(deadline: due, slot: Int32(slot), life: slots[slot].life))
  }

  /// Past the bound keys are let go, those first that did not change for long.
  mutating func committed() {
    if !elsewhere.isEmpty { elsewhere.forget() }
    var excess = keys.count - residentMax
    guard excess > 0 else { return }
    // Once round finds those that did not change since the last time, twice round all.
    for _ in 0..<2 * slots.count where excess > 0 {
      hand = hand + 1 < slots.count ? hand + 1 : 0
      guard slots[hand].kept != nil, !slots[hand].isChanged else { continue }
      if slots[hand].isRecent {
        slots[hand].isRecent = false
        continue
      }
      elsewhere.isEmpty = false
      elsewhere.dueThrough = min(elsewhere.dueThrough, slots[hand].scheduled)
      leave(hand)
      excess -= 1
    }
    if deadlines.count > 2 * keys.count + 1024 {
      let slots = slots
      deadlines.keep { slots[Int($0.slot)].life == $0.life && slots[Int($0.slot)].scheduled == $0.deadline }
    }
  }
}

extension SessionChanges {
  /// What changed of a key's sessions by event time: rows that go, rows as they are now, and what is kept under the key.
  package struct Timed: Sendable {
    /// In ordered form.
    package let key: [UInt8]
    package let values: [Value]
    package internal(set) var gone: [Gone] = []
    package internal(set) var rows: [SessionState] = []
    /// Nil when the key may be forgotten.
    package internal(set) var kept: TimedSessions?
    package internal(set) var due: Instant?

    /// The row of a session that became a part of another.
    package struct Gone: Sendable {
      package let sessionID: String
      /// Whether there may be a dead letter of a sum that did not fit its type.
      package let hasMisfit: Bool
    }

    init(key: [UInt8], values: [Value]) {
      self.key = key
      self.values = values
    }
  }
}
