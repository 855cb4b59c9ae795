internal import DynamoModel
package import Pipelines

/// A group as a store keeps it beside its row: what deltas are merged into. Merging commutes, and never fails but for the store.
///
/// The counts of single values are in the state while they are few (`FewValues`), in the store (`GroupValues`) when they are many; the state holds
/// the rest.
package struct GroupState: Sendable, Equatable {
  package private(set) var contributions: Int64 = 0
  /// The last change that touched the group.
  package private(set) var stamp: Stamp = .none
  /// The first change that touched the group; nil before there was one.
  package private(set) var first: Stamp?
  /// The last change whose contributions did not cancel out.
  package private(set) var changed: Stamp = .none
  /// Whether a sum of the group did not fit its type when it was last shown: then there is a dead letter to be taken back.
  package var hasMisfit = false
  /// Whether the member of a board has a score that is shown.
  package var isPlaced = false
  private var columns: [Column]
  /// By column, of those that count values: the values while they are few, nil when the store has them.
  private var few: [FewValues?]

  enum Column: Sendable, Equatable {
    case count(Int64)
    case sum(ExactSum)
    /// How many different values there are; 0 where another column counts them.
    case values(distinct: Int64)
    case entries
    case best(Best?)

    init(_ form: ColumnForm) {
      switch form {
      case .count: self = .count(0)
      case .sum: self = .sum(ExactSum())
      case .values: self = .values(distinct: 0)
      case .entries, .scores, .changes: self = .entries
      case .best: self = .best(nil)
      }
    }
  }

  package init(_ plan: GroupPlan) {
    columns = plan.columns.map { Column($0.form) }
    few = GroupState.noValues(plan)
  }

  private static func noValues(_ plan: GroupPlan) -> [FewValues?] {
    plan.columns.enumerated().map { $1.form.hasList && $1.list == $0 ? FewValues() : nil }
  }

  /// Whether the group has contributions: over items one without any has no row.
  package func isAlive(_ plan: GroupPlan) -> Bool { !plan.isOverItems || contributions > 0 }

  /// Merges what a lane adds to the group of a slot. Deltas of different lanes give the same state in any order.
  package mutating func merge(
    _ deltas: GroupDeltas, _ slot: Int, _ plan: GroupPlan, values: inout some GroupValues
  ) throws {
    contributions += deltas.contributions(slot)
    stamp = max(stamp, deltas.stamp(slot))
    if let begun = deltas.first(slot) { first = first.map { min($0, begun) } ?? begun }
    changed = max(changed, deltas.changed(slot))
    var lists = ColumnValues(few: few, store: values)
    few = []
    defer { (few, values) = (lists.few, lists.store) }
    for index in columns.indices where plan.columns[index].list == index {
      switch (columns[index], deltas.column(slot, index)) {
      case (.count(let have), .number(let more)): columns[index] = .count(have + more)
      case (.sum(var have), .number(let more)):
        have.add(more)
        columns[index] = .sum(have)
      case (.sum(var have), .sum(let more)):
        have.add(more)
        columns[index] = .sum(have)
      case (.values(var distinct), .counted(let list)):
        try deltas.forEach(list) { value in
          let (before, after) = try lists.add(column: index, key: value.key, kept: value.kept, change: value.change)
          distinct += (after > 0 ? 1 : 0) - (before > 0 ? 1 : 0)
        }
        columns[index] = .values(distinct: distinct)
      case (.entries, .counted(let list)):
        try deltas.forEach(list) { value in
          _ = try lists.add(column: index, key: value.key, kept: value.kept, change: value.change)
        }
      case (.best(let have), .best(let candidate?)):
        if candidate.beats(have, plan.columns[index].function) { columns[index] = .best(candidate) }
      default: continue
      }
    }
    // All counts are zero: a list that was large may begin in the state again.
    if plan.isOverItems, contributions == 0 { lists.few = GroupState.noValues(plan) }
  }

  /// What the group's row says of its columns.
  package struct Shown: Sendable, Equatable {
    /// Null for a sum that does not fit its type.
    package var values: [Value] = []
    /// The columns, by index, whose sums do not fit.
    package var misfits: [Int] = []
    /// Of a board, when its member reached the score.
    package var reached: Stamp = .none

    package init() {}
  }

  /// The columns' values in the order of the plan. Minima, maxima and distinct counts are asked of `values`, whose entries must be
  /// merged by then. Throws what `values` throws.
  package mutating func shown(_ plan: GroupPlan, _ values: inout some GroupValues) throws -> Shown {
    var shown = Shown()
    var lists = ColumnValues(few: few, store: values)
    for index in columns.indices {
      let value = try value(of: index, plan, lists)
      if value == nil { shown.misfits.append(index) }
      shown.values.append(value ?? .null)
    }
    if plan.boardCount != nil {
      shown.reached = try reached(plan, &lists)
      (few, values) = (lists.few, lists.store)
    }
    return shown
  }

  /// Nil when a sum does not fit.
  private func value(of index: Int, _ plan: GroupPlan, _ values: some GroupValues) throws -> Value? {
    let column = plan.columns[index]
    switch columns[index] {
    case .count(let count): return .integer(count)
    case .sum(let sum): return sum.value(as: column.type)
    case .values:
      if column.function == .distinct { return .integer(distinct(column.list)) }
      return try values.extreme(column: column.list, greatest: column.function.seeksGreatest).map { try GroupState.first($0.key) }
        ?? .null
    case .entries:
      guard let found = try values.extreme(column: index, greatest: column.function.seeksGreatest) else { return .null }
      return try GroupState.first(column.form == .scores ? found.key : found.kept)
    case .best(let best): return best?.value ?? .null
    }
  }

  private func distinct(_ column: Int) -> Int64 {
    if case .values(let distinct) = columns[column] { distinct } else { 0 }
  }

  /// Of a best the change that brought it, of a count or a sum the last one that moved it. A sum that only zeros made was reached by the
  /// first of them; over items, where the first may be gone, by the last change.
  private func reached(_ plan: GroupPlan, _ values: inout some GroupValues) throws -> Stamp {
    switch columns.first {
    case .best(let best?): return best.stamp
    case .entries where plan.columns[0].form == .scores:
      guard let best = try values.extreme(column: 0, greatest: plan.columns[0].function.seeksGreatest) else { return stamp }
      let score = Value.ordered(CollectionOfOne(try GroupState.first(best.key)))
      guard let kept = try values.least(column: 0, prefix: score), let reached = Stamp(ordered: kept) else { throw StateError() }
      return reached
    case .entries where plan.columns[0].form == .changes: return try since(&values)
    case .sum(let sum) where plan.isOverItems && sum.isZero:
      // What the member had before it was empty for a while is not to be seen, for the state may be dropped meanwhile.
      return stamp
    default: return changed == .none ? first ?? stamp : changed
    }
  }

  /// The first of the changes that gave the score which holds, without another in between. Removed is what can never matter again: changes
  /// before the last one that gave another score, and those within the run that no lane can part any more.
  private func since(_ values: inout some GroupValues) throws -> Stamp {
    guard let newest = try values.extreme(column: 0, greatest: true) else { return stamp }
    var first = newest.key
    var length = 1
    while let earlier = try values.before(first, column: 0) {
      if earlier.kept != newest.kept {
        try values.removeAll(above: nil, below: earlier.key, column: 0)
        break
      }
      first = earlier.key
      length += 1
    }
    guard let reached = Stamp(ordered: first) else { throw StateError() }
    if length > 2 {
      var bound = Stamp.none
      bound.time = values.watermark
      let sure = bound.ordered
      try values.removeAll(above: first, below: Bytes.less(sure, newest.key) ? sure : newest.key, column: 0)
    }
    return reached
  }

  private static func first(_ bytes: [UInt8]) throws -> Value {
    var end = 0
    guard let value = bytes.withUnsafeBytes({ Value(ordered: $0, at: &end) }) else { throw StateError() }
    return value
  }
}

