import RandomTestKit

/// Random items, conditions and updates over few names and values, so that they meet.
struct ModelGenerator {
  var random: SeededGenerator

  static let names = ["a", "b", "c", "d", "g", "h", "size", "naïve"]
  static let texts: [PlainText] = ["", "x", "xy", "xyz", "y", "é", "\u{65}\u{301}", "10", "zz"]

  mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
  mutating func chance(_ one: Int) -> Bool { below(one) == 0 }

  mutating func number() -> Int {
    switch below(4) {
    case 0: below(5) * 1000
    case 1: -below(3) * 1000
    case 2: below(4000) - 2000
    default: (below(2_000_000) - 1_000_000) * 1000 + below(1000)
    }
  }

  mutating func value(depth: Int = 0) -> ModelValue {
    switch below(depth < 3 ? 12 : 7) {
    case 0, 1, 2: .number(number())
    case 3, 4: .text(pick(Self.texts))
    case 5: .flag(chance(2))
    case 6: chance(2) ? .nothing : .bytes((0..<below(4)).map { _ in UInt8(below(3)) })
    case 7: .texts(Set((0...below(3)).map { _ in pick(Self.texts) }))
    case 8: .numbers(Set((0...below(3)).map { _ in number() }))
    case 9, 10: .list((0..<below(4)).map { _ in value(depth: depth + 1) })
    default: .map(item(depth: depth + 1))
    }
  }

  mutating func item(depth: Int = 0) -> ModelItem {
    var item: ModelItem = [:]
    for _ in 0..<below(5) { item[pick(Self.names)] = value(depth: depth) }
    return item
  }

  /// Of the keys of indexes mostly what they take, so that items are in them.
  mutating func tableItem(_ key: ModelItem) -> ModelItem {
    var item = item()
    if chance(2) { item["g"] = .text(pick(["x", "y"] as [PlainText])) }
    if chance(3) { item["h"] = .number(below(3) * 1000) }
    return item.merging(key) { $1 }
  }

  mutating func key() -> ModelItem { ["pk": .text(PlainText("p\(below(6))")), "sk": .number((below(14) - 4) * 500)] }

  mutating func path() -> ModelPath {
    var path = ModelPath(root: pick(Self.names))
    while chance(3), path.steps.count < 3 {
      path.steps.append(chance(2) ? .index(below(4)) : .name(pick(Self.names)))
    }
    return path
  }

  // MARK: Conditions

  mutating func condition(depth: Int = 0) -> ModelCondition {
    if depth < 3, chance(3) {
      switch below(3) {
      case 0: return .all([condition(depth: depth + 1), condition(depth: depth + 1)])
      case 1: return .any([condition(depth: depth + 1), condition(depth: depth + 1)])
      default: return .not(condition(depth: depth + 1))
      }
    }
    switch below(8) {
    case 0, 1: return .compare(pick(["=", "<>"]), operand(), .value(value()))
    case 2: return .compare(pick(["<", "<=", ">", ">="]), operand(), .value(scalar()))
    case 3:
      let bounds = chance(2) ? [number(), number()].sorted().map { ModelValue.number($0) } : [.text("x"), .text("xz")]
      return .between(operand(), bounds[0], bounds[1])
    case 4: return .isIn(operand(), (0...below(3)).map { _ in value() })
    case 5: return chance(2) ? .exists(path()) : .missing(path())
    case 6: return .type(path(), pick(["S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS"]))
    default: return chance(2) ? .begins(path(), .text(pick(Self.texts))) : .contains(path(), value())
    }
  }

  private mutating func scalar() -> ModelValue { chance(2) ? .number(number()) : .text(pick(Self.texts)) }
  private mutating func operand() -> ModelOperand { chance(5) ? .size(path()) : .path(path()) }

  // MARK: Updates

  /// Actions on attributes of their own, so that no two paths overlap.
  mutating func update() -> ModelUpdate {
    var actions: [ModelAction] = []
    for root in Self.names.shuffled(using: &random).prefix(1 + below(3)) {
      var path = path()
      path.root = root
      switch below(8) {
      case 0: actions.append(.remove(path))
      case 1: actions.append(.add(path, chance(3) ? value() : .number(number())))
      case 2: actions.append(.add(path, .texts([pick(Self.texts)])))
      case 3: actions.append(.delete(path, chance(2) ? .texts([pick(Self.texts), pick(Self.texts)]) : .numbers([number()])))
      case 4 where path.steps.isEmpty:
        // Several elements of one list.
        for index in Set((0..<3).map { _ in below(5) }) {
          let element = ModelPath(root: root, steps: [.index(index)])
          actions.append(chance(2) ? .set(element, .value(value())) : .remove(element))
        }
      default: actions.append(.set(path, term()))
      }
    }
    return ModelUpdate(actions: actions)
  }

  private mutating func term() -> ModelTerm {
    switch below(7) {
    case 0: .sum(chance(2) ? .path(path()) : .ifMissing(path(), .value(.number(number()))), .value(.number(number())))
    case 1: .difference(.value(.number(number())), .path(path()))
    case 2: .append(.ifMissing(path(), .value(.list([]))), .value(.list([value()])))
    case 3: .path(path())
    case 4: .ifMissing(path(), .value(value()))
    default: .value(value())
    }
  }
}
