internal import Expressions
internal import Patterns
internal import Pipelines

extension ValueExpression {
  /// What the expression reads, for a sentence.
  var text: String {
    switch self {
    case .literal(let value): value.description
    case .attribute(let path, _, _): path.text
    case .capture: "the key"
    case .element(let part, _, _):
      switch part {
      case .value: "an element"
      case .member(let path): path.text
      case .key: "the name of an element"
      case .ordinal: "the place of an element"
      }
    case .arithmetic(let operation, let left, let right, _): "(\(left.text) \(operation.rawValue) \(right.text))"
    case .moved(let inner, let span):
      "(\(inner.text) \(span < 0 ? "-" : "+") \(SpanText.text(span < 0 ? 0 - span : span)))"
    case .pattern(let inner, let pattern, _, _, _): "what `\(pattern.source)` finds in \(inner.text)"
    case .image(let image, let inner): "the \(image.rawValue) \(inner.text)"
    case .commit: "the commit time"
    case .calendar(let periods, let inner): "the \(periods.text) of \(inner.text)"
    case .lower(let inner), .upper(let inner): inner.text
    case .length(let inner): "the length of \(inner.text)"
    case .concat(let parts), .coalesce(let parts): parts.map(\.text).joined(separator: " and ")
    case .json(let inner, let path, _, _): path.map { "\($0.text) of \(inner.text)" } ?? "the JSON in \(inner.text)"
    }
  }
}
