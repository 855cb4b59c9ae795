internal import Synchronization
package import Services

/// Which lanes of a pipeline this process runs: all of them, or those that it is assigned among several processes.
///
/// Lanes run in turns. A turn begins with an assignment and ends when it is taken back; whoever takes it back learns when the lanes of the turn have
/// ended, their last checkpoints made.
package final class LaneAssignment: Sendable {
  /// One assignment.
  struct Turn: Sendable, Equatable {
    let number: Int
    /// By table. Nil for all.
    let lanes: [String: Set<Int>]?

    /// Those of a table that has so many partitions.
    func partitions(of table: String, count: Int) -> [Int] {
      guard let lanes else { return Array(0..<count) }
      return (lanes[table] ?? []).filter { $0 < count }.sorted()
    }
  }

  private struct State {
    var turn: Turn
    /// Why this process is assigned no lanes; nil while it may be.
    var trouble: String?
    /// How much is at work in this turn.
    var atWork = 0
    /// Whether this process takes lanes no more.
    var isDraining = false
    /// Those that it has left to others meanwhile, by table.
    var left: [String: Set<Int>] = [:]
    /// By table and partition: where the log goes on after what was applied, as the log counts.
    var places: [String: [Int: Int64]] = [:]
  }

  /// Whether other processes run lanes too.
  package let isShared: Bool
  /// Announced when a turn begins or ends, or its work has ended.
  package let changed = Signal()
  private let state: Mutex<State>

  /// Without `isShared` this process runs all lanes, else none before it is assigned some.
  package init(isShared: Bool) {
    self.isShared = isShared
    state = Mutex(State(turn: Turn(number: 0, lanes: isShared ? [:] : nil)))
  }

  /// The lanes that this process runs from now on, by table. What was in the way is over.
  package func assign(_ lanes: [String: Set<Int>]) {
    trouble = nil
    begin(lanes)
  }

  /// Why this process is assigned no lanes until somebody does something about it: a sentence; nil while nothing is in the way.
  package var trouble: String? {
    get { state.withLock { $0.trouble } }
    set {
      let isNews = state.withLock { state in
        defer { state.trouble = newValue }
        return state.trouble != newValue
      }
      if isNews { changed.announce() }
    }
  }

  /// Takes all lanes back. Returns when those at work have ended, or after `limit`; false then.
  package func revoke(within limit: Duration) async -> Bool {
    begin([:])
    let end = ContinuousClock.now + limit
    while true {
      let ticket = changed.ticket
      if state.withLock({ $0.atWork }) == 0 { return true }
      let left = end - .now
      if left <= .zero || Task.isCancelled { return false }
      await changed.wait(since: ticket, timeout: left)
    }
  }

  private func begin(_ lanes: [String: Set<Int>]) {
    state.withLock { state in
      state.turn = Turn(number: state.turn.number + 1, lanes: lanes)
      state.places = [:]
    }
    changed.announce()
  }

  var turn: Turn { state.withLock { $0.turn } }

  /// Whether this process runs a lane.
  func holds(_ table: String, _ partition: Int) -> Bool {
    state.withLock { state in
      guard let lanes = state.turn.lanes else { return true }
      return lanes[table]?.contains(partition) == true && state.left[table]?.contains(partition) != true
    }
  }

  /// The lanes of this turn go on until others have taken them. Returns then, or after `limit`: those that nobody has taken, by table.
  package func drain(within limit: Duration) async -> [String: Set<Int>] {
    state.withLock { $0.isDraining = true }
    let end = ContinuousClock.now + limit
    while true {
      let ticket = changed.ticket
      let rest = state.withLock { state in
        (state.turn.lanes ?? [:]).map { ($0, $1.subtracting(state.left[$0] ?? [])) }.filter { !$0.1.isEmpty }
      }
      let time = end - .now
      if rest.isEmpty || time <= .zero || Task.isCancelled { return Dictionary(uniqueKeysWithValues: rest) }
      await changed.wait(since: ticket, timeout: time)
    }
  }

  var isDraining: Bool { state.withLock { $0.isDraining } }

  /// A lane is left to whoever has taken it, or will.
  func leave(_ table: String, _ partition: Int) {
    state.withLock { _ = $0.left[table, default: []].insert(partition) }
    changed.announce()
  }

  /// Does `work` as a part of a turn; nothing when that is over already.
  func perform(in turn: Turn, _ work: () async -> Void) async {
    let isStill = state.withLock { state in
      if state.turn == turn { state.atWork += 1 }
      return state.turn == turn
    }
    guard isStill else { return }
    await work()
    state.withLock { $0.atWork -= 1 }
    changed.announce()
  }

  /// Returns when a turn is over, or the task is cancelled.
  func waitForEnd(of turn: Turn) async {
    while !Task.isCancelled {
      let ticket = changed.ticket
      if self.turn != turn { return }
      await changed.wait(since: ticket, timeout: .seconds(60))
    }
  }

  /// A lane is worked off up to a place, as its log counts.
  func note(_ table: String, _ partition: Int, place: Int64) {
    state.withLock { $0.places[table, default: [:]][partition] = place }
  }

  /// How far the lanes of this turn are worked off, for whoever shows that: by table and partition.
  package var places: [String: [Int: Int64]] { state.withLock { $0.places } }
}

/// Gives a process its share of the lanes.
package protocol LaneAssigner: Sendable {
  /// The assignment of a definition's lanes; every call is followed by one of `leave`.
  func join(_ fingerprint: String, pipeline: String, tables: [String]) -> LaneAssignment
  /// What was joined is not needed any more; the lanes are given back a while after the last has left.
  func leave(_ fingerprint: String, pipeline: String)
}

/// One process runs all lanes.
package struct SoleAssigner: LaneAssigner {
  package init() {}

  /// All lanes.
  package func join(_ fingerprint: String, pipeline: String, tables: [String]) -> LaneAssignment {
    LaneAssignment(isShared: false)
  }
  /// Changes nothing.
  package func leave(_ fingerprint: String, pipeline: String) {}
}
