internal import DynamoModel
internal import Pipelines

/// Collections and groups: what the old image gave is taken back, what the new one gives is added.
extension LaneEngine {
  /// A row for each contribution. A bad image gives no row, whatever the other one gave.
  mutating func apply(_ collection: Collection, _ index: Int, _ change: Change) throws {
    var rows: [BytesKey: CollectionChange] = [:]
    if let old = change.old, collection.source.holds(old), let values = try? collection.source.contributions(of: old, commit: nil)
    {
      for inputs in values {
        if let key = rowKey(collection, inputs, change) { rows[key] = .delete(inputs, itemKey: change.itemKey) }
      }
    }
    defer { changes.collections[index, default: [:]].merge(rows) { _, new in new } }
    if let new = change.new, collection.source.holds(new) {
      for inputs in try collection.source.contributions(of: new, commit: nil) {
        if let key = rowKey(collection, inputs, change) {
          rows[key] = .upsert(inputs, itemKey: change.itemKey, change.stamp)
        }
      }
    }
  }

  private func rowKey(_ collection: Collection, _ inputs: [Value], _ change: Change) -> BytesKey? {
    for index in 0..<collection.keyCount where inputs[index].isNull { return nil }
    return BytesKey(Value.ordered(inputs[..<collection.keyCount]) + change.itemKey)
  }

  mutating func apply(sources: [Source], _ index: Int, _ change: Change) throws {
    guard let plan = plans[index] else { return }
    for source in sources where source.table == table {
      if plan.isOverItems {
        try applyItems(source, index, plan, change)
      } else if !change.isSnapshot,
        let image = source.fires(old: change.old, new: change.new, isExpiry: change.isExpiry, commit: change.stamp.time)
      {
        for inputs in try source.contributions(of: image, commit: change.stamp.time) {
          try add(inputs, sign: 1, index, plan, change)
        }
      }
    }
  }

  private mutating func applyItems(_ source: Source, _ index: Int, _ plan: GroupPlan, _ change: Change) throws {
    var taken: [[Value]] = []
    if source.holds(change.old), let old = change.old {
      // An old image that fails gave nothing when it came: it left its dead letter then.
      taken = (try? source.contributions(of: old, commit: nil)) ?? []
    }
    var given: [[Value]] = []
    var failure: EvaluationFailure?
    if source.holds(change.new), let new = change.new {
      do throws(EvaluationFailure) {
        given = try source.contributions(of: new, commit: nil)
      } catch {
        failure = error
      }
    }
    if taken != given {
      for inputs in taken { try add(inputs, sign: -1, index, plan, change) }
      for inputs in given { try add(inputs, sign: 1, index, plan, change) }
    }
    if let failure { throw failure }
  }

  private mutating func add(_ inputs: [Value], sign: Int64, _ index: Int, _ plan: GroupPlan, _ change: Change) throws {
    for column in 0..<plan.keyCount where inputs[column].isNull { return }
    let key = BytesKey(Value.ordered(inputs[..<plan.keyCount]))
    let contribution = Contribution(inputs: inputs, sign: sign, stamp: change.stamp, itemKey: change.itemKey)
    try changes.groups[index, default: [:]][key, default: GroupDelta(key: Array(inputs[..<plan.keyCount]), plan)]
      .add(contribution, plan)
  }
}
