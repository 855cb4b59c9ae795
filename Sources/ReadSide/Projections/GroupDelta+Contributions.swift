internal import DynamoModel
internal import Pipelines

/// Where a contribution comes from.
struct Contribution {
  let inputs: [Value]
  /// +1 adds, -1 takes back.
  let sign: Int64
  let stamp: RowStamp
  let itemKey: [UInt8]
}

extension GroupDelta {
  init(key: [Value], _ plan: GroupPlan) {
    self.key = key
    columns = plan.columns.map { ColumnDelta($0.form) }
  }

  /// Adds one contribution. Throws when a sum needs more than 38 digits.
  mutating func add(_ contribution: Contribution, _ plan: GroupPlan) throws(NumberError) {
    contributions += contribution.sign
    stamp = max(stamp, contribution.stamp)
    for index in plan.columns.indices {
      let column = plan.columns[index]
      let value = column.input.map { contribution.inputs[$0] } ?? .null
      if column.input != nil, value.isNull { continue }
      try columns[index].add(value, column, contribution)
    }
  }
}

extension ColumnDelta {
  mutating func add(_ value: Value, _ column: GroupPlan.Column, _ contribution: Contribution) throws(NumberError) {
    switch self {
    case .count(let count): self = .count(count + contribution.sign)
    case .sum(let sum):
      let number = value.number
      self = .sum(try sum.adding(contribution.sign > 0 ? number : number.negated))
    case .values(var values):
      self = .count(0)  // lets go of the dictionary, so that it is changed in place
      let key = Value.ordered(CollectionOfOne(value))
      let change = (values[key] ?? 0) + contribution.sign
      values[key] = change == 0 ? nil : change
      self = .values(values)
    case .entries(var entries):
      self = .count(0)
      let key: [UInt8]
      let kept: Value
      if column.form == .scores {
        key = Value.ordered(CollectionOfOne(value)) + contribution.itemKey
        kept = .timestamp(contribution.stamp.time)
      } else {
        key = ColumnDelta.order(column, contribution)
        kept = value
      }
      var entry = entries[key] ?? Entry(value: kept, change: 0)
      entry.change += contribution.sign
      if contribution.sign > 0 { entry.value = kept }
      entries[key] = entry
      self = .entries(entries)
    case .best(let best):
      guard contribution.sign > 0, case .best(let greatest) = column.form else { return }
      var order: [UInt8]
      switch column.function {
      case .first, .last: order = ColumnDelta.order(column, contribution)
      default:
        // Of equal values the earliest holds, whichever end is sought.
        order = Value.ordered(CollectionOfOne(value))
        let time = contribution.stamp.time
        order += Value.ordered(CollectionOfOne(.integer(greatest ? ~time : time)))
      }
      let candidate = Best(order: order, value: value, time: contribution.stamp.time)
      if candidate.beats(best, greatest: greatest) { self = .best(candidate) }
    }
  }

  /// The bytes that `first` and `last` compare: the order input or the commit time, then the item's key.
  private static func order(_ column: GroupPlan.Column, _ contribution: Contribution) -> [UInt8] {
    let order = column.order.map { contribution.inputs[$0] } ?? .timestamp(contribution.stamp.time)
    return Value.ordered(CollectionOfOne(order)) + contribution.itemKey
  }
}

extension Value {
  /// The number of a numeric value; zero for others, which the loader does not let be summed.
  var number: Number {
    switch self {
    case .integer(let value): Number(value)
    case .decimal(let value): value
    default: .zero
    }
  }
}
