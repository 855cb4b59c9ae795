internal import DynamoModel
internal import Pipelines

/// The groups of an aggregate, or the members of a leaderboard's boards: what a lane adds to each of them.
struct GroupFold: Fold {
  private let id: ProjectionID
  private let plan: GroupPlan
  private let sources: [Source]
  /// Of a leaderboard whose score reads an input: without a value there is no member.
  private let scoreInput: Int?
  private var groups: GroupDeltas
  private var scratch: [UInt8] = []

  /// `sources` are those of the lane's table.
  init(_ plan: GroupPlan, sources: [Source], id: ProjectionID) {
    self.id = id
    self.plan = plan
    groups = GroupDeltas(plan)
    self.sources = sources
    scoreInput = plan.boardCount == nil ? nil : plan.columns[0].input
  }

  mutating func apply(_ change: Change, _ out: inout LaneOutput) throws(EvaluationFailure) {
    if plan.isOverItems {
      for source in sources { try applyItems(source, change) }
    } else if !change.isSnapshot {
      try applyChanges(change)
    }
  }

  /// What happened: one change is one event, however many of the rules it fits; the first of each kind of item counts.
  private mutating func applyChanges(_ change: Change) throws(EvaluationFailure) {
    let commit = change.stamp.time
    if sources.count == 1, sources[0].isSingle {
      guard let image = sources[0].fires(old: change.old, new: change.new, isExpiry: change.isExpiry, commit: commit) else {
        return
      }
      return add(try sources[0].values(of: image, commit: commit, old: change.old, new: change.new), change)
    }
    var given: [[Value]] = []
    var fired: [RuleIndex] = []
    for source in sources where !fired.contains(source.rule) {
      guard let image = source.fires(old: change.old, new: change.new, isExpiry: change.isExpiry, commit: commit) else {
        continue
      }
      fired.append(source.rule)
      given += try source.contributions(of: image, commit: commit, old: change.old, new: change.new)
    }
    add(Contributions(given: given), change)
  }

  private mutating func applyItems(_ source: Source, _ change: Change) throws(EvaluationFailure) {
    if change.old == nil, source.isSingle {
      guard source.holds(change.new), let new = change.new else { return }
      return add(try source.values(of: new, commit: nil), change)
    }
    var taken: [[Value]] = []
    if let old = change.old, source.holds(old) {
      // An old image that fails gave nothing when it came: it left its dead letter then.
      taken = (try? source.contributions(of: old, commit: nil)) ?? []
    }
    var given: [[Value]] = []
    var failure: EvaluationFailure?
    if let new = change.new, source.holds(new) {
      do throws(EvaluationFailure) {
        given = try source.contributions(of: new, commit: nil)
      } catch {
        failure = error
      }
    }
    add(Contributions(taken: taken, given: given), change)
    if let failure { throw failure }
  }

  /// The one contribution of a change.
  private mutating func add(_ inputs: [Value], _ change: Change) {
    guard let place = place(inputs) else { return }
    let contribution = Contribution(inputs: inputs, sign: 1, stamp: change.stamp, itemKey: change.itemKey)
    let isMove = plan.boardCount != nil && !amount((inputs, 1)).isZero
    groups.add(contribution, to: place, plan, isMove: isMove)
  }

  private mutating func add(_ contributions: Contributions, _ change: Change) {
    var places: [Int] = []
    for (inputs, sign) in contributions.all {
      guard let place = place(inputs) else { continue }
      let contribution = Contribution(inputs: inputs, sign: sign, stamp: change.stamp, itemKey: change.itemKey)
      groups.add(contribution, to: place, plan)
      places.append(place)
    }
    if plan.boardCount != nil { noteMoved(contributions, places, change) }
  }

  /// The place of the group that a contribution goes to. Nil when it is none: one of the group's values, or the score, is null.
  private mutating func place(_ inputs: [Value]) -> Int? {
    if let scoreInput, inputs[scoreInput].isNull { return nil }
    scratch.removeAll(keepingCapacity: true)
    for column in 0..<plan.keyCount {
      if inputs[column].isNull { return nil }
      inputs[column].appendOrdered(to: &scratch)
    }
    return groups.slot(of: scratch, plan)
  }

  /// Members whose count or sum this change moves: what it gives and takes does not cancel out.
  private mutating func noteMoved(_ contributions: Contributions, _ places: [Int], _ change: Change) {
    if places.count == 1, contributions.all.count == 1 {
      if amount(contributions.all[0]).isZero { return }
      return move(places[0], change)
    }
    var net: [Int: ExactSum] = [:]
    for one in contributions.all {
      guard let place = place(one.inputs) else { continue }
      net[place, default: ExactSum()].add(amount(one))
    }
    for (place, sum) in net where !sum.isZero { move(place, change) }
  }

  private func amount(_ one: (inputs: [Value], sign: Int64)) -> ExactSum {
    var sum = ExactSum()
    if plan.columns[0].function == .sum, let scoreInput {
      sum.add(one.inputs[scoreInput], sign: one.sign)
    } else {
      sum.add(one.sign)
    }
    return sum
  }

  private mutating func move(_ place: Int, _ change: Change) { groups.move(place, change.stamp) }

  var hasChanges: Bool { !groups.isEmpty }
  var changedRows: Int { groups.size }

  mutating func takeChanges(into changes: inout LaneChanges) {
    if groups.isEmpty { return }
    let empty = groups.emptied()
    changes.groups[id] = groups
    groups = empty
  }
}
