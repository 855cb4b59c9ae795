package import DynamoModel
package import Pipelines

/// What a lane adds to a group between two checkpoints: an aggregate's row, or a member of a board.
package struct GroupDelta: Sendable {
  /// The group's values; of a board the board's and the member.
  package let key: [Value]
  /// Contributions more or less: over items a group without any has no row.
  package var contributions: Int64 = 0
  package var columns: [ColumnDelta]
  /// The last change that gave the group anything or took anything from it.
  package var stamp: Stamp = .none
  /// The first change that gave the group anything or took anything from it; nil before there was one.
  package var first: Stamp?
  /// The last change whose contributions to the group do not cancel out: of a count or sum, when the score changed last.
  package var changed: Stamp = .none

  init(key: [Value], _ plan: GroupPlan) {
    self.key = key
    columns = plan.columns.map { ColumnDelta($0.form) }
  }

  /// `isMove` says that nothing of the same change takes back what this gives.
  mutating func add(_ contribution: Contribution, _ plan: GroupPlan, isMove: Bool = false) {
    // A lane's changes come in order.
    if isMove { changed = contribution.stamp }
    contributions += contribution.sign
    stamp = max(stamp, contribution.stamp)
    first = first.map { min($0, contribution.stamp) } ?? contribution.stamp
    for index in plan.columns.indices {
      let column = plan.columns[index]
      if column.list != index { continue }
      let value = column.input.map { contribution.inputs[$0] } ?? .null
      if column.input != nil, value.isNull { continue }
      if let order = column.order, contribution.inputs[order].isNull { continue }
      columns[index].add(value, column, contribution)
    }
  }
}

/// What a lane adds to one column of a group.
package enum ColumnDelta: Sendable {
  case count(Int64)
  case sum(ExactSum)
  /// By the value's ordered bytes: how many contributions more or less.
  case values([BytesKey: Int64])
  /// By the ordered bytes of what the form compares: what is kept with it, and how many more or less. An entry that was taken and given
  /// again stays, because what is kept may be another.
  case entries([BytesKey: Entry])
  case best(Best?)

  package struct Entry: Sendable {
    /// Nil where contributions were only taken: who takes one of several back says nothing of those that stay.
    package var kept: [UInt8]?
    package var change: Int64
  }

  init(_ form: ColumnForm) {
    switch form {
    case .count: self = .count(0)
    case .sum: self = .sum(ExactSum())
    case .values: self = .values([:])
    case .entries, .scores, .changes: self = .entries([:])
    case .best: self = .best(nil)
    }
  }

  mutating func add(_ value: Value, _ column: GroupPlan.Column, _ contribution: Contribution) {
    switch self {
    case .count(let count): self = .count(count + contribution.sign)
    case .sum(var sum):
      self = .count(0)  // lets go of the sum's digits, so that they are changed in place
      sum.add(value, sign: contribution.sign)
      self = .sum(sum)
    case .values(var values):
      self = .count(0)
      let key = BytesKey(Value.ordered(CollectionOfOne(value)))
      let change = (values[key] ?? 0) + contribution.sign
      values[key] = change == 0 ? nil : change
      self = .values(values)
    case .entries(var entries):
      self = .count(0)
      let (key, kept) = ColumnDelta.entry(value, column, contribution)
      var entry = entries[key] ?? Entry(kept: nil, change: 0)
      entry.change += contribution.sign
      if contribution.sign > 0 { entry.kept = kept }
      entries[key] = entry
      self = .entries(entries)
    case .best(let best):
      guard contribution.sign > 0 else { return }
      let rank: Value =
        switch column.function {
        case .first, .last: column.order.map { contribution.inputs[$0] } ?? .null
        default: value
        }
      let candidate = Best(
        rank: rank, itemKey: column.order == nil ? [] : contribution.itemKey, value: value, stamp: contribution.stamp)
      if candidate.beats(best, column.function) { self = .best(candidate) }
    }
  }

  /// The key that an entry is ordered by, and what is kept with it.
  private static func entry(
    _ value: Value, _ column: GroupPlan.Column, _ contribution: Contribution
  ) -> (key: BytesKey, kept: [UInt8]) {
    var key: [UInt8] = []
    switch column.form {
    case .changes: return (BytesKey(contribution.stamp.ordered), Value.ordered(CollectionOfOne(value)))
    case .scores:
      value.appendOrdered(to: &key)
      key += contribution.itemKey
      return (BytesKey(key), contribution.stamp.ordered)
    default:
      // The item's key by its bytes, then the value: an item whose list is taken apart gives several.
      (column.order.map { contribution.inputs[$0] } ?? .null).appendOrdered(to: &key)
      Value.bytes(contribution.itemKey).appendOrdered(to: &key)
      value.appendOrdered(to: &key)
      return (BytesKey(key), Value.ordered(CollectionOfOne(value)))
    }
  }
}

extension ExactSum {
  /// Adds a numeric value, or takes it away; other values, which the loader does not let be summed, change nothing.
  mutating func add(_ value: Value, sign: Int64) {
    switch value {
    case .integer(let whole): add(whole, times: sign)
    case .decimal(let number): add(number, isNegated: sign < 0)
    default: break
    }
  }
}
