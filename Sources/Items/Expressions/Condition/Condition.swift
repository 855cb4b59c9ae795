internal import DynamoModel

/// A condition ready to be evaluated: names and values stand where placeholders stood.
indirect enum Condition: Sendable {
  case any([Condition])
  case all([Condition])
  case not(Condition)
  case comparison(Comparator, Operand, Operand)
  case between(Operand, Operand, Operand)
  case isIn(Operand, [Operand])
  case exists(DocumentPath)
  case notExists(DocumentPath)
  case hasType(Operand, String)
  case beginsWith(Operand, Operand)
  case contains(Operand, Operand)
}

/// Where a value comes from.
indirect enum Operand: Sendable {
  case path(DocumentPath)
  case value(AttributeValue)
  case size(Operand)

  /// The type that the operand is known to have before any item is seen; nil for a path.
  var knownType: String? {
    switch self {
    case .path: nil
    case .value(let value): value.typeName
    case .size: "N"
    }
  }
}
