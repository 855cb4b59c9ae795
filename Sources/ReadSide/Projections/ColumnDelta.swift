package import DynamoModel
package import Pipelines

/// How a column of a group is kept so that contributions merge in any order.
package enum ColumnForm: Sendable, Equatable {
  case count
  case sum
  /// The number of contributions of each value: `min`, `max` and `distinct` over items, and `distinct` over changes. A
  /// deletion finds the next value.
  case values
  /// As `values`, ordered by (order, item key): `first` and `last` over items.
  case entries
  /// As `entries`, ordered by (score, item key), each with the time at which its item took this score: the best of a board over
  /// items, and when it was reached.
  case scores
  /// The greatest or least ever seen: nothing is taken back over changes.
  case best(greatest: Bool)
}

/// What a lane adds to one column of a group between two checkpoints.
package enum ColumnDelta: Sendable {
  case count(Int64)
  case sum(Number)
  /// By the value's ordered bytes: how many contributions more or less.
  case values([[UInt8]: Int64])
  /// By the ordered bytes of (order or score, item key): the value (of a score its time), and how many more or less. An entry that
  /// was taken and given again stays, because its value may be another.
  case entries([[UInt8]: Entry])
  case best(Best?)

  package struct Entry: Sendable {
    package var value: Value
    package var change: Int64
  }

  init(_ form: ColumnForm) {
    switch form {
    case .count: self = .count(0)
    case .sum: self = .sum(.zero)
    case .values: self = .values([:])
    case .entries, .scores: self = .entries([:])
    case .best: self = .best(nil)
    }
  }
}

/// An extreme: the bytes it is ordered by, what it says, and when it came.
package struct Best: Sendable, Equatable {
  package var order: [UInt8]
  package var value: Value
  /// Commit time in microseconds of the record that brought it.
  package var time: Int64

  package init(order: [UInt8], value: Value, time: Int64) {
    self.order = order
    self.value = value
    self.time = time
  }

  /// Whether this one takes the place of `other`. Equal orders do not.
  package func beats(_ other: Best?, greatest: Bool) -> Bool {
    guard let other else { return true }
    let order = Bytes.compare(order, other.order)
    return greatest ? order > 0 : order < 0
  }
}

/// What a lane adds to a group: an aggregate's row, or a member of a board.
package struct GroupDelta: Sendable {
  /// The group's values; of a board the board's and the member.
  package let key: [Value]
  /// Contributions more or less: over items a group without any has no row.
  package var contributions: Int64 = 0
  package var columns: [ColumnDelta]
  package var stamp: RowStamp = .none
}

/// How a projection's groups are made of inputs: shared by aggregates and leaderboards.
package struct GroupPlan: Sendable {
  package let isOverItems: Bool
  package let keyCount: Int
  package let columns: [Column]

  package struct Column: Sendable {
    package let form: ColumnForm
    package let function: Function
    /// Index of the input; nil for count.
    package let input: Int?
    /// For `first` and `last`: the input they are ordered by; nil for the commit time.
    package let order: Int?
    package let type: ValueType

    package enum Function: Sendable {
      case count, sum, min, max, distinct, first, last
    }
  }

  package init(_ aggregate: Aggregate) {
    isOverItems = aggregate.isOverItems
    keyCount = aggregate.keyCount
    columns = aggregate.columns.map { column in
      let function = GroupPlan.function(column.function)
      return Column(
        form: GroupPlan.form(function, overItems: aggregate.isOverItems), function: function, input: column.input,
        order: column.order, type: column.type)
    }
  }

  package init(_ board: Leaderboard) {
    isOverItems = board.isOverItems
    keyCount = board.boardCount + 1
    let function: Column.Function =
      switch board.score {
      case .count: .count
      case .sum: .sum
      case .max: .max
      case .min: .min
      case .last: .last
      }
    columns = [
      Column(
        form: board.isOverItems && (function == .max || function == .min)
          ? .scores : GroupPlan.form(function, overItems: board.isOverItems), function: function, input: board.scoreInput,
        order: nil, type: board.scoreType)
    ]
  }

  private static func function(_ function: AggregateColumn.Function) -> Column.Function {
    switch function {
    case .count, .duration, .durationMilliseconds: .count
    case .sum: .sum
    case .min: .min
    case .max: .max
    case .distinct: .distinct
    case .first: .first
    case .last, .current: .last
    }
  }

  private static func form(_ function: Column.Function, overItems: Bool) -> ColumnForm {
    switch function {
    case .count: .count
    case .sum: .sum
    case .distinct: .values
    case .min: overItems ? .values : .best(greatest: false)
    case .max: overItems ? .values : .best(greatest: true)
    case .first: overItems ? .entries : .best(greatest: false)
    case .last: overItems ? .entries : .best(greatest: true)
    }
  }
}
