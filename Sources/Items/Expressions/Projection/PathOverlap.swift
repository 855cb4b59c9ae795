/// Two paths of one expression may not name the same value, nor one a part of the other, nor want a map and a list in the
/// same place.
enum PathOverlap {
  /// DynamoDB's order: the first overlap anywhere, else the first conflict.
  static func check(_ paths: [DocumentPath]) throws(ExpressionError) {
    var conflict: ExpressionError?
    for (place, second) in paths.enumerated() {
      for first in paths[..<place] {
        switch relation(first, second) {
        case .apart: continue
        case .overlap: throw error("overlap", first, second)
        case .conflict: conflict = conflict ?? error("conflict", first, second)
        }
      }
    }
    if let conflict { throw conflict }
  }

  private enum Relation { case apart, overlap, conflict }

  private static func relation(_ first: DocumentPath, _ second: DocumentPath) -> Relation {
    for (left, right) in zip(first.elements, second.elements) {
      switch (left, right) {
      case (.name, .index), (.index, .name): return .conflict
      default: if left != right { return .apart }
      }
    }
    return .overlap
  }

  private static func error(_ verb: String, _ first: DocumentPath, _ second: DocumentPath) -> ExpressionError {
    ExpressionError(
      "Two document paths \(verb) with each other; must remove or rewrite one of these paths; "
        + "path one: \(first), path two: \(second)", offset: 0)
  }
}
