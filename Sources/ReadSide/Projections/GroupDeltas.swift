internal import DynamoModel
internal import Pipelines

/// What a lane adds to the groups of one projection between two checkpoints: rows of an aggregate, or members of boards.
///
/// A lane that catches up gathers hundreds of thousands of them, so they lie in a few arrays: 24 bytes a group beside its key, 16 bytes a column, and
/// what columns count or compare one after the other. Nothing of a group is an allocation of its own but a best's value and a sum of
/// fractions.
package struct GroupDeltas: Sendable {
  private var table = BytesTable()
  /// By slot.
  private var groups: [Group] = []
  /// By slot, then by column of the plan.
  private var cells: [Cell] = []
  private let columnCount: Int
  /// Changes that gave groups anything or took anything from them.
  private var stamps: [Stamp] = []
  private var sums: [ExactSum] = []
  private var means: [Mean] = []
  private var bests: [Best] = []
  private var counted = CountedValues()

  private struct Group: Sendable, BitwiseCopyable {
    var contributions: Int64 = 0
    /// Places in `stamps`, or -1.
    var stamp: Int32 = -1
    var first: Int32 = -1
    var changed: Int32 = -1
    var scored: Int32 = -1
  }

  private enum Cell: Sendable, BitwiseCopyable {
    /// A count, or a sum of whole numbers.
    case number(Int64)
    /// A place in `sums`.
    case sum(Int32)
    /// A place in `means`; nil before there was one.
    case mean(Int32?)
    case counted(CountedValues.List)
    /// A place in `bests`; nil before there was one.
    case best(Int32?)
  }

  package init(_ plan: GroupPlan) { columnCount = plan.columns.count }

  package var count: Int { groups.count }
  package var isEmpty: Bool { groups.isEmpty }

  /// About how many groups would take the same memory.
  var size: Int { groups.count + counted.count / 4 }

  /// The group's values in their ordered form; of a board the board's and the member.
  package func key(_ slot: Int) -> [UInt8] { table.bytes(slot) }

  /// The slots in the order of their keys. O(n log n).
  package var sortedSlots: [Int] { table.sortedSlots }

  /// The slot of a key that is there.
  package func slot(of key: [UInt8]) -> Int? { table.slot(of: key) }

  /// Contributions more or less: over items a group without any has no row.
  package func contributions(_ slot: Int) -> Int64 { groups[slot].contributions }

  /// The last change that gave the group anything or took anything from it.
  package func stamp(_ slot: Int) -> Stamp { stamp(at: groups[slot].stamp) ?? .none }

  /// The first one; nil before there was one.
  package func first(_ slot: Int) -> Stamp? { stamp(at: groups[slot].first) }

  /// The last change whose contributions to the group do not cancel out: of a count or sum, when the score changed last.
  package func changed(_ slot: Int) -> Stamp { stamp(at: groups[slot].changed) ?? .none }

  /// The last change that moved any score of a member, its zeros included; only under a plan that tells scores apart.
  package func scored(_ slot: Int) -> Stamp { stamp(at: groups[slot].scored) ?? .none }

  private func stamp(at place: Int32) -> Stamp? { place < 0 ? nil : stamps[Int(place)] }

  /// What is added to one column.
  enum Column {
    case number(Int64)
    case sum(ExactSum)
    case mean(Mean?)
    case counted(CountedValues.List)
    case best(Best?)
  }

  func column(_ slot: Int, _ column: Int) -> Column {
    switch cells[slot * columnCount + column] {
    case .number(let number): .number(number)
    case .sum(let place): .sum(sums[Int(place)])
    case .mean(let place): .mean(place.map { means[Int($0)] })
    case .counted(let list): .counted(list)
    case .best(let place): .best(place.map { bests[Int($0)] })
    }
  }

  /// The values of a list with how many more or less of each there are, in their order.
  func forEach(
    _ list: CountedValues.List, keepsFirst: Bool = false, _ body: (CountedValues.Change) throws -> Void
  ) rethrows {
    try counted.forEach(list, keepsFirst: keepsFirst, body)
  }

  /// The values whose counts change, by column.
  package func countedKeys(_ slot: Int) -> [(column: Int, key: [UInt8])] {
    var keys: [(column: Int, key: [UInt8])] = []
    for column in 0..<columnCount {
      if case .counted(let list) = cells[slot * columnCount + column] { counted.forEach(list) { keys.append((column, $0.key)) } }
    }
    return keys
  }

  /// The slot of a group, which begins with this when it is new.
  mutating func slot(of key: [UInt8], _ plan: GroupPlan) -> Int {
    if let slot = table.slot(of: key) { return slot }
    groups.append(Group())
    for column in plan.columns {
      switch column.form {
      case .count, .sum: cells.append(.number(0))
      case .mean: cells.append(.mean(nil))
      case .values, .entries, .rows, .scores, .firsts, .changes: cells.append(.counted(CountedValues.List()))
      case .best: cells.append(.best(nil))
      }
    }
    return table.insert(key)
  }

  /// `isMove` says that nothing of the same change takes back what this gives.
  mutating func add(_ contribution: Contribution, to slot: Int, _ plan: GroupPlan, isMove: Bool = false) {
    let place = note(contribution.stamp)
    groups[slot].contributions += contribution.sign
    // A lane's changes come in order.
    groups[slot].stamp = place
    if groups[slot].first < 0 { groups[slot].first = place }
    if isMove { groups[slot].changed = place }
    for index in plan.columns.indices {
      let column = plan.columns[index]
      if column.list != index { continue }
      let value = column.input.map { contribution.inputs[$0] } ?? .null
      if column.input != nil, value.isNull, column.function != .latest { continue }
      if let order = column.order, contribution.inputs[order].isNull { continue }
      add(value, column, contribution, to: slot * columnCount + index)
    }
  }

  /// Notes that what a change gives the group and takes from it does not cancel out.
  mutating func move(_ slot: Int, _ stamp: Stamp) { groups[slot].changed = note(stamp) }

  /// Notes that what a change gives a member's scores and takes from them is not the same.
  mutating func score(_ slot: Int, _ stamp: Stamp) { groups[slot].scored = note(stamp) }

  private mutating func note(_ stamp: Stamp) -> Int32 {
    if stamps.last != stamp { stamps.append(stamp) }
    return Int32(stamps.count - 1)
  }

  private mutating func add(_ value: Value, _ column: GroupPlan.Column, _ contribution: Contribution, to place: Int) {
    switch cells[place] {
    case .number(let number):
      var more = contribution.sign
      if column.form == .sum {
        guard case .integer(let whole) = value else { return add(toSum: value, contribution.sign, at: place) }
        let (product, overflow) = whole.multipliedReportingOverflow(by: contribution.sign)
        if overflow { return add(toSum: value, contribution.sign, at: place) }
        more = product
      }
      let (sum, overflow) = number.addingReportingOverflow(more)
      if overflow { return add(toSum: value, contribution.sign, at: place) }
      cells[place] = .number(sum)
    case .sum(let index): sums[Int(index)].add(value, sign: contribution.sign)
    case .mean(let index):
      if index == nil { means.append(Mean()) }
      let own = index ?? Int32(means.count - 1)
      means[Int(own)].add(value, sign: contribution.sign)
      cells[place] = .mean(own)
    case .counted(var list):
      counted.add(value, column, contribution, to: &list)
      cells[place] = .counted(list)
    case .best(let index):
      guard contribution.sign > 0 else { return }
      let rank: Value =
        switch column.function {
        case .first, .last: column.order.map { contribution.inputs[$0] } ?? .null
        default: value
        }
      let candidate = Best(
        rank: rank, itemKey: column.order == nil ? [] : contribution.itemKey, value: value, stamp: contribution.stamp)
      if let index {
        if candidate.beats(bests[Int(index)], column.function) { bests[Int(index)] = candidate }
      } else {
        bests.append(candidate)
        cells[place] = .best(Int32(bests.count - 1))
      }
    }
  }

  /// A sum that whole numbers of 64 bits do not hold any more.
  private mutating func add(toSum value: Value, _ sign: Int64, at place: Int) {
    var sum = ExactSum()
    if case .number(let number) = cells[place] { sum.add(number) }
    sum.add(value, sign: sign)
    sums.append(sum)
    cells[place] = .sum(Int32(sums.count - 1))
  }

  /// Nothing, with memory for as much again.
  func emptied() -> GroupDeltas {
    var empty = self
    empty.table = table.emptied()
    empty.groups = []
    empty.groups.reserveCapacity(groups.count)
    empty.cells = []
    empty.cells.reserveCapacity(cells.count)
    empty.stamps = []
    empty.sums = []
    empty.means = []
    empty.bests = []
    empty.counted = CountedValues()
    return empty
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
