package import Pipelines

/// How the groups of an aggregate or a leaderboard are made of contributions: the same for its lanes and its stores.
package struct GroupPlan: Sendable {
  package let isOverItems: Bool
  /// How many inputs, from the first on, are the group; of a leaderboard the board's and the member.
  package let keyCount: Int
  package let columns: [Column]
  /// Of a leaderboard, how many of the key's values name the board; nil for an aggregate.
  package let boardCount: Int?

  package struct Column: Sendable {
    package let name: String
    package let form: ColumnForm
    package let function: Function
    /// Index of the input; nil for count.
    package let input: Int?
    /// For `first` and `last`: the input they are ordered by; nil for the order of the changes.
    package let order: Int?
    package let type: ValueType
    /// The column that keeps this one's values: itself, or one before it that counts the same ones (`min` and `max` of one field).
    package let list: Int
  }

  package enum Function: Sendable {
    case count, sum, min, max, distinct, first, last

    /// Whether the greatest of what is compared is sought.
    var seeksGreatest: Bool { self == .max || self == .last }
  }

  /// By projection, of those that have groups.
  package static func plans(of pipeline: Pipeline) -> [ProjectionID: GroupPlan] {
    var plans: [ProjectionID: GroupPlan] = [:]
    for id in pipeline.projections.ids {
      switch pipeline.projections[id].kind {
      case .aggregate(let aggregate): plans[id] = GroupPlan(aggregate)
      case .leaderboard(let board): plans[id] = GroupPlan(board)
      case .collection, .sessions, .history: break
      }
    }
    return plans
  }

  package init(_ aggregate: Aggregate) {
    isOverItems = aggregate.isOverItems
    keyCount = aggregate.keyCount
    boardCount = nil
    var columns: [Column] = []
    for (place, column) in aggregate.columns.enumerated() {
      let function = GroupPlan.function(column.function)
      let form = ColumnForm(function, overItems: aggregate.isOverItems)
      let list = form == .values ? columns.firstIndex { $0.form == .values && $0.input == column.input } : nil
      columns.append(
        Column(
          name: column.name, form: form, function: function, input: column.input, order: column.order, type: column.type,
          list: list ?? place))
    }
    self.columns = columns
  }

  package init(_ board: Leaderboard) {
    isOverItems = board.isOverItems
    keyCount = board.boardCount + 1
    boardCount = board.boardCount
    let function: Function =
      switch board.score {
      case .count: .count
      case .sum: .sum
      case .max: .max
      case .min: .min
      case .last: .last
      }
    let form: ColumnForm =
      switch function {
      case .max where board.isOverItems, .min where board.isOverItems: .scores
      case .last: .changes
      default: ColumnForm(function, overItems: board.isOverItems)
      }
    columns = [
      Column(name: "score", form: form, function: function, input: board.scoreInput, order: nil, type: board.scoreType, list: 0)
    ]
  }

  private static func function(_ function: AggregateColumn.Function) -> Function {
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
}

/// How a column of a group is kept so that contributions merge in any order.
package enum ColumnForm: Sendable, Equatable {
  case count
  case sum
  /// The number of contributions of each value: `min`, `max` and `distinct` over items, and `distinct` over changes. A
  /// deletion finds the next value.
  case values
  /// As `values`, of (order, item key, value): `first` and `last` over items.
  case entries
  /// As `entries`, of (score, item key), each with the stamp of the change by which its item took this score: the best of a board over
  /// items, and when it was reached.
  case scores
  /// The score of each change, by its stamp, from the last that differs from the newest on: `last` of a board over changes, and since when
  /// it holds.
  case changes
  /// The greatest or least ever seen: nothing is taken back over changes.
  case best

  /// Whether single values are counted.
  var hasList: Bool {
    switch self {
    case .values, .entries, .scores, .changes: true
    case .count, .sum, .best: false
    }
  }

  init(_ function: GroupPlan.Function, overItems: Bool) {
    switch function {
    case .count: self = .count
    case .sum: self = .sum
    case .distinct: self = .values
    case .min, .max: self = overItems ? .values : .best
    case .first, .last: self = overItems ? .entries : .best
    }
  }
}
