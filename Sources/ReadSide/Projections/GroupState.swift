package import DynamoModel
package import Pipelines

/// A group as the read model keeps it beside its row: what deltas are merged into.
///
/// The counts of single values live in a table of their own, which `GroupValues` stands for; the state holds the rest.
package struct GroupState: Sendable, Equatable {
  package var contributions: Int64 = 0
  package var stamp: RowStamp = .none
  package var columns: [Column]

  package enum Column: Sendable, Equatable {
    case count(Int64)
    case sum(Number)
    /// How many different values there are.
    case values(distinct: Int64)
    case entries
    case best(Best?)
  }

  package init(_ plan: GroupPlan) {
    columns = plan.columns.map { column in
      switch column.form {
      case .count: .count(0)
      case .sum: .sum(.zero)
      case .values: .values(distinct: 0)
      case .entries, .scores: .entries
      case .best: .best(nil)
      }
    }
  }

  /// Whether the group has a row: over items only while it has contributions.
  package func isAlive(_ plan: GroupPlan) -> Bool { !plan.isOverItems || contributions > 0 }
}

/// The counts of single values of one group.
package protocol GroupValues {
  /// Adds `change` to the count under `key` of a column and keeps `value` with it; answers the count before and after. A count of
  /// zero is removed.
  mutating func add(column: Int, key: [UInt8], value: Value, change: Int64) throws -> (before: Int64, after: Int64)
  /// The least or greatest key of a column and the value under it; nil when it has none.
  func extreme(column: Int, greatest: Bool) throws -> (key: [UInt8], value: Value)?
  /// The least of the values whose keys begin with `prefix`.
  func least(column: Int, prefix: [UInt8]) throws -> Value?
}

extension GroupState {
  /// Merges what a lane adds. Deltas of different lanes give the same state in any order.
  package mutating func merge(_ delta: GroupDelta, _ plan: GroupPlan, _ values: inout some GroupValues) throws {
    contributions += delta.contributions
    stamp = max(stamp, delta.stamp)
    for index in columns.indices {
      switch (columns[index], delta.columns[index]) {
      case (.count(let have), .count(let more)): columns[index] = .count(have + more)
      case (.sum(let have), .sum(let more)): columns[index] = .sum(try have.adding(more))
      case (.values(var distinct), .values(let changes)):
        for (key, change) in changes {
          let value = Value.values(ordered: key, count: 1)?[0] ?? .null
          let (before, after) = try values.add(column: index, key: key, value: value, change: change)
          if before == 0, after > 0 { distinct += 1 }
          if before > 0, after == 0 { distinct -= 1 }
        }
        columns[index] = .values(distinct: distinct)
      case (.entries, .entries(let changes)):
        for (key, entry) in changes {
          _ = try values.add(column: index, key: key, value: entry.value, change: entry.change)
        }
      case (.best(let have), .best(let candidate?)):
        guard case .best(let greatest) = plan.columns[index].form else { continue }
        if candidate.beats(have, greatest: greatest) { columns[index] = .best(candidate) }
      default: continue
      }
    }
  }

  /// The column's value for the row. Throws when a sum does not fit its declared type.
  package func value(of index: Int, _ plan: GroupPlan, _ values: some GroupValues) throws -> Value {
    let column = plan.columns[index]
    switch columns[index] {
    case .count(let count): return .integer(count)
    case .sum(let sum):
      if column.type == .decimal { return .decimal(sum) }
      guard let whole = sum.int64 else { throw SumOverflow() }
      return .integer(whole)
    case .values(let distinct):
      switch column.function {
      case .distinct: return .integer(distinct)
      case .min: return try values.extreme(column: index, greatest: false)?.value ?? .null
      default: return try values.extreme(column: index, greatest: true)?.value ?? .null
      }
    case .entries:
      guard column.form == .scores else {
        return try values.extreme(column: index, greatest: column.function == .last)?.value ?? .null
      }
      return try bestScore(index, plan, values) ?? .null
    case .best(let best): return best?.value ?? .null
    }
  }

  private func bestScore(_ index: Int, _ plan: GroupPlan, _ values: some GroupValues) throws -> Value? {
    guard let best = try values.extreme(column: index, greatest: plan.columns[index].function == .max) else { return nil }
    var end = 0
    return best.key.withUnsafeBytes { Value(ordered: $0, at: &end) }
  }

  /// When a board member reached its score, in microseconds: of a best the time of the play that holds it (the earliest of equal
  /// ones), of a count or a sum the time of its last change.
  package func reachedAt(_ plan: GroupPlan, _ values: some GroupValues) throws -> Int64 {
    switch columns.first {
    case .best(let best?): return best.time
    case .entries where plan.columns[0].form == .scores:
      guard let score = try bestScore(0, plan, values),
        case .timestamp(let time)? = try values.least(column: 0, prefix: Value.ordered(CollectionOfOne(score)))
      else { return stamp.time }
      return time
    default: return stamp.time
    }
  }

  package var bytes: [UInt8] {
    var writer = StateWriter()
    writer.signed(contributions)
    writer.stamp(stamp)
    for column in columns {
      switch column {
      case .count(let count), .values(let count): writer.signed(count)
      case .sum(let sum): writer.number(sum)
      case .entries: break
      case .best(let best):
        writer.optional(best) { writer, best in
          writer.blob(best.order)
          writer.value(best.value)
          writer.signed(best.time)
        }
      }
    }
    return writer.bytes
  }

  package init(bytes: UnsafeRawBufferPointer, _ plan: GroupPlan) throws(StateError) {
    self.init(plan)
    var reader = StateReader(bytes)
    contributions = try reader.signed()
    stamp = try reader.stamp()
    for index in columns.indices {
      switch columns[index] {
      case .count: columns[index] = .count(try reader.signed())
      case .values: columns[index] = .values(distinct: try reader.signed())
      case .sum: columns[index] = .sum(try reader.number())
      case .entries: break
      case .best:
        columns[index] = .best(
          try reader.optional { (reader) throws(StateError) in
            Best(order: try reader.blob(), value: try reader.value(), time: try reader.signed())
          })
      }
    }
  }
}

/// A sum of integers that does not fit 64 bits: declare the column as decimal.
package struct SumOverflow: Error, Sendable, CustomStringConvertible {
  package var description: String { "a sum of integers does not fit 64 bits: declare its input as decimal" }
}