extension ExactSum {
  /// The sum as a value of a column; nil when it does not fit.
  func value(as type: ValueType) -> Value? {
    type == .decimal ? number.map { .decimal($0) } : int64.map { .integer($0) }
  }
}

extension GroupState {
  package var bytes: [UInt8] {
    var writer = StateWriter()
    writer.signed(contributions)
    writer.stamp(stamp)
    writer.optional(first) { $0.stamp($1) }
    writer.stamp(changed)
    writer.unsigned((hasMisfit ? 1 : 0) | (isPlaced ? 2 : 0))
    for column in columns {
      switch column {
      case .count(let count), .values(let count): writer.signed(count)
      case .sum(let sum): writer.sum(sum)
      case .entries: break
      case .best(let best): writer.optional(best) { $0.best($1) }
      }
    }
    for few in few { writer.optional(few) { $0.few($1) } }
    return writer.bytes
  }

  /// Reads the bytes that `bytes` gave under the same plan; throws for any others.
  package init(bytes: UnsafeRawBufferPointer, _ plan: GroupPlan) throws(StateError) {
    self.init(plan)
    var reader = StateReader(bytes)
    contributions = try reader.signed()
    stamp = try reader.stamp()
    first = try reader.optional { (reader) throws(StateError) in try reader.stamp() }
    changed = try reader.stamp()
    let flags = try reader.unsigned()
    hasMisfit = flags & 1 != 0
    isPlaced = flags & 2 != 0
    for index in columns.indices {
      switch columns[index] {
      case .count: columns[index] = .count(try reader.signed())
      case .values: columns[index] = .values(distinct: try reader.signed())
      case .sum: columns[index] = .sum(try reader.sum())
      case .entries: break
      case .best: columns[index] = .best(try reader.optional { (reader) throws(StateError) in try reader.best() })
      }
    }
    for index in few.indices { few[index] = try reader.optional { (reader) throws(StateError) in try reader.few() } }
    try reader.end()
  }
}
