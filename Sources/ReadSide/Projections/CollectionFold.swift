internal import DynamoModel
internal import Pipelines

/// A row for each item, or for each element of a list of it. What the old image gave is taken away, what the new one gives is written.
struct CollectionFold: Fold {
  private let id: ProjectionID
  private let collection: Collection
  private var rows = BytesMap<CollectionChange?>()
  private var scratch: [UInt8] = []

  init(_ collection: Collection, id: ProjectionID) {
    self.id = id
    self.collection = collection
  }

  mutating func apply(_ change: Change, _ out: inout LaneOutput) throws(EvaluationFailure) {
    // A bad image gives no row, whatever the other one gave.
    if let old = change.old, collection.source.holds(old), let given = try? collection.source.contributions(of: old, commit: nil)
    {
      for inputs in given {
        guard let place = place(inputs, change) else { continue }
        // What the store has not seen yet needs not be deleted there.
        if case .insert? = rows.values[place] {
          rows.values[place] = nil
        } else {
          rows.values[place] = .delete(Array(inputs[..<collection.keyCount]), itemKey: change.itemKey)
        }
      }
    }
    guard let new = change.new, collection.source.holds(new) else { return }
    for inputs in try collection.source.contributions(of: new, commit: nil) {
      let count = rows.count
      guard let place = place(inputs, change) else { continue }
      rows.values[place] =
        change.isInsertion && rows.count > count
        ? .insert(inputs, itemKey: change.itemKey, change.stamp) : .upsert(inputs, itemKey: change.itemKey, change.stamp)
    }
  }

  /// The place of the row among those that change. Nil when there is none, for a value of its key is null.
  private mutating func place(_ inputs: [Value], _ change: Change) -> Int? {
    scratch.removeAll(keepingCapacity: true)
    for index in 0..<collection.keyCount {
      if inputs[index].isNull { return nil }
      inputs[index].appendOrdered(to: &scratch)
    }
    scratch.append(contentsOf: change.itemKey)
    return rows.slot(of: scratch) { nil }
  }

  var hasChanges: Bool { !rows.isEmpty }
  var changedRows: Int { rows.count }

  mutating func takeChanges(into changes: inout LaneChanges) {
    if rows.isEmpty { return }
    let empty = rows.emptied()
    changes.collections[id] = rows
    rows = empty
  }
}
