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

  /// The place of the input that reads an expression, which is added unless there is one.
  func place(_ expression: ExpressionSyntax, _ node: YAMLNode, _ inputs: inout [InputSyntax]) -> Int {
    let same = inputs.firstIndex { $0.expression.canonical == expression.canonical && $0.expected == nil }
    if let same { return same }
    inputs.append(InputSyntax(name: expression.canonical, expression: expression, node: node, expected: nil))
    return inputs.count - 1
  }

  /// Compiles written columns against compiled sources: adds their inputs to `inputs` and answers how they refer to them.
  func inputs(of columns: [ColumnSyntax], _ inputs: inout [InputSyntax]) -> [(argument: Int?, order: Int?)] {
    columns.map { column in
      let argument = column.argument.map { place($0, column.node, &inputs) }
      if let argument, [.min, .max, .distinct].contains(column.function) { inputs[argument].isKeyed = true }
      return (argument, column.order.map { place($0, column.node, &inputs) })
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
      case .sum where !type.isNumeric, .avg where !type.isNumeric:
        findings.add(
          column.node.mark, "`\(column.function.rawValue)` needs an integer or decimal, and this is \(type.rawValue)")
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
      if column.function == .avg { type = .decimal }
      return AggregateColumn(name: column.name, function: column.function, type: type, input: place.argument, order: place.order)
    }
  }

  func sqlColumn(_ column: AggregateColumn) -> SQLColumn {
    let isNullable: Bool
    switch column.function {
    case .count, .distinct, .duration, .durationMilliseconds: isNullable = false
    // A sum that does not fit its type is null until it fits again.
    case .sum, .avg, .min, .max, .first, .last, .current: isNullable = true
    }
    return SQLColumn(name: column.name, type: column.type, isNullable: isNullable)
  }
}
