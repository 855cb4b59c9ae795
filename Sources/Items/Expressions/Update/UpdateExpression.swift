package import DynamoModel

/// An update ready to be applied, on any thread, any number of times.
package struct UpdateExpression: Sendable {
  let actions: [UpdateAction]
  /// Made of AttributeUpdates, whose error texts are others.
  private let isLegacy: Bool

  init(_ actions: [UpdateAction], isLegacy: Bool = false) {
    self.actions = actions
    self.isLegacy = isLegacy
  }

  /// The paths that the update writes to, in the order of the text.
  package var paths: [DocumentPath] { actions.map(\.path) }

  /// Those and the paths that its values are computed from.
  package var allPaths: [DocumentPath] {
    actions.flatMap { action in
      if case .set(let value) = action.change { [action.path] + value.paths } else { [action.path] }
    }
  }

  /// The values that whole attributes get whatever the item holds.
  package var givenValues: [(attribute: String, value: AttributeValue)] {
    actions.compactMap { action in
      guard case .set(.value(let value)) = action.change, action.path.elements.count == 1 else { return nil }
      return (action.path.root, value)
    }
  }

  /// What UPDATED_OLD shows: the values before, at the paths that the update names.
  package func touchedBefore(_ item: Item) -> Item { ProjectionExpression(paths).apply(to: item) }

  /// What UPDATED_NEW shows: the values after, at the paths that the update names; where an element of a list was removed, the one
  /// that moved into its place.
  package func touchedAfter(_ item: Item) -> Item { ProjectionExpression(paths).apply(to: item) }

  /// Bytes of the update by itself, given the item that it made: DynamoDB holds them to the limit of an item too. What it writes, 3 bytes,
  /// 19 for each SET and ADD (20 through an element of a list), 2 for each REMOVE and DELETE. No document of AWS says it; it is what
  /// others measured. At most `item.size + overheadMax`.
  package func size(making item: Item) -> Int {
    let overhead = actions.reduce(3) { bytes, action in
      switch action.change {
      case .set, .add: bytes + (action.path.hasIndex ? 20 : 19)
      case .remove, .delete: bytes + 2
      }
    }
    return touchedAfter(item).size + overhead
  }

  /// What `size` may have over an item's own.
  package var overheadMax: Int { 3 + 20 * actions.count }

  /// The item after the update. An item that does not exist begins with its key, also when there are no actions; nil when it does
  /// not exist and the update only takes things away. All values are computed from the item as given; then SET, ADD and DELETE are carried out, and
  /// REMOVE last, so that every list index means the element that stood there before.
  package func apply(to item: Item?, key: Item) throws(DynamoError) -> Item? {
    do throws(DynamoError) {
      return try changed(item, key: key)
    } catch {
      guard isLegacy, error == UpdateExpression.wrongType else { throw error }
      throw .validation("Type mismatch for attribute to update")
    }
  }

  /// What a value of a type that an action cannot take is answered with.
  static let wrongType = DynamoError.validation("An operand in the update expression has an incorrect data type")

  private func changed(_ item: Item?, key: Item) throws(DynamoError) -> Item? {
    let before = item ?? key
    var sets: [(path: DocumentPath, value: AttributeValue?)] = []
    var removes: [DocumentPath] = []
    for action in actions {
      switch action.change {
      case .set(let value): sets.append((action.path, try value.evaluate(before)))
      case .add(let operand):
        sets.append((action.path, try SetArithmetic.add(operand, to: action.path.value(in: before))))
      case .delete(let operand):
        guard let current = action.path.value(in: before) else {
          guard action.path.isWritable(in: before) else { throw invalidPath }
          continue
        }
        if let left = try SetArithmetic.delete(operand, from: current) {
          sets.append((action.path, left))
        } else {
          removes.append(action.path)
        }
      case .remove: removes.append(action.path)
      }
    }
    if item == nil, sets.isEmpty, !actions.isEmpty { return nil }
    var after = before
    // In order of the indexes, so that new elements past the end of a list stand in it in that order.
    for (path, value) in sets.sorted(by: { DocumentPath.ordered($0.path, $1.path) }) {
      // A value may be put below itself: without this an item could grow deeper with each update.
      guard path.elements.count - 1 + (value?.depth ?? 0) <= AttributeValue.depthMax else { throw DynamoError.nestingTooDeep }
      try after.write(value, at: path.elements[...])
    }
    for path in removes.sorted(by: { DocumentPath.ordered($1, $0) }) { try after.write(nil, at: path.elements[...]) }
    return after
  }
}

extension DocumentPath {
  fileprivate var hasIndex: Bool {
    elements.contains { element in
      if case .index = element { true } else { false }
    }
  }

  /// Whether the map or list that the path's last element belongs to is there.
  fileprivate func isWritable(in item: Item) -> Bool {
    guard let last = elements.last, elements.count > 1 else { return true }
    switch (last, DocumentPath(Array(elements.dropLast())).value(in: item)) {
    case (.name, .map?), (.index, .list?): return true
    default: return false
    }
  }

  /// Order by the elements: names by bytes, indexes by number.
  static func ordered(_ left: DocumentPath, _ right: DocumentPath) -> Bool {
    for (a, b) in zip(left.elements, right.elements) where a != b {
      switch (a, b) {
      case (.name(let a), .name(let b)): return Text.less(a, b)
      case (.index(let a), .index(let b)): return a < b
      case (.name, .index): return true
      case (.index, .name): return false
      }
    }
    return left.elements.count < right.elements.count
  }
}

private let invalidPath = DynamoError.validation("The document path provided in the update expression is invalid for update")

extension AttributeMap {
  /// Puts a value at a path, or takes away what is there when the value is nil. The maps and lists on the way must exist.
  mutating func write(_ value: AttributeValue?, at path: ArraySlice<DocumentPath.Element>) throws(DynamoError) {
    guard case .name(let name)? = path.first else { throw invalidPath }
    guard path.count > 1 else {
      self[name] = value
      return
    }
    guard var inner = self[name] else { throw invalidPath }
    try inner.write(value, at: path.dropFirst())
    self[name] = inner
  }
}

extension AttributeValue {
  fileprivate mutating func write(_ value: AttributeValue?, at path: ArraySlice<DocumentPath.Element>) throws(DynamoError) {
    switch (self, path.first) {
    case (.map(var map), .name?):
      try map.write(value, at: path)
      self = .map(map)
    case (.list(var values), .index(let index)?):
      if path.count > 1 {
        guard index < values.count else { throw invalidPath }
        try values[index].write(value, at: path.dropFirst())
      } else if let value {
        if index < values.count { values[index] = value } else { values.append(value) }
      } else if index < values.count {
        values.remove(at: index)
      }
      self = .list(values)
    default: throw invalidPath
    }
  }
}
