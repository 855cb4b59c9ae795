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
  /// The last change that gave a member's scores anything or took anything from them, where columns beside them may change alone.
  package private(set) var scored: Stamp?
  /// Whether a sum of the group did not fit its type when it was last shown: then there is a dead letter to be taken back.
  package var hasMisfit = false
  /// Whether the member of a board has scores that are shown.
  package var isPlaced = false
  private var columns: [Column]
  /// By column, of those that count values: the values while they are few, nil when the store has them.
  private var few: [FewValues?]

  enum Column: Sendable, Equatable {
    case count(Int64)
    case sum(ExactSum)
    case mean(Mean)
    /// How many different values there are, and the stamp of the newest; nil where it is to be looked for.
    case firsts(distinct: Int64, newest: Stamp?)
    /// How many different values there are; 0 where another column counts them.
    case values(distinct: Int64)
    case entries
    case best(Best?)

    init(_ form: ColumnForm) {
      switch form {
      case .count: self = .count(0)
      case .sum: self = .sum(ExactSum())
      case .mean: self = .mean(Mean())
      case .firsts: self = .firsts(distinct: 0, newest: Stamp.none)
      case .values: self = .values(distinct: 0)
      case .entries, .rows, .scores, .changes: self = .entries
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
    if plan.tellsScoresApart { scored = max(scored ?? .none, deltas.scored(slot)) }
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
      case (.mean(var have), .mean(let more?)):
        have.add(more)
        columns[index] = .mean(have)
      case (.firsts(var distinct, var newest), .counted(let list)):
        try deltas.forEach(list, keepsFirst: true) { value in
          guard let given = value.kept, let stamp = Stamp(ordered: given) else { throw StateError() }
          let had = try lists.kept(column: index, key: value.key)
          if let had, !Bytes.less(given, had) { return }
          _ = try lists.add(column: index, key: value.key, kept: given, change: had == nil ? 1 : 0)
          if had == nil { distinct += 1 }
          // A value that came earlier than it was known to leaves the newest to another.
          newest = had == nil ? newest.map { max($0, stamp) } : newest?.ordered == had ? nil : newest
        }
        columns[index] = .firsts(distinct: distinct, newest: newest)
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
    /// Null for a sum that does not fit its type, and for a score of no values.
    package var values: [Value] = []
    /// The columns, by index, whose sums do not fit.
    package var misfits: [Int] = []
    /// Of a board, when its member reached the score.
    package var reached: Stamp = .none

    package init() {}

    /// Whether a member has all of its scores.
    package func hasScores(_ plan: GroupPlan) -> Bool {
      values.count >= plan.scoreCount && values[..<plan.scoreCount].allSatisfy { !$0.isNull }
    }
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
      for score in 0..<plan.scoreCount { shown.reached = max(shown.reached, try reached(score, plan, &lists)) }
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
    case .mean(let mean): return mean.value(column.function, as: column.type)
    case .firsts(let distinct, _): return distinct == 0 ? .null : .integer(distinct)
    case .values:
      if column.function == .distinct {
        let distinct = distinct(column.list)
        return distinct == 0 && index < plan.scoreCount ? .null : .integer(distinct)
      }
      return try values.extreme(column: column.list, greatest: column.function.seeksGreatest).map { try GroupState.first($0.key) }
        ?? .null
    case .entries:
      guard let found = try values.extreme(column: column.list, greatest: column.function.seeksGreatest) else { return .null }
      if case .rows(let row) = column.form { return try GroupState.value(column.input, in: row, of: found.key) }
      return try GroupState.first(column.form == .scores ? found.key : found.kept)
    case .best(let best): return best?.value ?? .null
    }
  }

  private func distinct(_ column: Int) -> Int64 {
    if case .values(let distinct) = columns[column] { distinct } else { 0 }
  }

  /// Of a row as it is counted, by (order, item key, columns), the value of an input; the item's key for none.
  private static func value(_ input: Int?, in row: Range<Int>, of key: [UInt8]) throws -> Value {
    guard let values = Value.values(ordered: key, count: 2 + row.count) else { throw StateError() }
    return values[input.map { 2 + $0 - row.lowerBound } ?? 1]
  }

  /// Of a best the change that brought it, of different values that which brought the newest, of a count, a sum or a mean the last one that
  /// moved it. A sum that only zeros made was reached by the member's first change; over items, where the first may be gone, by the last
  /// that gave its scores anything.
  private mutating func reached(_ score: Int, _ plan: GroupPlan, _ values: inout some GroupValues) throws -> Stamp {
    let column = plan.columns[score]
    switch columns[score] {
    case .best(let best?): return best.stamp
    case .entries where column.form == .scores:
      guard let best = try values.extreme(column: score, greatest: column.function.seeksGreatest) else { return .none }
      let value = Value.ordered(CollectionOfOne(try GroupState.first(best.key)))
      guard let kept = try values.least(column: score, prefix: value), let reached = Stamp(ordered: kept) else {
        throw StateError()
      }
      return reached
    case .entries where column.form == .changes: return try since(score, &values)
    case .firsts(let distinct, let known):
      let newest = try known ?? GroupState.newest(score, values)
      columns[score] = .firsts(distinct: distinct, newest: newest)
      return newest
    case .sum(let sum) where plan.isOverItems && sum.isZero:
      // What the member had before it was empty for a while is not to be seen, for the state may be dropped meanwhile.
      return scored ?? stamp
    case .mean(let mean) where plan.isOverItems && column.function == .sum && mean.sum.isZero: return scored ?? stamp
    case .values: return scored ?? stamp
    default: return changed == .none ? first ?? stamp : changed
    }
  }

  /// The greatest of the stamps that are kept with the values of a column. O(values).
  private static func newest(_ column: Int, _ values: some GroupValues) throws -> Stamp {
    var newest: [UInt8] = []
    var next = try values.extreme(column: column, greatest: true)
    while let found = next {
      if Bytes.less(newest, found.kept) { newest = found.kept }
      next = try values.before(found.key, column: column)
    }
    guard let stamp = Stamp(ordered: newest) else { throw StateError() }
    return stamp
  }

  /// The first of the changes that gave the score which holds, without another in between. Removed is what can never matter again: changes
  /// before the last one that gave another score, and those within the run that no lane can part any more.
  private func since(_ score: Int, _ values: inout some GroupValues) throws -> Stamp {
    guard let newest = try values.extreme(column: score, greatest: true) else { return .none }
    var first = newest.key
    var length = 1
    while let earlier = try values.before(first, column: score) {
      if earlier.kept != newest.kept {
        try values.removeAll(above: nil, below: earlier.key, column: score)
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
      try values.removeAll(above: first, below: Bytes.less(sure, newest.key) ? sure : newest.key, column: score)
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
    writer.unsigned((hasMisfit ? 1 : 0) | (isPlaced ? 2 : 0) | (scored == nil ? 0 : 4))
    if let scored { writer.stamp(scored) }
    for column in columns {
      switch column {
      case .count(let count), .values(let count): writer.signed(count)
      case .sum(let sum): writer.sum(sum)
      case .mean(let mean):
        writer.sum(mean.sum)
        writer.signed(mean.count)
      case .firsts(let distinct, let newest):
        writer.signed(distinct)
        writer.optional(newest) { $0.stamp($1) }
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
    if flags & 4 != 0 { scored = try reader.stamp() }
    for index in columns.indices {
      switch columns[index] {
      case .count: columns[index] = .count(try reader.signed())
      case .values: columns[index] = .values(distinct: try reader.signed())
      case .sum: columns[index] = .sum(try reader.sum())
      case .mean: columns[index] = .mean(Mean(sum: try reader.sum(), count: try reader.signed()))
      case .firsts:
        let distinct = try reader.signed()
        columns[index] = .firsts(
          distinct: distinct, newest: try reader.optional { (reader) throws(StateError) in try reader.stamp() })
      case .entries: break
      case .best: columns[index] = .best(try reader.optional { (reader) throws(StateError) in try reader.best() })
      }
    }
    for index in few.indices { few[index] = try reader.optional { (reader) throws(StateError) in try reader.few() } }
    try reader.end()
  }
}
