internal import DynamoModel

/// Several paths as a tree, for taking what stands at them out of an item in one walk.
struct PathTree: Sendable {
  private enum Step: Sendable {
    /// A path ends here: the whole value.
    case whole
    case names([(name: String, tree: PathTree)])
    /// Sorted by index.
    case indexes([(index: Int, tree: PathTree)])
  }

  private let step: Step

  /// The paths must not overlap nor conflict.
  init(_ paths: [DocumentPath]) { self.init(paths.map { $0.elements[...] }) }

  private init(_ paths: [ArraySlice<DocumentPath.Element>]) {
    guard let first = paths.first, let head = first.first else {
      step = .whole
      return
    }
    switch head {
    case .name:
      var groups: [(name: String, rest: [ArraySlice<DocumentPath.Element>])] = []
      for path in paths {
        guard case .name(let name)? = path.first else { continue }
        if let place = groups.firstIndex(where: { Text.equal($0.name, name) }) {
          groups[place].rest.append(path.dropFirst())
        } else {
          groups.append((name, [path.dropFirst()]))
        }
      }
      step = .names(groups.map { (name: $0.name, tree: PathTree($0.rest)) })
    case .index:
      var groups: [Int: [ArraySlice<DocumentPath.Element>]] = [:]
      for path in paths {
        if case .index(let index)? = path.first { groups[index, default: []].append(path.dropFirst()) }
      }
      step = .indexes(groups.sorted { $0.key < $1.key }.map { (index: $0.key, tree: PathTree($0.value)) })
    }
  }

  /// What stands at the paths; nil when nothing does. Elements of a list close ranks in the order of their indexes.
  func project(_ value: AttributeValue) -> AttributeValue? {
    switch (step, value) {
    case (.whole, _): return value
    case (.names, .map(let map)):
      let projected = project(map)
      return projected.isEmpty ? nil : .map(projected)
    case (.indexes(let children), .list(let values)):
      let projected = children.compactMap { $0.index < values.count ? $0.tree.project(values[$0.index]) : nil }
      return projected.isEmpty ? nil : .list(projected)
    default: return nil
    }
  }

  func project(_ map: AttributeMap) -> AttributeMap {
    guard case .names(let children) = step else { return AttributeMap() }
    var entries: [AttributeMap.Entry] = []
    for child in children {
      if let value = map[child.name], let projected = child.tree.project(value) {
        entries.append(.init(name: child.name, value: projected))
      }
    }
    return AttributeMap(entries)
  }
}
