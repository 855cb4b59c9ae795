/// One action of an update, carried out plainly.
enum ModelAction {
  case set(ModelPath, ModelTerm)
  case remove(ModelPath)
  case add(ModelPath, ModelValue)
  case delete(ModelPath, ModelValue)

  var path: ModelPath {
    switch self {
    case .set(let path, _), .remove(let path), .add(let path, _), .delete(let path, _): path
    }
  }
}

/// The right side of SET.
indirect enum ModelTerm {
  case value(ModelValue)
  case path(ModelPath)
  case sum(ModelTerm, ModelTerm)
  case difference(ModelTerm, ModelTerm)
  case ifMissing(ModelPath, ModelTerm)
  case append(ModelTerm, ModelTerm)

  /// Throws for what the engine refuses.
  func value(_ item: ModelItem) throws(ModelRefusal) -> ModelValue {
    switch self {
    case .value(let value): return value
    case .path(let path):
      guard let value = path.value(item) else { throw ModelRefusal() }
      return value
    case .sum(let left, let right): return try numbers(left, right, item, +)
    case .difference(let left, let right): return try numbers(left, right, item, -)
    case .ifMissing(let path, let other):
      if let value = path.value(item) { return value }
      return try other.value(item)
    case .append(let left, let right):
      guard case .list(let a) = try left.value(item), case .list(let b) = try right.value(item) else { throw ModelRefusal() }
      return .list(a + b)
    }
  }

  private func numbers(
    _ left: ModelTerm, _ right: ModelTerm, _ item: ModelItem, _ operation: (Int, Int) -> Int
  ) throws(ModelRefusal) -> ModelValue {
    guard case .number(let a) = try left.value(item), case .number(let b) = try right.value(item) else { throw ModelRefusal() }
    return .number(operation(a, b))
  }

  /// Operands that are refused whatever the item holds.
  func check(isArgument: Bool = false) throws(ModelRefusal) {
    switch self {
    case .value, .path: return
    case .sum(let left, let right), .difference(let left, let right):
      for term in [left, right] {
        if case .value(let value) = term, value.type != "N" { throw ModelRefusal() }
        try term.check()
      }
    case .append(let left, let right):
      if isArgument { throw ModelRefusal() }
      for term in [left, right] {
        if case .value(let value) = term, value.type != "L" { throw ModelRefusal() }
        try term.check(isArgument: true)
      }
    case .ifMissing(_, let other): try other.check(isArgument: true)
    }
  }

  func text(_ writer: inout ModelText) -> String {
    switch self {
    case .value(let value): writer.value(value)
    case .path(let path): writer.path(path)
    case .sum(let left, let right): "\(left.text(&writer)) + \(right.text(&writer))"
    case .difference(let left, let right): "\(left.text(&writer)) - \(right.text(&writer))"
    case .ifMissing(let path, let other): "if_not_exists(\(writer.path(path)), \(other.text(&writer)))"
    case .append(let left, let right): "list_append(\(left.text(&writer)), \(right.text(&writer)))"
    }
  }
}

/// What the engine answers with a ValidationException.
struct ModelRefusal: Error {}

struct ModelUpdate {
  let actions: [ModelAction]

  /// The item afterwards; nil when it does not exist and only something was to be taken away.
  func apply(_ item: ModelItem?, key: ModelItem) throws(ModelRefusal) -> ModelItem? {
    for action in actions {
      switch action {
      case .set(_, let term): try term.check()
      case .add(_, let value): if !["N", "SS", "NS"].contains(value.type) { throw ModelRefusal() }
      case .delete(_, let value): if !["SS", "NS"].contains(value.type) { throw ModelRefusal() }
      case .remove: break
      }
    }
    let before = item ?? key
    var puts: [(ModelPath, ModelValue)] = []
    var removals: [ModelPath] = []
    for action in actions {
      switch action {
      case .set(let path, let term): puts.append((path, try term.value(before)))
      case .remove(let path): removals.append(path)
      case .add(let path, let operand): puts.append((path, try Self.add(operand, to: path.value(before))))
      case .delete(let path, let operand):
        guard let current = path.value(before) else {
          var unchanged = before
          if !path.write(nil, &unchanged) { throw ModelRefusal() }
          continue
        }
        if let left = try Self.delete(operand, from: current) { puts.append((path, left)) } else { removals.append(path) }
      }
    }
    if item == nil, puts.isEmpty { return nil }
    var after = before
    // Elements past the end of a list come to stand in the order of their indexes; what is removed is named by its old index.
    for (path, value) in puts.sorted(by: { Self.precedes($0.0, $1.0) }) {
      if !path.write(value, &after) { throw ModelRefusal() }
    }
    for path in removals.sorted(by: { Self.precedes($1, $0) }) {
      if !path.write(nil, &after) { throw ModelRefusal() }
    }
    return after
  }

  private static func precedes(_ left: ModelPath, _ right: ModelPath) -> Bool {
    for (a, b) in zip(left.steps, right.steps) where a != b {
      if case .index(let i) = a, case .index(let j) = b { return i < j }
      if case .name(let i) = a, case .name(let j) = b { return i < j }
    }
    return left.steps.count < right.steps.count
  }

  private static func add(_ operand: ModelValue, to current: ModelValue?) throws(ModelRefusal) -> ModelValue {
    switch (current, operand) {
    case (nil, _): return operand
    case (.number(let a)?, .number(let b)): return .number(a + b)
    case (.texts(let a)?, .texts(let b)): return .texts(a.union(b))
    case (.numbers(let a)?, .numbers(let b)): return .numbers(a.union(b))
    default: throw ModelRefusal()
    }
  }

  private static func delete(_ operand: ModelValue, from current: ModelValue) throws(ModelRefusal) -> ModelValue? {
    switch (current, operand) {
    case (.texts(let a), .texts(let b)): return a.subtracting(b).isEmpty ? nil : .texts(a.subtracting(b))
    case (.numbers(let a), .numbers(let b)): return a.subtracting(b).isEmpty ? nil : .numbers(a.subtracting(b))
    default: throw ModelRefusal()
    }
  }

  func text(_ writer: inout ModelText) -> String {
    var sections: [String: [String]] = [:]
    for action in actions {
      switch action {
      case .set(let path, let term): sections["SET", default: []].append("\(writer.path(path)) = \(term.text(&writer))")
      case .remove(let path): sections["REMOVE", default: []].append(writer.path(path))
      case .add(let path, let value): sections["ADD", default: []].append("\(writer.path(path)) \(writer.value(value))")
      case .delete(let path, let value): sections["DELETE", default: []].append("\(writer.path(path)) \(writer.value(value))")
      }
    }
    return ["SET", "REMOVE", "ADD", "DELETE"].compactMap { name in
      sections[name].map { "\(name) \($0.joined(separator: ", "))" }
    }.joined(separator: " ")
  }
}
