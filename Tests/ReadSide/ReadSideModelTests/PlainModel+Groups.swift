import DynamoModel
import Pipelines

/// Aggregates: entries by group, and each column of them.
extension PlainModel {
  mutating func aggregateRows(_ aggregate: Aggregate, _ projection: Projection) -> [[Value]] {
    var groups: [[Value]: [PlainEntry]] = [:]
    var touched: [[Value]: PlainStamp] = [:]
    func group(_ values: [Value]) -> [Value]? {
      let key = Array(values[..<aggregate.keyCount])
      return key.contains(where: \.isNull) ? nil : key
    }
    if aggregate.isOverItems {
      var present: [PlainItemKey: [PlainEntry]] = [:]
      for step in itemSteps(aggregate.sources, projection.name) {
        for values in step.net { if let key = group(values) { touched[key] = step.change.stamp } }
        present[step.change.itemKey] = step.new.enumerated().map {
          PlainEntry(values: $1, stamp: step.change.stamp, itemKey: step.change.itemKey, place: $0)
        }
      }
      for entry in present.values.joined() { if let key = group(entry.values) { groups[key, default: []].append(entry) } }
    } else {
      for entry in changeEntries(aggregate.sources, projection.name) {
        guard let key = group(entry.values) else { continue }
        groups[key, default: []].append(entry)
        touched[key] = entry.stamp
      }
    }
    return groups.map { key, entries in
      key + aggregate.columns.map { value($0, entries, isOverItems: aggregate.isOverItems, projection.name, "group") }
        + trace(touched[key]!)
    }
  }

  /// Collections with one row for each key: the greatest of those that are there.
  mutating func latestRows(_ collection: Collection, by order: Int, _ projection: Projection) -> [[Value]] {
    let end = collection.keyCount + collection.columnCount
    func key(_ values: [Value]) -> [Value]? {
      let key = Array(values[..<collection.keyCount])
      return values[order].isNull || key.contains(where: \.isNull) ? nil : key
    }
    var touched: [[Value]: PlainStamp] = [:]
    var present: [PlainItemKey: [PlainEntry]] = [:]
    for step in itemSteps(collection.sources, projection.name) {
      for values in step.net { if let key = key(values) { touched[key] = step.change.stamp } }
      present[step.change.itemKey] = step.new.map {
        PlainEntry(values: $0, stamp: step.change.stamp, itemKey: step.change.itemKey, place: 0)
      }
    }
    var latest: [[Value]: PlainEntry] = [:]
    for entry in present.values.joined() {
      guard let key = key(entry.values) else { continue }
      if let other = latest[key], isBefore(entry, other, by: order, then: collection.keyCount..<end) { continue }
      latest[key] = entry
    }
    return latest.map { key, entry in entry.values[..<end] + trace(touched[key]!) }
  }

  /// Equal values of an order go by item key, those of two tables by the tables' names, and those of one item by the values.
  private func isBefore(_ one: PlainEntry, _ other: PlainEntry, by order: Int, then row: Range<Int>) -> Bool {
    if one.values[order] != other.values[order] { return one.values[order] < other.values[order] }
    if one.itemKey.parts != other.itemKey.parts { return one.itemKey.isBefore(other.itemKey) }
    if one.itemKey.table != other.itemKey.table {
      return pipeline.tables[one.itemKey.table].name < pipeline.tables[other.itemKey.table].name
    }
    return one.values[row].lexicographicallyPrecedes(other.values[row])
  }

  /// The value of a column over entries. A sum that does not fit is null, and a dead letter of its group.
  mutating func value(
    _ column: AggregateColumn, _ entries: [PlainEntry], isOverItems: Bool, _ projection: String, _ kind: String
  ) -> Value {
    let given = entries.compactMap { entry in column.input.map { entry.values[$0] } }.filter { !$0.isNull }
    switch column.function {
    case .count: return .integer(Int64(entries.count))
    case .sum:
      var sum = PlainSum()
      for value in given { sum.add(value) }
      if let value = sum.value(column.type) { return value }
      deadLetters.insert(PlainDeadLetter(projection: projection, kind: kind, path: column.name, place: "\(deadLetters.count)"))
      return .null
    case .avg:
      if given.isEmpty { return .null }
      var sum = PlainSum()
      for value in given { sum.add(value) }
      if let mean = sum.mean(of: given.count) { return .decimal(mean) }
      deadLetters.insert(PlainDeadLetter(projection: projection, kind: kind, path: column.name, place: "\(deadLetters.count)"))
      return .null
    case .min: return given.min() ?? .null
    case .max: return given.max() ?? .null
    case .distinct: return .integer(Int64(Set(given).count))
    case .first: return chosen(column, entries, isOverItems, isLast: false)
    case .last: return chosen(column, entries, isOverItems, isLast: true)
    case .duration, .durationMilliseconds, .current: return .null
    }
  }

  private func chosen(_ column: AggregateColumn, _ entries: [PlainEntry], _ isOverItems: Bool, isLast: Bool) -> Value {
    guard let input = column.input else { return .null }
    let able = entries.filter { entry in !entry.values[input].isNull && !(column.order.map { entry.values[$0].isNull } ?? false) }
    /// Over changes equal values of a field go by item key, then by time and order. Elements of a list stand in its order.
    func isBefore(_ one: PlainEntry, _ other: PlainEntry) -> Bool {
      if isOverItems, let order = column.order { return self.isBefore(one, other, by: order, then: input..<input + 1) }
      if let order = column.order, one.values[order] != other.values[order] { return one.values[order] < other.values[order] }
      if column.order != nil, one.itemKey.parts != other.itemKey.parts { return one.itemKey.isBefore(other.itemKey) }
      if isOverItems { return one.values[input] < other.values[input] }
      if column.order == nil, let time = one.time, let late = other.time, time != late { return time < late }
      return (one.stamp, one.place) < (other.stamp, other.place)
    }
    let sorted = able.sorted(by: isBefore)
    return (isLast ? sorted.last : sorted.first)?.values[input] ?? .null
  }
}
