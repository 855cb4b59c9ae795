package import Pipelines

/// How the groups of an aggregate or a leaderboard are made of contributions: the same for its lanes and its stores.
package struct GroupPlan: Sendable {
  package let isOverItems: Bool
  /// How many inputs, from the first on, are the group; of a leaderboard the board's and the member.
  package let keyCount: Int
  package let columns: [Column]
  /// Of a leaderboard, how many of the key's values name the board; nil for an aggregate.
  package let boardCount: Int?
  /// How many columns, from the first on, are the scores of a leaderboard; 0 for an aggregate.
  package let scoreCount: Int

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
    case count, sum, min, max, distinct, first, last, avg
    /// Of the row that is latest, the value of the column, null or not.
    case latest

    /// Whether it may have a value that does not fit where it is shown.
    package var canMisfit: Bool { self == .sum || self == .avg }

    /// Whether the greatest of what is compared is sought.
    var seeksGreatest: Bool { self == .max || self == .last || self == .latest }
  }

  /// By projection, of those that have groups.
  package static func plans(of pipeline: Pipeline) -> [ProjectionID: GroupPlan] {
    var plans: [ProjectionID: GroupPlan] = [:]
    for id in pipeline.projections.ids {
      switch pipeline.projections[id].kind {
      case .aggregate(let aggregate): plans[id] = GroupPlan(aggregate)
      case .leaderboard(let board): plans[id] = GroupPlan(board)
      case .collection(let collection) where collection.latestBy != nil: plans[id] = GroupPlan(latest: collection)
      case .collection, .sessions, .history: break
      }
    }
    return plans
  }

  package init(_ aggregate: Aggregate) {
    isOverItems = aggregate.isOverItems
    keyCount = aggregate.keyCount
    boardCount = nil
    scoreCount = 0
    var columns: [Column] = []
    for column in aggregate.columns { GroupPlan.add(column, overItems: aggregate.isOverItems, to: &columns) }
    self.columns = columns
  }

  private static func add(_ column: AggregateColumn, overItems: Bool, to columns: inout [Column]) {
    let function = GroupPlan.function(column.function)
    let form = ColumnForm(function, overItems: overItems)
    let list = form == .values ? columns.firstIndex { $0.form == .values && $0.input == column.input } : nil
    columns.append(
      Column(
        name: column.name, form: form, function: function, input: column.input, order: column.order, type: column.type,
        list: list ?? columns.count))
  }

  package init(_ board: Leaderboard) {
    isOverItems = board.isOverItems
    keyCount = board.boardCount + 1
    boardCount = board.boardCount
    scoreCount = board.scores.count
    var columns: [Column] = []
    for (place, score) in board.scores.enumerated() {
      let function = GroupPlan.function(score.function)
      let form: ColumnForm =
        switch function {
        case .max where board.isOverItems, .min where board.isOverItems: .scores
        case .last: .changes
        case .distinct where !board.isOverItems: .firsts
        // Of several scores one may be of no values.
        case .sum where board.scores.count > 1: .mean
        default: ColumnForm(function, overItems: board.isOverItems)
        }
      columns.append(
        Column(
          name: Leaderboard.scoreName(place), form: form, function: function, input: score.input, order: nil, type: score.type,
          list: place))
    }
    for column in board.columns { GroupPlan.add(column, overItems: board.isOverItems, to: &columns) }
    self.columns = columns
  }

  private static func function(_ function: Leaderboard.Function) -> Function {
    switch function {
    case .count: .count
    case .sum: .sum
    case .max: .max
    case .min: .min
    case .last: .last
    case .distinct: .distinct
    case .avg: .avg
    }
  }

  /// Whether something of a member's row may change while its scores stay: then its state knows when they were last given anything.
  var tellsScoresApart: Bool { isOverItems && scoreCount > 0 && columns.count > 1 }

  /// Of a collection with one row for each declared key: its columns, and the key of the item that has the row.
  package init(latest collection: Collection) {
    isOverItems = true
    keyCount = collection.keyCount
    boardCount = nil
    scoreCount = 0
    let inputs = collection.sources[0].inputs
    let row = keyCount..<keyCount + collection.columnCount
    var columns = row.map {
      Column(
        name: inputs[$0].name, form: .rows(row), function: .latest, input: $0, order: collection.latestBy, type: inputs[$0].type,
        list: 0)
    }
    columns.append(
      Column(name: "_item", form: .rows(row), function: .latest, input: nil, order: collection.latestBy, type: .bytes, list: 0))
    self.columns = columns
  }

  private static func function(_ function: AggregateColumn.Function) -> Function {
    switch function {
    case .count, .duration, .durationMilliseconds: .count
    case .sum: .sum
    case .min: .min
    case .max: .max
    case .distinct: .distinct
    case .avg: .avg
    case .first: .first
    case .last, .current: .last
    }
  }
}

/// How a column of a group is kept so that contributions merge in any order.
package enum ColumnForm: Sendable, Equatable {
  case count
  case sum
  /// The sum of the values and how many there are: `avg`, and sums among several scores.
  case mean
  /// The number of contributions of each value: `min`, `max` and `distinct` over items, and `distinct` over changes. A
  /// deletion finds the next value.
  case values
  /// As `values`, of (order, item key, value): `first` and `last` over items.
  case entries
  /// As `entries`, of (order, item key, the inputs of the range): the columns of a group are those of its latest row.
  case rows(Range<Int>)
  /// As `entries`, of (score, item key), each with the stamp of the change by which its item took this score: the best of a board over
  /// items, and when it was reached.
  case scores
  /// Each value once, with the stamp of the first change that gave it: `distinct` of a board over changes, and since when it holds.
  case firsts
  /// The score of each change, by its stamp, from the last that differs from the newest on: `last` of a board over changes, and since when
  /// it holds.
  case changes
  /// The greatest or least ever seen: nothing is taken back over changes.
  case best

  /// Whether single values are counted.
  var hasList: Bool {
    switch self {
    case .values, .entries, .rows, .scores, .firsts, .changes: true
    case .count, .sum, .mean, .best: false
    }
  }

  init(_ function: GroupPlan.Function, overItems: Bool) {
    switch function {
    case .count: self = .count
    case .sum: self = .sum
    case .avg: self = .mean
    case .distinct: self = .values
    case .min, .max: self = overItems ? .values : .best
    case .first, .last, .latest: self = overItems ? .entries : .best
    }
  }
}
