import DynamoModel
import Pipelines

/// Effects that publish records: what each says, value by value.
extension PlainModel {
  /// What a record holds: the texts of its values in a list, and its key.
  static func record(_ template: ActionTemplate, _ values: [Value], sequence: [Int]?, _ effect: String, at: PlainStamp)
    -> PlainEffect?
  {
    guard case .topic(let name, let key, .list(let all)) = template else { return nil }
    func value(_ template: ValueTemplate) -> Value {
      if case .input(let input) = template { return values[input] }
      return .null
    }
    var keyText: String?
    if let key {
      let found = value(key)
      if found.isNull { return nil }
      keyText = found.description
    }
    let order = sequence.map { $0.map { values[$0].isNull ? "-" : values[$0].description } }
    return PlainEffect(
      effect: effect, at: at,
      action: .record(topic: name, key: keyText, values: all.map { text(value($0)) }, order: order))
  }

  /// The same text for a value and for what its JSON says.
  static func text(_ value: Value) -> String {
    switch value {
    case .null: return "null"
    case .json(let json): return AttributeValue(plainJSON: json).map(text) ?? "?"
    case .boolean(let flag): return "\(flag)"
    case .integer(let number): return "\(number)"
    case .decimal(let number): return number.description
    default: return "'\(value.description)'"
    }
  }

  static func text(_ value: AttributeValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let flag): "\(flag)"
    case .number(let number): number.description
    case .string(let text): "'\(text)'"
    case .list(let list): "[\(list.map(text).joined(separator: ","))]"
    case .map(let map): "{\(map.entries.map { "\($0.name):\(text($0.value))" }.joined(separator: ","))}"
    default: "?"
    }
  }

  /// The values of a change, one set for each element of a list that came or went, or that is taken apart.
  mutating func transitions(_ source: Source, _ change: PlainChange, _ name: String) -> [[Value]] {
    guard let list = source.event?.list, source.table == change.table else { return fired([source], change, name).map(\.values) }
    guard let image = source.fires(old: change.old, new: change.new, isExpiry: change.isExpiry, commit: change.time) else {
      return []
    }
    let old = change.old?.rule == source.rule ? change.old : nil
    let new = change.new?.rule == source.rule ? change.new : nil
    do throws(EvaluationFailure) {
      let before = (try? Self.list(list, old).all) ?? []
      let now = try Self.list(list, new).all
      var isAdded = false
      if case .added = source.event { isAdded = true }
      let (mine, others) = isAdded ? (now, before) : (before, now)
      // Of equal elements the last.
      let places = mine.indices.filter { place in
        let more = mine.count { $0 == mine[place] } - others.count { $0 == mine[place] }
        let rest = mine[(place + 1)...]
        return rest.count { $0 == mine[place] } < more
      }
      var all: [[Value]] = []
      for place in places {
        // The same item, of which the list has this element alone.
        var item = image.item
        item[list.path.text] = .list([mine[place]])
        let one = Image(item: item, rule: image.rule, captures: image.captures)
        all += try source.contributions(of: one, commit: change.time, old: old, new: new)
      }
      return all
    } catch {
      refuse(name, change, error)
      return []
    }
  }
}
