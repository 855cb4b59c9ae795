internal import Synchronization
package import Services

/// Which lanes of a pipeline this process runs: all of them, or those that it is assigned among several processes.
///
/// While lanes are shared out anew each goes on where it is, until it is known whose it is: those that stay have no break, however long the others take.
/// A process that runs a lane which is another's by then commits nothing of it, for whoever takes a lane raises its epoch.
package final class LaneAssignment: Sendable {
  /// A lane as long as this process runs it without a break.
  struct Hold: Sendable, Equatable {
    let table: String
    let partition: Int
    /// Tells it from another one of the lane.
    let number: Int
  }

  private struct State {
    /// By table and partition the numbers of the holds; nil for all lanes.
    var lanes: [String: [Int: Int]]?
    /// Holds that there were.
    var made = 0
    /// Whether the lanes are being shared out anew.
    var isBetween = false
    /// Why this process is assigned no lanes; nil while it may be.
    var trouble: String?
    /// How many holds are at work.
    var atWork = 0
    /// Whether this process takes lanes no more.
    var isDraining = false
    /// Those that it has left to others meanwhile, by table.
    var left: [String: Set<Int>] = [:]
    /// By table and partition: where the log goes on after what was applied, as the log counts.
    var places: [String: [Int: Int64]] = [:]

    func hold(_ table: String, _ partition: Int) -> Hold? {
      guard let lanes else { return Hold(table: table, partition: partition, number: 0) }
      return lanes[table]?[partition].map { Hold(table: table, partition: partition, number: $0) }
    }

    func hasLeft(_ table: String, _ partition: Int) -> Bool { left[table]?.contains(partition) == true }
  }

  /// Whether other processes run lanes too.
  package let isShared: Bool
  /// Announced when a hold begins or ends, or its work has ended.
  package let changed = Signal()
  private let state: Mutex<State>

  /// Without `isShared` this process runs all lanes, else none before it is assigned some.
  package init(isShared: Bool) {
    self.isShared = isShared
    state = Mutex(State(lanes: isShared ? [:] : nil))
  }

  /// The lanes that this process runs from now on, by table. Those that it runs already, and has not left to others, go on; others come to their last
  /// checkpoint and end. What was in the way is over.
  package func assign(_ lanes: [String: Set<Int>]) {
    trouble = nil
    begin(lanes)
  }

  /// Gives all lanes back, to be shared out anew. Until the next assignment they go on here; one that somebody else has taken by then is left.
  package func giveBack() { state.withLock { $0.isBetween = true } }

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
      var next: [String: [Int: Int]] = [:]
      var places: [String: [Int: Int64]] = [:]
      for (table, partitions) in lanes {
        for partition in partitions {
          if let hold = state.hold(table, partition), !state.hasLeft(table, partition) {
            next[table, default: [:]][partition] = hold.number
            if let place = state.places[table]?[partition] { places[table, default: [:]][partition] = place }
          } else {
            state.made += 1
            next[table, default: [:]][partition] = state.made
          }
        }
      }
      state.lanes = next
      state.places = places
      state.left = [:]
      state.isBetween = false
    }
    changed.announce()
  }

  /// The lanes of a table with `count` partitions that this process runs: the partitions.
  func partitions(of table: String, count: Int) -> [Int] {
    state.withLock { state in
      guard let lanes = state.lanes else { return Array(0..<count) }
      return (lanes[table] ?? [:]).keys.filter { $0 < count }.sorted()
    }
  }

  /// Nil where this process does not run the lane.
  func hold(_ table: String, _ partition: Int) -> Hold? { state.withLock { $0.hold(table, partition) } }

  /// Whether this process runs a lane, and has not left it to another.
  func holds(_ table: String, _ partition: Int) -> Bool {
    state.withLock { $0.hold(table, partition) != nil && !$0.hasLeft(table, partition) }
  }

  /// The lanes go on here until others have taken them. Returns then, or after `limit`: those that nobody has taken, by table.
  package func drain(within limit: Duration) async -> [String: Set<Int>] {
    state.withLock { $0.isDraining = true }
    let end = ContinuousClock.now + limit
    while true {
      let ticket = changed.ticket
      let rest = state.withLock { state in
        (state.lanes ?? [:]).map { ($0, Set($1.keys).subtracting(state.left[$0] ?? [])) }.filter { !$0.1.isEmpty }
      }
      let time = end - .now
      if rest.isEmpty || time <= .zero || Task.isCancelled { return Dictionary(uniqueKeysWithValues: rest) }
      await changed.wait(since: ticket, timeout: time)
    }
  }

  var isDraining: Bool { state.withLock { $0.isDraining } }

  /// Whether a lane that another process has taken is to be taken again. Where this process runs it no more, or lanes are being shared out anew, the other
  /// one was given it, or may have been.
  func mayTakeAgain(_ hold: Hold) -> Bool {
    state.withLock { !$0.isDraining && !$0.isBetween && $0.hold(hold.table, hold.partition) == hold }
  }

  /// A lane is left to whoever has taken it, or will. Nothing changes where its hold is over: the lane may have come back in another.
  func leave(_ hold: Hold) {
    state.withLock { state in
      if state.hold(hold.table, hold.partition) == hold { state.left[hold.table, default: []].insert(hold.partition) }
    }
    changed.announce()
  }

  /// Does the `work` of a hold; nothing when that is over already.
  func perform(_ hold: Hold, _ work: () async -> Void) async {
    let isStill = state.withLock { state in
      let isStill = state.hold(hold.table, hold.partition) == hold
      if isStill { state.atWork += 1 }
      return isStill
    }
    guard isStill else { return }
    await work()
    state.withLock { $0.atWork -= 1 }
    changed.announce()
  }

  /// Returns when a hold is over, or the task is cancelled.
  func waitForEnd(of hold: Hold) async {
    while !Task.isCancelled {
      let ticket = changed.ticket
      if self.hold(hold.table, hold.partition) != hold { return }
      await changed.wait(since: ticket, timeout: .seconds(60))
    }
  }

  /// A lane is worked off up to a place, as its log counts.
  func note(_ hold: Hold, place: Int64) {
    state.withLock { state in
      if state.hold(hold.table, hold.partition) == hold { state.places[hold.table, default: [:]][hold.partition] = place }
    }
  }

  /// How far the lanes that are held are worked off, for whoever shows that: by table and partition.
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
