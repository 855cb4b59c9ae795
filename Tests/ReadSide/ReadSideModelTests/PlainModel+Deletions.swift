import DynamoModel
import Pipelines

/// What carried-out effects must have deleted, and may have.
extension PlainModel {
  /// Whether every effect has had its way, and nothing was deleted but by one; nil when that is so.
  ///
  /// An effect deletes what was there at its instant, and nothing written since: so nothing that was there is still there as it was.
  mutating func deletionProblem() -> String? {
    var byItem: [PlainItemKey: [PlainChange]] = [:]
    for change in changes { byItem[change.itemKey, default: []].append(change) }
    /// By removal: whether an effect accounts for it.
    var accounted: Set<String> = []
    for effect in effects {
      for (item, version) in meant(effect, byItem) {
        let later = byItem[item]?.first { $0.stamp > version.stamp }
        guard let later else { return "nothing was deleted of \(item) by \(effect.text(pipeline))" }
        if later.isExpiry, later.time >= effect.at.time { accounted.insert(later.place) }
      }
    }
    for change in changes where change.isExpiry && !accounted.contains(change.place) {
      // A removal by TTL needs no effect.
      if case .number(let seconds)? = change.oldItem?["X"], let due = seconds.int64, due * 1_000_000 <= change.time.rawValue {
        continue
      }
      return "\(change.itemKey) was deleted at \(Timestamp.text(change.time)), which no effect asks for"
    }
    return nil
  }

  /// The items that an effect is to delete, and the change that wrote each as it was then.
  private mutating func meant(
    _ effect: PlainEffect, _ byItem: [PlainItemKey: [PlainChange]]
  ) -> [(item: PlainItemKey, version: PlainChange)] {
    switch effect.action {
    case .record: return []
    case .item(let item, let through):
      return (byItem[item] ?? []).filter { $0.sequence == through && $0.new != nil }.map { (item, $0) }
    case .rows(let selections):
      var found: [(item: PlainItemKey, version: PlainChange)] = []
      for selection in selections {
        guard case .collection(let collection) = pipeline.projections[selection.projection].kind else { continue }
        var present: [PlainItemKey: (change: PlainChange, rows: [[Value]])] = [:]
        let letters = deadLetters
        for step in itemSteps(collection.sources, "") where step.change.stamp <= effect.at {
          if step.isUnreadable, collection.keepsUnreadable { continue }
          present[step.change.itemKey] = (step.change, step.new)
        }
        deadLetters = letters
        for (item, version) in present {
          let isMeant = version.rows.contains { row in
            !row[..<collection.keyCount].contains(where: \.isNull)
              && selection.equal.allSatisfy { !$0.value.isNull && row[$0.column] == $0.value }
          }
          if isMeant { found.append((item, version.change)) }
        }
      }
      return found
    }
  }
}
