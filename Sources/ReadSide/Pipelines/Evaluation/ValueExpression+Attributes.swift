internal import Expressions

extension ValueExpression {
  /// The top-level attributes that the expression reads, with repetitions; captures of the key are none.
  package var attributeNames: [String] {
    switch self {
    case .literal, .capture, .element, .commit: []
    case .attribute(let path, _, _): [path.root]
    case .pattern(let inner, _, _, _, _), .calendar(_, let inner, _), .lower(let inner), .upper(let inner), .length(let inner),
      .json(let inner, _, _, _):
      inner.attributeNames
    case .concat(let parts), .coalesce(let parts): parts.flatMap(\.attributeNames)
    }
  }
}
