internal import DynamoModel
internal import Expressions

extension ValueExpression {
  /// The top-level attributes that the expression reads, with repetitions; captures of the key are none.
  package var attributeNames: [String] {
    switch self {
    case .literal, .capture, .element, .commit: []
    case .attribute(let path, _, _): [path.root]
    case .pattern(let inner, _, _, _, _), .calendar(_, let inner), .lower(let inner), .upper(let inner), .length(let inner),
      .json(let inner, _, _, _), .image(_, let inner), .moved(let inner, _):
      inner.attributeNames
    case .arithmetic(_, let left, let right, _): left.attributeNames + right.attributeNames
    case .concat(let parts), .coalesce(let parts): parts.flatMap(\.attributeNames)
    }
  }
}

extension ValueExpression {
  /// Whether it reads an image of the change beside the one that a name without `old.` or `new.` is of.
  package var readsImages: Bool {
    switch self {
    case .image: true
    case .literal, .capture, .element, .commit, .attribute: false
    case .pattern(let inner, _, _, _, _), .calendar(_, let inner), .lower(let inner), .upper(let inner), .length(let inner),
      .json(let inner, _, _, _), .moved(let inner, _):
      inner.readsImages
    case .arithmetic(_, let left, let right, _): left.readsImages || right.readsImages
    case .concat(let parts), .coalesce(let parts): parts.contains(where: \.readsImages)
    }
  }
}

extension ValueExpression {
  /// Whether it reads the element of the list that is taken apart.
  package var readsElement: Bool {
    switch self {
    case .element: true
    case .literal, .capture, .commit, .attribute, .image: false
    case .pattern(let inner, _, _, _, _), .calendar(_, let inner), .lower(let inner), .upper(let inner), .length(let inner),
      .json(let inner, _, _, _), .moved(let inner, _):
      inner.readsElement
    case .arithmetic(_, let left, let right, _): left.readsElement || right.readsElement
    case .concat(let parts), .coalesce(let parts): parts.contains(where: \.readsElement)
    }
  }
}

extension Condition {
  /// The top-level attributes that the condition reads beside the fields that it names, with repetitions.
  package var attributeNames: [String] {
    expression.paths.flatMap { path -> [String] in
      var path = path
      if isOfChange, path.root == "old" || path.root == "new" {
        guard let rest = path.rest else { return [] }
        path = rest
      }
      let bound = path.elements.count == 1 ? fields.filter { Text.equal($0.name, path.root) } : []
      return bound.isEmpty ? [path.root] : bound.flatMap(\.expression.attributeNames)
    }
  }
}

extension Source.Event {
  /// The top-level attributes whose change is asked for, with repetitions.
  package var attributeNames: [String] {
    switch self {
    case .inserted, .removed, .expired: return []
    case .added(let list), .taken(let list): return [list.path.root]
    case .changed(let values):
      return values.flatMap { value in
        switch value {
        case .attribute(let path): [path.root]
        case .field(let expression): expression.attributeNames
        }
      }
    }
  }
}
