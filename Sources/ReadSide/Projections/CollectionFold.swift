internal import DynamoModel
internal import Pipelines

/// A row for each item, or for each element of a list of it. What the old image gave is taken away, what the new one gives is written.
struct CollectionFold: Fold {
  private let id: ProjectionID
  private let collection: Collection
  private var rows: [BytesKey: CollectionChange] = [:]

  init(_ collection: Collection, id: ProjectionID) {
    self.id = id
    self.collection = collection
  }

  mutating func apply(_ change: Change, _ out: inout LaneOutput) throws(EvaluationFailure) {
    // A bad image gives no row, whatever the other one gave.
    if let old = change.old, collection.source.holds(old), let given = try? collection.source.contributions(of: old, commit: nil)
    {
      for inputs in given {
        guard let key = key(inputs, change) else { continue }
        // What the store has not seen yet needs not be deleted there.
        if case .insert? = rows[key] {
          rows[key] = nil
        } else {
          rows[key] = .delete(Array(inputs[..<collection.keyCount]), itemKey: change.itemKey)
        }
      }
    }
    guard let new = change.new, collection.source.holds(new) else { return }
    for inputs in try collection.source.contributions(of: new, commit: nil) {
      guard let key = key(inputs, change) else { continue }
      rows[key] =
        change.isInsertion && rows[key] == nil
        ? .insert(inputs, itemKey: change.itemKey, change.stamp) : .upsert(inputs, itemKey: change.itemKey, change.stamp)
    }
  }

  private func key(_ inputs: [Value], _ change: Change) -> BytesKey? {
    for index in 0..<collection.keyCount where inputs[index].isNull { return nil }
    return BytesKey(Value.ordered(inputs[..<collection.keyCount]) + change.itemKey)
  }

  var hasChanges: Bool { !rows.isEmpty }
  var changedRows: Int { rows.count }

  mutating func takeChanges(into changes: inout LaneChanges) {
    if rows.isEmpty { return }
    changes.collections[id] = rows
    rows = [:]
  }
}
