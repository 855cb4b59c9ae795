import DynamoModel
import Pipelines

/// Histories: a row for each change, or for each element that came or went.
extension PlainModel {
  private struct Row {
    let key: [Value]
    let event: String
    let ordinal: Int
    let rest: [Value]
    let change: PlainChange
  }

  mutating func historyRows(_ history: History, _ id: ProjectionID) -> [[Value]] {
    let name = pipeline.projections[id].name
    var rows: [Row] = []
    for change in changes where feeding(id).contains(change.table) {
      do throws(EvaluationFailure) {
        let made = try history.hasElements ? elements(history, change) : self.change(history, change, name)
        rows += made.compactMap { made in
          let key = Array(made.values[..<history.keyCount])
          if key.contains(where: \.isNull) { return nil }
          return Row(
            key: key, event: made.event, ordinal: made.ordinal, rest: Array(made.values[history.keyCount...]), change: change)
        }
      } catch {
        refuse(name, change, error)
      }
    }
    if let count = history.keepRows {
      let latest = Dictionary(grouping: rows, by: \.key).values.flatMap { own in
        own.sorted { ($0.change.stamp, $0.ordinal, $0.event) < ($1.change.stamp, $1.ordinal, $1.event) }.suffix(count)
      }
      rows = latest
    }
    if let age = history.keepFor {
      let clock = watermark(id)
      rows.removeAll { $0.change.time.advanced(by: age) < clock }
    }
    return rows.map { row in
      row.key + [.timestamp(row.change.time), .string(row.event), .string(row.change.isExpiry ? "service" : "user")]
        + (history.hasElements ? [.integer(Int64(row.ordinal))] : []) + row.rest + trace(row.change.stamp)
    }
  }

  private typealias Made = (values: [Value], event: String, ordinal: Int)

  /// The images that are under the rule.
  private func images(_ source: Source, _ change: PlainChange) -> (old: Image?, new: Image?) {
    (change.old?.rule == source.rule ? change.old : nil, change.new?.rule == source.rule ? change.new : nil)
  }

  private func change(_ history: History, _ change: PlainChange, _ name: String) throws(EvaluationFailure) -> [Made] {
    for source in history.sources {
      guard let image = source.fires(old: change.old, new: change.new, isExpiry: change.isExpiry, commit: change.time) else {
        continue
      }
      let (old, new) = images(source, change)
      let event = old == nil ? "inserted" : new != nil ? "changed" : change.isExpiry ? "expired" : "removed"
      let values = try source.contributions(of: image, commit: change.time, old: old, new: new)
      return values.map { ($0, event, 0) }
    }
    return []
  }

  private func elements(_ history: History, _ change: PlainChange) throws(EvaluationFailure) -> [Made] {
    var made: [Made] = []
    var seen: Set<String> = []
    for source in history.sources {
      guard let list = source.event?.list,
        let image = source.fires(old: change.old, new: change.new, isExpiry: change.isExpiry, commit: change.time)
      else { continue }
      let (old, new) = images(source, change)
      let (before, isOldSet) = (try? Self.list(list, old)) ?? ([], true)
      let (now, isNewSet) = try Self.list(list, new)
      var isAdded = false
      if case .added = source.event { isAdded = true }
      let event = isAdded ? "added" : "removed"
      let areSets = (before.isEmpty || isOldSet) && (now.isEmpty || isNewSet)
      let kept = (0...min(before.count, now.count)).last { Array(before.suffix($0)) == Array(now.prefix($0)) } ?? 0
      let isRewritten = !areSets && kept == 0 && !before.isEmpty && !now.isEmpty
      if isRewritten, seen.insert("rewritten").inserted {
        made.append((try Self.rewritten(source, image, change, old, new), "rewritten", 0))
      }
      guard seen.insert(event).inserted else { continue }
      let from = isAdded ? now : before
      let places = from.indices.filter { place in
        if isRewritten {
          // One more than the other list has of it.
          let other = isAdded ? before : now
          return from[...place].count { $0 == from[place] } > other.count { $0 == from[place] }
        }
        if areSets { return !(isAdded ? before : now).contains(from[place]) }
        return isAdded ? place >= kept : place < before.count - kept
      }
      for place in places {
        // The same item, of which the list has this element alone.
        var item = image.item
        item[list.path.text] = .list([from[place]])
        let one = Image(item: item, rule: image.rule, captures: image.captures)
        for values in try source.contributions(of: one, commit: change.time, old: old, new: new) {
          made.append((values, event, place))
        }
      }
    }
    return made
  }

  /// A list's elements, and whether it is a set.
  static func list(
    _ list: ListExpression, _ image: Image?
  ) throws(EvaluationFailure) -> (all: [AttributeValue], isSet: Bool) {
    switch image?.item[list.path.text] {
    case nil, .null: return ([], true)
    case .map(let map) where map.entries.isEmpty: return ([], true)
    case .list(let all): return (all, false)
    case .stringSet(let all): return (all.map { .string($0) }, true)
    case .numberSet(let all): return (all.map { .number($0) }, true)
    case .binarySet(let all): return (all.map { .binary($0) }, true)
    default: throw EvaluationFailure(path: list.path.text, reason: "is not a list")
    }
  }

  private static func rewritten(
    _ source: Source, _ image: Image, _ change: PlainChange, _ old: Image?, _ new: Image?
  ) throws(EvaluationFailure) -> [Value] {
    var values: [Value] = []
    for input in source.inputs {
      guard !input.expression.readsElement else {
        values.append(.null)
        continue
      }
      let value = try input.expression.evaluate(image, EvaluationContext(commit: change.time, old: old, new: new))
      if value.isNull, !input.isOptional { throw EvaluationFailure(path: input.path, reason: "is missing") }
      if let reason = value.unstorable(isKeyed: input.isKeyed) { throw EvaluationFailure(path: input.path, reason: reason) }
      values.append(value)
    }
    return values
  }
}
