internal import Pipelines

/// Sessions that are folded in the lane of their keys.
struct SessionLaneFold: Fold {
  private let id: ProjectionID
  private let steps: SessionSteps
  private var fold: SessionFold
  /// Reused for each change.
  private var scratch: [SessionStep] = []
  private var endings: [SessionFold.Ending] = []

  init(
    _ sessions: Sessions, id: ProjectionID, table: TableIndex, keyNames: [String], residentMax: Int, stored: StoredSessions
  ) {
    self.id = id
    steps = SessionSteps(sessions, table: table)
    fold = SessionFold(sessions, keyNames: keyNames, residentMax: residentMax)
    fold.load(stored)
  }

  mutating func apply(_ change: Change, _ out: inout LaneOutput) throws(EvaluationFailure) {
    scratch.removeAll(keepingCapacity: true)
    var failure: EvaluationFailure?
    do throws(EvaluationFailure) {
      try steps.append(change, to: &scratch)
    } catch {
      failure = error
    }
    for step in scratch { fold.apply(step, &endings) }
    end(&out)
    if let failure { throw failure }
  }

  mutating func fire(before time: Instant, _ out: inout LaneOutput) {
    fold.fire(before: time, &endings)
    end(&out)
  }

  private mutating func end(_ out: inout LaneOutput) {
    if endings.isEmpty { return }
    for ending in endings { out.sessionEnded(ending, projection: id, fold.sessions) }
    endings.removeAll(keepingCapacity: true)
  }

  var isWhole: Bool { fold.isWhole }
  var dueThrough: Instant { fold.dueThrough }

  func lookForDue(before time: Instant, _ lookup: inout SessionLookup) { fold.lookForDue(before: time, &lookup) }

  func look(for change: Change, _ lookup: inout SessionLookup) {
    var found: [SessionStep] = []
    // What the change's image decides, `apply` reports.
    try? steps.append(change, to: &found)
    for step in found { fold.look(for: step, &lookup) }
  }

  mutating func admit(_ found: FoundSessions, _ lookup: SessionLookup) { fold.admit(found, lookup) }
  mutating func committed() { fold.committed() }

  var nextDeadline: Instant? { fold.nextDeadline }
  var hasChanges: Bool { fold.hasChanges }
  var changedRows: Int { fold.changedRows }
  var oldNames: [String]? { steps.oldNames }
  var readsItemKeys: Bool { false }

  mutating func takeChanges(into changes: inout LaneChanges) {
    let taken = fold.takeChanges()
    if taken.count > 0 { changes.sessions[id] = taken }
  }
}

/// Sessions of which several lanes may feed one live group: the lane finds the steps, and the decider folds them in the order of the
/// changes.
struct SessionHandover: Fold {
  private let id: ProjectionID
  private let steps: SessionSteps

  init(_ sessions: Sessions, id: ProjectionID, table: TableIndex) {
    self.id = id
    steps = SessionSteps(sessions, table: table)
  }

  mutating func apply(_ change: Change, _ out: inout LaneOutput) throws(EvaluationFailure) {
    var found: [SessionStep] = []
    var failure: EvaluationFailure?
    do throws(EvaluationFailure) {
      try steps.append(change, to: &found)
    } catch {
      failure = error
    }
    for (place, step) in found.enumerated() { out.steps.append(HandedStep(projection: id, place: place, step: step)) }
    if let failure { throw failure }
  }

  /// What is handed over is written with the lane's output.
  var hasChanges: Bool { false }
  var changedRows: Int { 0 }
  var oldNames: [String]? { steps.oldNames }
  var readsItemKeys: Bool { false }

  mutating func takeChanges(into changes: inout LaneChanges) {}
}
