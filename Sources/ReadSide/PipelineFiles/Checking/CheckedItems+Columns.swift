internal import Pipelines
internal import YAML

/// Columns of projections: their names, inputs, types and SQL.
extension CheckedItems {
  /// Two columns of one name are an error.
  func checkDistinct(_ names: [(name: String, mark: Mark)]) {
    var seen: Set<String> = []
    for (name, mark) in names where !seen.insert(name).inserted { findings.add(mark, "there are two columns `\(name)`") }
  }

  static let traceColumns = [
    SQLColumn(name: "_at", type: .timestamp, isNullable: false), SQLColumn(name: "_order", type: .integer, isNullable: false),
    SQLColumn(name: "_position", type: .string, isNullable: false),
  ]

  /// Compiles written columns against compiled sources: adds their inputs to `inputs` and answers how they refer to them.
  func inputs(of columns: [ColumnSyntax], _ inputs: inout [InputSyntax]) -> [(argument: Int?, order: Int?)] {
    func place(_ syntax: ExpressionSyntax?, _ column: ColumnSyntax) -> Int? {
      guard let syntax else { return nil }
      let input = InputSyntax(name: syntax.canonical, expression: syntax, node: column.node, expected: nil)
      if let same = inputs.firstIndex(where: { $0.expression.canonical == syntax.canonical && $0.expected == nil }) {
        return same
      }
      inputs.append(input)
      return inputs.count - 1
    }
    return columns.map { column in
      let argument = place(column.argument, column)
      if let argument, [.min, .max, .distinct].contains(column.function) { inputs[argument].isKeyed = true }
      return (argument, place(column.order, column))
    }
  }

  /// The columns with their types, once the inputs' types are known.
  func aggregateColumns(
    _ columns: [ColumnSyntax], _ places: [(argument: Int?, order: Int?)], _ source: Source, isOverItems: Bool
  ) -> [AggregateColumn] {
    zip(columns, places).map { column, place in
      let input = place.argument.map { source.inputs[$0] }
      var type = input?.type ?? .integer
      switch column.function {
      case .sum where !type.isNumeric:
        findings.add(column.node.mark, "`sum` needs an integer or decimal, and this is \(type.rawValue)")
      case .min where !type.isOrdered, .max where !type.isOrdered:
        findings.add(column.node.mark, "\(type.rawValue) cannot be compared: `\(column.function.rawValue)` needs a type that can")
      case .first, .last:
        if isOverItems, place.order == nil {
          findings.add(
            column.node.mark,
            "over items `\(column.function.rawValue)` needs an order that is in the item: write `\(column.function.rawValue)(field by time)`"
          )
        }
        if let order = place.order, !source.inputs[order].type.isOrdered {
          findings.add(column.node.mark, "\(source.inputs[order].type.rawValue) cannot be an order")
        }
      case .distinct: type = .integer
      default: break
      }
      return AggregateColumn(name: column.name, function: column.function, type: type, input: place.argument, order: place.order)
    }
  }

  func sqlColumn(_ column: AggregateColumn) -> SQLColumn {
    let isNullable: Bool
    switch column.function {
    case .count, .distinct, .duration, .durationMilliseconds: isNullable = false
    // A sum that does not fit its type is null until it fits again.
    case .sum, .min, .max, .first, .last, .current: isNullable = true
    }
    return SQLColumn(name: column.name, type: column.type, isNullable: isNullable)
  }
}
