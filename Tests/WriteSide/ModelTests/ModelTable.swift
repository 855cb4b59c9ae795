/// A table as a dictionary, with the history of each key. Its indexes are computed again whenever they are asked for.
struct ModelTable {
  enum Event: Equatable {
    case insert(ModelItem)
    case modify(ModelItem, ModelItem)
    case remove(ModelItem)
  }

  enum Outcome: Equatable {
    case done
    case conditionFailed
    case refused
    /// Nothing else of a transaction is looked at.
    case refusedWhole
  }

  enum Operation {
    case put(ModelItem)
    case delete
    case update(ModelUpdate)
    case check
  }

  struct Action {
    let key: ModelItem
    let operation: Operation
    let condition: ModelCondition?
  }

  private(set) var items: [String: ModelItem] = [:]
  private(set) var history: [String: [Event]] = [:]

  static func name(_ key: ModelItem) -> String { "\(key["pk"]!)/\(key["sk"]!)" }

  /// The action's own outcome, and what it makes of its item.
  func outcome(_ action: Action) -> (Outcome, ModelItem?) {
    let current = items[Self.name(action.key)]
    if let condition = action.condition, !condition.holds(current ?? [:]) { return (.conditionFailed, current) }
    switch action.operation {
    case .check: return (.done, current)
    case .delete: return (.done, nil)
    case .put(let item): return Self.refusal(item).map { ($0, current) } ?? (.done, item)
    case .update(let update):
      do throws(ModelRefusal) {
        let changed = try update.apply(current, key: action.key)
        if let changed, let refusal = Self.refusal(changed) { return (refusal, current) }
        return (.done, changed)
      } catch {
        return (.refused, current)
      }
    }
  }

  /// Several actions together or not at all; one by itself alike.
  mutating func apply(_ actions: [Action]) -> [Outcome] {
    let outcomes = actions.map { outcome($0) }
    if outcomes.contains(where: { $0.0 == .refusedWhole }) { return [.refused] }
    guard outcomes.allSatisfy({ $0.0 == .done }) else {
      // After the first that is refused no others are looked at.
      let looked = (outcomes.firstIndex { $0.0 == .refused } ?? outcomes.count - 1) + 1
      return outcomes.enumerated().map { $0.offset < looked ? $0.element.0 : .done }
    }
    for (action, (_, item)) in zip(actions, outcomes) {
      let name = Self.name(action.key)
      let old = items[name]
      items[name] = item
      switch (old, item) {
      case (nil, let item?): history[name, default: []].append(.insert(item))
      case (let old?, nil): history[name, default: []].append(.remove(old))
      case (let old?, let item?) where old != item: history[name, default: []].append(.modify(old, item))
      default: break
      }
    }
    return outcomes.map(\.0)
  }

  /// Index keys, where they are there, must have their types and not be empty.
  private static func refusal(_ item: ModelItem) -> Outcome? {
    if let g = item["g"] {
      guard case .text(let text) = g else { return .refused }
      if text.bytes.isEmpty { return .refusedWhole }
    }
    if let h = item["h"] { guard case .number = h else { return .refused } }
    return nil
  }

  /// The items of an index under one partition value, in order of the sort attribute; those that lack a key attribute are not in it.
  func index(_ partition: String, _ value: ModelValue, sort: String) -> [ModelItem] {
    items.values.filter { $0[partition] == value && $0[sort] != nil }.sorted { left, right in
      (modelOrder(left[sort]!, right[sort]!) ?? 0) < 0
    }
  }
}
