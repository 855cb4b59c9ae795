import ChangeRecords
import DynamoModel
import Pipelines
import ProjectionTestKit
import RecordLiteralTestKit
import Testing

@testable import Projections

/// A fold of sessions in a test's hand: steps at milliseconds, rows as short texts. It can forget all but what a store holds.
struct SessionHand {
  let sessions: Sessions
  let keyNames: [String]
  var fold: SessionFold
  var order: UInt64 = 0
  /// What a store would hold.
  var stored: [BytesKey: StoredSessions.Entry] = [:]
  /// By key and name.
  var rows: [String: String] = [:]
  var endings: [SessionFold.Ending] = []

  /// The sessions of a pipeline's first projection of the kind, of which so many stay in memory.
  init(_ text: String, residentMax: Int = .max) throws {
    let pipeline = try pipeline(text)
    for projection in pipeline.projections {
      if case .sessions(let sessions) = projection.kind {
        self.sessions = sessions
        keyNames = pipeline.tables[sessions.sources[0].table].keyNames
        fold = SessionFold(sessions, keyNames: keyNames, residentMax: residentMax)
        return
      }
    }
    throw StateError()
  }

  static func instant(_ milliseconds: Int64) -> Instant { Instant(TestHistory.start + milliseconds) }

  private mutating func step(_ time: Int64, _ item: Item, _ action: SessionStep.Action) {
    let at = SessionHand.instant(time)
    order += 1
    let step = SessionStep(stamp: stamp(at, order), item: item, action: action)
    look(for: [step], before: at)
    fold.fire(before: at, &endings)
    fold.apply(step, &endings)
  }

  /// Looks up what is not in memory, one after another.
  private mutating func look(for steps: [SessionStep], before time: Instant) {
    repeat {
      if fold.isWhole { return }
      var lookup = SessionLookup()
      for step in steps { fold.look(for: step, &lookup) }
      fold.lookForDue(before: time, &lookup)
      if lookup.isEmpty { return }
      var found = FoundSessions(entries: lookup.keys.compactMap { stored[$0] })
      for entry in stored.values {
        if case .active(let state) = entry.session, lookup.groups.contains(BytesKey(state.liveGroup)) {
          found.entries.append(entry)
        }
      }
      if let wanted = lookup.due {
        let dues = stored.values.filter { $0.due.map { $0 >= wanted.from } ?? false }.sorted { $0.due! < $1.due! }
        let first = dues.first.flatMap { $0.due }
        if let first, first < wanted.before { found.entries += dues.filter { $0.due == first } }
        found.dueThrough = dues.first { $0.due! > first! || first! >= wanted.before }?.due ?? .distantFuture
      }
      fold.admit(found, lookup)
    } while fold.dueThrough < time
  }

  mutating func touch(_ time: Int64, _ inputs: [Value], item: Item) { step(time, item, .touch(inputs)) }

  mutating func end(_ time: Int64, _ key: [Value], by rule: SessionEnd = .explicit, item: Item) {
    step(time, item, .end(key, rule))
  }

  mutating func item(
    _ time: Int64, _ item: Item, old: [Value]?, new: [Value]?, isTouch: Bool = true, isClosed: Bool = false,
    deadline: Int64? = nil,
    ends: SessionEnd = .removed
  ) {
    let now = new.map {
      SessionStep.ItemNow(
        inputs: $0, isTouch: isTouch, isClosed: isClosed, deadline: deadline.map { SessionHand.instant($0) }, seen: Item())
    }
    step(time, item, .item(old: old.map { Array($0[..<sessions.keyCount]) }, new: now, ends: ends))
  }

  /// The clock passes this time.
  mutating func pass(_ time: Int64) {
    look(for: [], before: SessionHand.instant(time))
    fold.fire(before: SessionHand.instant(time), &endings)
  }

  /// Commits: what the rows say is kept, as a store would.
  mutating func commit() throws {
    let changes = fold.takeChanges()
    for state in changes.ended {
      write(state)
      stored[BytesKey(Value.ordered(state.key))] = nil
    }
    for change in changes.active {
      write(change.state)
      // What the store holds of it, it may keep.
      let kept = stored[BytesKey(Value.ordered(change.state.key))]
      #expect(!change.isStored || kept?.due == change.due)
      var bytes: [UInt8] = []
      change.state.appendBytes(to: &bytes)
      try keep(Value.ordered(change.state.key), bytes, due: change.due)
    }
    for (key, rest) in changes.rests {
      stored[BytesKey(key)] = nil
      if let rest { try keep(key, rest.bytes, due: rest.due) }
    }
  }

  private mutating func keep(_ key: [UInt8], _ bytes: [UInt8], due: Instant?) throws {
    stored[BytesKey(key)] = .init(
      key: key, session: try bytes.read { try StoredSession(bytes: $0, key: key, sessions) }, due: due)
  }

  private mutating func write(_ state: SessionState) {
    func time(_ instant: Instant) -> String { "\(instant.milliseconds - TestHistory.start.rawValue)" }
    let key = state.key.map(\.description).joined(separator: ",")
    var text = "\(time(state.startedAt))-\(time(state.lastAt)) \(state.endedAt.map { time($0) } ?? "open")"
    if let end = state.endedBy { text += " \(end.rawValue)" }
    let columns = sessions.columns.indices.map {
      state.columns[$0].value(sessions.columns[$0], of: state)?.description ?? "misfit"
    }
    rows["\(key) \(state.sessionID)"] = ([text] + columns).joined(separator: " ")
  }

  /// Commits, and lets go of what is past the bound.
  mutating func letGo() throws {
    try commit()
    fold.committed()
  }

  /// Forgets everything but what a store holds.
  mutating func restart() throws {
    try commit()
    fold = SessionFold(sessions, keyNames: keyNames)
    fold.load(StoredSessions(entries: Array(stored.values)))
  }

  /// The rows of a key in the order of their begins: without their names.
  mutating func texts(_ key: String) throws -> [String] {
    try commit()
    return rows.filter { $0.key.hasPrefix(key + " ") }.sorted { $0.key < $1.key }.map(\.value)
  }

  /// The names of a key's sessions without the time.
  mutating func names(_ key: String) throws -> [String] {
    try commit()
    return rows.keys.filter { $0.hasPrefix(key + " ") }.map { String($0.dropFirst(key.count + 29)) }.sorted()
  }
}

/// The same, with a restart after every step, with none, and with nothing that stays in memory: what comes out must be the same.
func both(_ text: String, _ body: (inout SessionHand, _ pause: (inout SessionHand) throws -> Void) throws -> Void) throws {
  for restarts in [false, true] {
    var hand = try SessionHand(text)
    try body(&hand) { if restarts { try $0.restart() } }
  }
  var hand = try SessionHand(text, residentMax: 0)
  try body(&hand) { try $0.letGo() }
}
