internal import ChangeRecords
internal import DynamoModel
internal import Pipelines

/// The groups of an aggregate, or the members of a leaderboard's boards: what a lane adds to each of them.
struct GroupFold: Fold {
  private let id: ProjectionID
  private let plan: GroupPlan
  private let sources: [Source]
  private let names: ItemNames
  /// Of a leaderboard whose scores all read an input: without a value for any of them nothing counts.
  private let scoreInputs: [Int]
  /// The scores that keep when an item took them.
  private let entryScores: [Int]
  /// Of a collection's latest rows the input that they go by: without a value an item has no row.
  private let orderInput: Int?
  private var groups: GroupDeltas
  /// Whether the decider folds the groups too, to see conditions turn true.
  private let isWatched: Bool
  private var scratch: [UInt8] = []

  /// `sources` are those of the lane's table.
  init(_ plan: GroupPlan, sources: [Source], names: ItemNames, id: ProjectionID, isWatched: Bool = false) {
    self.isWatched = isWatched
    self.names = names
    self.id = id
    self.plan = plan
    groups = GroupDeltas(plan)
    self.sources = sources
    let scores = plan.columns[..<plan.scoreCount]
    scoreInputs = scores.contains { $0.input == nil } ? [] : scores.compactMap(\.input)
    entryScores = scores.indices.filter { scores[$0].form == .scores }
    orderInput = plan.columns.first { $0.function == .latest }?.order
  }

  mutating func apply(_ change: Change, _ out: inout LaneOutput) throws(EvaluationFailure) {
    if plan.isOverItems {
      try applyItems(change, &out)
    } else if !change.isSnapshot {
      try applyChanges(change, &out)
    }
  }

  /// Hands to the decider what a change gives and takes.
  private func hand(_ all: [(inputs: [Value], sign: Int64)], _ change: Change, _ out: inout LaneOutput) {
    guard isWatched, !all.isEmpty else { return }
    let step = SessionStep(
      stamp: change.stamp, item: change.record.keys, action: .contributions(itemKey: names.name(of: change), all))
    out.steps.append(HandedStep(projection: id, place: 0, step: step))
  }

