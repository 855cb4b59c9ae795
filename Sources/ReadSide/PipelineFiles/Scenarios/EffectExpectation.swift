package import DynamoModel
package import Pipelines

/// Something that an effect of a scenario wrote or would have sent.
package struct ScenarioEffect: Sendable {
  package let name: String
  package let action: ResolvedAction

  package init(name: String, action: ResolvedAction) {
    self.name = name
    self.action = action
  }

  /// What it says, in the words of the grammar: bodies and values as what their JSON means.
  var members: AttributeMap {
    func json(_ text: String) -> AttributeValue { AttributeValue(plainJSON: text) ?? .string(text) }
    var map = AttributeMap()
    switch action {
    case .put(let table, _, let item, _):
      map["table"] = .string(table)
      map["item"] = .map(item)
    case .update(let table, let key, let set, let remove, _):
      map["table"] = .string(table)
      map["key"] = .map(key)
      var all = set
      for name in remove { all[name] = .null }
      map["set"] = .map(all)
    case .webhook(let url, let headers, let body):
      map["url"] = .string(url)
      map["headers"] = .map(AttributeMap(headers.map { AttributeMap.Entry(name: $0.name, value: .string($0.value)) }))
      map["body"] = json(body)
    case .topic(let name, let key, let value):
      map["name"] = .string(name)
      map["key"] = key.map { .string($0) } ?? .null
      map["value"] = json(value)
    case .mail(let to, let subject, let text):
      map["to"] = .list(to.map { .string($0) })
      map["subject"] = .string(subject)
      map["text"] = .string(text)
    case .refused(let reason): map["reason"] = .string(reason)
    }
    return map
  }
}

/// What effects have to write and send in a step: so many, in any order, of which only the members that are named count.
package struct EffectExpectation: Sendable {
  package struct Entry: Sendable {
    package let effect: String
    /// The word of the grammar, and what is said of it; nil when only the effect's name counts.
    package let action: (kind: String, members: AttributeValue)?
  }

  package let entries: [Entry]
  package let line: Int

  /// What is wrong with what the step's effects did; nil when nothing is.
  package func problem(_ actual: [ScenarioEffect]) -> String? {
    func all() -> String {
      let shown = actual.prefix(20).map { "\n  \($0.name): \($0.action.kind) \(Shown.text(.map($0.members)))" }
      return actual.isEmpty ? "; none was carried out" : "; there were\(shown.joined())\(actual.count > 20 ? "\n  ..." : "")"
    }
    func matches(_ entry: Entry, _ effect: ScenarioEffect) -> Bool {
      guard entry.effect == effect.name else { return false }
      guard let (kind, members) = entry.action else { return true }
      return kind == effect.action.kind && Shown.holds(members, .map(effect.members))
    }
    if let missing = Matching.unmatched(entries.count, actual.count, { matches(entries[$0], actual[$1]) }) {
      let entry = entries[missing]
      let what = entry.action.map { ": \($0.kind) \(Shown.text($0.members))" } ?? ""
      return "no effect `\(entry.effect)`\(what)\(all())"
    }
    if actual.count != entries.count { return "\(entries.count) effects are expected, and there were \(actual.count)\(all())" }
    return nil
  }
}

/// Finds for each of some a partner of its own among others.
enum Matching {
  /// The first of the left ones that cannot be given one; nil when all can. By augmenting paths.
  static func unmatched(_ left: Int, _ right: Int, _ fits: (Int, Int) -> Bool) -> Int? {
    var takenBy = [Int?](repeating: nil, count: right)
    func place(_ wanted: Int, _ seen: inout Set<Int>) -> Bool {
      for index in 0..<right where fits(wanted, index) && seen.insert(index).inserted {
        if takenBy[index].map({ place($0, &seen) }) ?? true {
          takenBy[index] = wanted
          return true
        }
      }
      return false
    }
    for wanted in 0..<left {
      var seen: Set<Int> = []
      if !place(wanted, &seen) { return wanted }
    }
    return nil
  }
}

private enum Shown {
  /// Whether a value is as expected: of maps only the members that are named count.
  static func holds(_ expected: AttributeValue, _ actual: AttributeValue) -> Bool {
    switch (expected, actual) {
    case (.map(let wanted), .map(let found)):
      wanted.entries.allSatisfy { entry in holds(entry.value, found[entry.name] ?? .null) }
    case (.list(let wanted), .list(let found)):
      wanted.count == found.count && zip(wanted, found).allSatisfy { holds($0, $1) }
    default: expected == actual
    }
  }

  static func text(_ value: AttributeValue) -> String {
    switch value {
    case .map(let map): "{ \(map.entries.map { "\($0.name): \(text($0.value))" }.joined(separator: ", ")) }"
    case .list(let list): "[\(list.map(text).joined(separator: ", "))]"
    case .string(let text): "'\(text)'"
    case .number(let number): number.description
    case .bool(let flag): "\(flag)"
    case .null: "null"
    default: "\(value)"
    }
  }
}
