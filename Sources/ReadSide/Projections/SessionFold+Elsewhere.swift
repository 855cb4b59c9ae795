internal import DynamoModel
package import Pipelines

/// What a fold knows of the sessions that the store holds and memory does not.
struct Elsewhere: Sendable {
  /// Whether everything that the store holds is in memory as well.
  var isEmpty = true
  /// Everything that the store holds as due before this is in memory.
  var dueThrough = Instant.distantFuture
  /// Keys of which memory says what there is, though nothing is in it: the store holds nothing, or what does not count any more. As long as
  /// nothing is let go.
  private(set) var knownKeys: Set<BytesKey> = []
  /// Live groups of which memory says whether a session is live there.
  private(set) var knownGroups: Set<BytesKey> = []

  mutating func note(_ key: [UInt8]) { knownKeys.insert(BytesKey(key)) }

  mutating func note(_ lookup: SessionLookup) {
    knownKeys.formUnion(lookup.keys)
    knownGroups.formUnion(lookup.groups)
  }

  /// All is committed: what the store says counts again.
  mutating func forget() {
    knownKeys.removeAll()
    knownGroups.removeAll()
  }
}

extension SessionFold {
  /// Whether everything that the store holds is in memory as well: steps may be applied and deadlines fired without a look into the store.
  package var isWhole: Bool { elsewhere.isEmpty }

  /// Everything that the store holds as due before this is in memory: deadlines before it may be fired.
  package var dueThrough: Instant { elsewhere.dueThrough }

  /// Takes over what the read model holds.
  package mutating func load(_ stored: StoredSessions) {
    if !stored.isWhole {
      elsewhere.isEmpty = false
      elsewhere.dueThrough = .distantPast
    }
    for entry in stored.entries { take(entry) }
  }

  /// How many sessions that are due are looked up at once.
  static let dueMax = 20_000

  /// Adds what has to be looked up before deadlines before a time fire.
  package func lookForDue(before time: Instant, _ lookup: inout SessionLookup) {
    guard elsewhere.dueThrough < time else { return }
    lookup.due = .init(from: elsewhere.dueThrough, before: time, max: min(SessionFold.dueMax, max(1, residentMax)))
  }

  /// Adds what a step needs to see that is not in memory.
  package func look(for step: SessionStep, _ lookup: inout SessionLookup) {
    switch step.action {
    case .touch(let inputs), .split(let inputs):
      look(key(inputs), &lookup)
      lookForGroup(inputs, &lookup)
    case .contributions: break
    case .end(let key, _): look(self.key(key), &lookup)
    case .item(let old, let new, _):
      look(old.flatMap { key($0) }, &lookup)
      guard let new else { return }
      look(key(new.inputs), &lookup)
      lookForGroup(new.inputs, &lookup)
    }
  }

  private func look(_ key: [UInt8]?, _ lookup: inout SessionLookup) {
    guard let key, keys.slot(of: key) == nil else { return }
    let wanted = BytesKey(key)
    if rests[wanted] == nil, !elsewhere.knownKeys.contains(wanted) { lookup.add(key: wanted) }
  }

  private func lookForGroup(_ inputs: [Value], _ lookup: inout SessionLookup) {
    if sessions.liveGroup.isEmpty { return }
    let group = BytesKey(group(inputs))
    if !group.bytes.isEmpty, live[group] == nil, !elsewhere.knownGroups.contains(group) { lookup.add(group: group) }
  }

  /// Takes what the store holds of what was looked up.
  package mutating func admit(_ found: FoundSessions, _ lookup: SessionLookup) {
    for entry in found.entries {
      let key = BytesKey(entry.key)
      // What memory says of a key is newer.
      if keys.slot(of: entry.key) != nil || rests[key] != nil || elsewhere.knownKeys.contains(key) { continue }
      take(entry)
      // One that was found as due and is not due yet gets another due instant, or it would be found again and again.
      guard let before = lookup.due?.before, let due = entry.due, due < before, let slot = keys.slot(of: entry.key),
        slots[slot].scheduled >= before
      else { continue }
      mark(slot)
    }
    elsewhere.note(lookup)
    if let dueThrough = found.dueThrough { elsewhere.dueThrough = dueThrough }
  }

  private mutating func take(_ entry: StoredSessions.Entry) {
    switch entry.session {
    case .active(let state):
      let slot = enter(entry.key, state)
      slots[slot].storedDue = entry.due
      slots[slot].isStored = true
      slots[slot].isRecent = true
      if !state.liveGroup.isEmpty { live[BytesKey(state.liveGroup)] = slot }
      schedule(slot)
      if state.earlierNames.isEmpty { return }
      var rest = SessionRest()
      rest.time = state.startedAt
      rest.names = state.earlierNames
      rests[BytesKey(entry.key)] = rest
      namedKeys.append(BytesKey(entry.key))
    case .rest(let rest):
      rests[BytesKey(entry.key)] = rest
      if !rest.names.isEmpty { namedKeys.append(BytesKey(entry.key)) }
    case .timed: assertionFailure("sessions by event time have a fold of their own")
    }
  }

  /// What the store is to hold of a session as its due instant: the one that it holds, as long as that is to come and not too late, since a
  /// touch alone moves the deadline only later; else the deadline.
  func due(_ slot: Int, of state: SessionState) -> Instant? {
    guard let deadline = SessionDeadline(state, sessions)?.last else { return nil }
    if let stored = slots[slot].storedDue, stored >= firedThrough, stored <= deadline { return stored }
    return deadline
  }

  /// The clock has passed an instant at which the session was due once: where the store holds that one, it gets a new one.
  mutating func renewDue(_ slot: Int) {
    if let stored = slots[slot].storedDue, stored < firedThrough { mark(slot) }
  }

  /// All changes are committed, and no lookup counts any more: past the bound sessions are let go, those first that were not touched for long.
  ///
  /// A session whose stored due instant has passed stays until it has a new one.
  package mutating func committed() {
    if !elsewhere.isEmpty { elsewhere.forget() }
    if rests.count > residentMax {
      let kept = Set(namedKeys)
      rests = rests.filter { kept.contains($0.key) }
      elsewhere.isEmpty = false
    }
    letGo()
  }

  private mutating func letGo() {
    var excess = keys.count - residentMax
    guard excess > 0 else { return }
    // Once round finds those that were not touched since the last time, twice round all.
    for _ in 0..<2 * slots.count where excess > 0 {
      hand = hand + 1 < slots.count ? hand + 1 : 0
      guard let state = slots[hand].state, !slots[hand].isChanged else { continue }
      if slots[hand].isRecent {
        slots[hand].isRecent = false
        continue
      }
      let due = slots[hand].storedDue
      if let due, due < firedThrough { continue }
      if !state.liveGroup.isEmpty, live[BytesKey(state.liveGroup)] == hand { live[BytesKey(state.liveGroup)] = nil }
      elsewhere.isEmpty = false
      if let due { elsewhere.dueThrough = min(elsewhere.dueThrough, due) }
      // The names before it are in its state.
      if !rests.isEmpty { rests[BytesKey(keys.bytes(hand))] = nil }
      leave(hand)
      excess -= 1
    }
    if deadlines.count > 2 * keys.count + 1024 {
      let slots = slots
      deadlines.keep { slots[Int($0.slot)].life == $0.life && slots[Int($0.slot)].scheduled == $0.deadline }
    }
  }
}
