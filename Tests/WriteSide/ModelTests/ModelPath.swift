/// A place in an item: an attribute, then names of members and indexes of elements.
struct ModelPath: Equatable {
  enum Step: Equatable {
    case name(String)
    case index(Int)
  }

  var root: String
  var steps: [Step] = []

  /// As expressions write it, every name as a placeholder.
  func text(_ names: inout [String: String]) -> String {
    func placeholder(_ name: String) -> String {
      let placeholder = names.first { $0.value == name }?.key ?? "#n\(names.count)"
      names[placeholder] = name
      return placeholder
    }
    var text = placeholder(root)
    for step in steps {
      switch step {
      case .name(let name): text += "." + placeholder(name)
      case .index(let index): text += "[\(index)]"
      }
    }
    return text
  }

  func value(_ item: ModelItem) -> ModelValue? {
    var value = item[root]
    for step in steps {
      switch (step, value) {
      case (.name(let name), .map(let map)?): value = map[name]
      case (.index(let index), .list(let list)?): value = index < list.count ? list[index] : nil
      default: return nil
      }
    }
    return value
  }

  /// Puts or takes away; false when what is on the way is not there or of another kind.
  func write(_ value: ModelValue?, _ item: inout ModelItem) -> Bool {
    guard let first = steps.first else {
      item[root] = value
      return true
    }
    guard var inner = item[root], Self.write(value, first, steps.dropFirst(), &inner) else { return false }
    item[root] = inner
    return true
  }

  private static func write(_ value: ModelValue?, _ step: Step, _ rest: ArraySlice<Step>, _ target: inout ModelValue) -> Bool {
    switch (step, target) {
    case (.name(let name), .map(var map)):
      if let next = rest.first {
        guard var inner = map[name], write(value, next, rest.dropFirst(), &inner) else { return false }
        map[name] = inner
      } else {
        map[name] = value
      }
      target = .map(map)
    case (.index(let index), .list(var list)):
      if let next = rest.first {
        guard index < list.count, write(value, next, rest.dropFirst(), &list[index]) else { return false }
      } else if let value {
        if index < list.count { list[index] = value } else { list.append(value) }
      } else if index < list.count {
        list.remove(at: index)
      }
      target = .list(list)
    default: return false
    }
    return true
  }
}