  /// What happened: one change is one event, however many of the rules it fits; the first of each kind of item counts.
  private mutating func applyChanges(_ change: Change, _ out: inout LaneOutput) throws(EvaluationFailure) {
    let commit = change.stamp.time
    if sources.count == 1, sources[0].isSingle {
      guard let image = sources[0].fires(old: change.old, new: change.new, isExpiry: change.isExpiry, commit: commit) else {
        return
      }
      return add(try sources[0].values(of: image, commit: commit, old: change.old, new: change.new), change, &out)
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
    add(Contributions(given: given), change, &out)
  }

  /// What the images give by all rules together: an item that comes under another rule and gives the same moves nothing.
  private mutating func applyItems(_ change: Change, _ out: inout LaneOutput) throws(EvaluationFailure) {
    if change.old == nil, sources.count == 1, sources[0].isSingle {
      guard sources[0].holds(change.new), let new = change.new else { return }
      return add(try sources[0].values(of: new, commit: nil), change, &out)
    }
    var taken: [[Value]] = []
    var given: [[Value]] = []
    var failure: EvaluationFailure?
    for source in sources {
      if let old = change.old, source.holds(old) {
        // An old image that fails gave nothing when it came: it left its dead letter then.
        taken += (try? source.contributions(of: old, commit: nil)) ?? []
      }
      guard let new = change.new, source.holds(new) else { continue }
      do throws(EvaluationFailure) {
        given += try source.contributions(of: new, commit: nil)
      } catch {
        failure = error
      }
    }
    add(Contributions(taken: taken, given: given), change, taken: taken, &out)
    if let failure { throw failure }
  }

  /// The one contribution of a change.
  private mutating func add(_ inputs: [Value], _ change: Change, _ out: inout LaneOutput) {
    guard let place = place(inputs) else { return }
    hand([(inputs, 1)], change, &out)
    let contribution = Contribution(inputs: inputs, sign: 1, stamp: change.stamp, itemKey: names.name(of: change))
    groups.add(contribution, to: place, plan, isMove: movesScores(CollectionOfOne(contribution)))
    if plan.tellsScoresApart { groups.score(place, change.stamp) }
  }

  /// `taken` is all that the old image gave.
  private mutating func add(
    _ contributions: Contributions, _ change: Change, taken: [[Value]] = [], _ out: inout LaneOutput
  ) {
    if contributions.all.isEmpty { return }
    hand(contributions.all, change, &out)
    let before = taken.isEmpty ? [] : entryScores.map { score in (score, Set(taken.map { entry($0, score) })) }
    var placed: [(place: Int, contribution: Contribution)] = []
    for (inputs, sign) in contributions.all {
      guard let place = place(inputs) else { continue }
      var contribution = Contribution(inputs: inputs, sign: sign, stamp: change.stamp, itemKey: names.name(of: change))
      for (score, entries) in before where sign > 0 && entries.contains(entry(inputs, score)) {
        contribution.known |= 1 << UInt64(score)
      }
      groups.add(contribution, to: place, plan)
      if plan.boardCount != nil { placed.append((place, contribution)) }
    }
    guard let first = placed.first?.place else { return }
    if placed.allSatisfy({ $0.place == first }) { return noteMoved(first, placed.map(\.contribution), change.stamp) }
    for (place, own) in Dictionary(grouping: placed, by: \.place) {
      noteMoved(place, own.map(\.contribution), change.stamp)
    }
  }

  /// Of which member an entry is, and its value of a score.
  private func entry(_ inputs: [Value], _ score: Int) -> [Value] {
    Array(inputs[..<plan.keyCount]) + [plan.columns[score].input.map { inputs[$0] } ?? .null]
  }

  /// The place of the group that a contribution goes to. Nil when it is none: one of the group's values, every score, or the order, is null.
  private mutating func place(_ inputs: [Value]) -> Int? {
    if !scoreInputs.isEmpty, scoreInputs.allSatisfy({ inputs[$0].isNull }) { return nil }
    if let orderInput, inputs[orderInput].isNull { return nil }
    scratch.removeAll(keepingCapacity: true)
    for column in 0..<plan.keyCount {
      if inputs[column].isNull { return nil }
      inputs[column].appendOrdered(to: &scratch)
    }
    return groups.slot(of: scratch, plan)
  }

  /// Notes what all contributions of a change to one member come to: what gives and takes the same moves nothing.
  private mutating func noteMoved(_ place: Int, _ contributions: [Contribution], _ stamp: Stamp) {
    if movesScores(contributions) { groups.move(place, stamp) }
    guard plan.tellsScoresApart else { return }
    let inputs = plan.columns[..<plan.scoreCount].compactMap(\.input)
    var net: [[Value]: Int64] = [:]
    for one in contributions { net[inputs.map { one.inputs[$0] }, default: 0] += one.sign }
    if net.values.contains(where: { $0 != 0 }) { groups.score(place, stamp) }
  }

  /// Whether contributions to one member move a count, a sum or a mean.
  private func movesScores(_ contributions: some Sequence<Contribution>) -> Bool {
    plan.columns[..<plan.scoreCount].contains { score in
      switch score.function {
      case .count: return contributions.reduce(0) { $0 + $1.sign } != 0
      case .sum, .avg:
        guard let input = score.input else { return false }
        var mean = Mean()
        for one in contributions where !one.inputs[input].isNull { mean.add(one.inputs[input], sign: one.sign) }
        return score.function == .sum ? !mean.sum.isZero : !mean.isZero
      case .min, .max, .distinct, .first, .last, .latest: return false
      }
    }
  }

  var hasChanges: Bool { !groups.isEmpty }
  var changedRows: Int { groups.size }

  mutating func takeChanges(into changes: inout LaneChanges) {
    if groups.isEmpty { return }
    let empty = groups.emptied()
    changes.groups[id] = groups
    groups = empty
  }
}
