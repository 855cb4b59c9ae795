import DynamoModel
import Expressions
import RandomTestKit
import Testing

/// Random conditions and updates against a naive model written apart from the library: values are plain Swift enums, the
/// condition is evaluated straight from the tree it was generated as, an update is carried out on dictionaries.
///
/// A failure prints its seed, and the seed alone makes the case again.
@Suite struct RandomModelTests {
  static let rounds: UInt64 = 4000

  // MARK: The model

  indirect enum Plain: Equatable {
    case number(Int)
    case text(String)
    case flag(Bool)
    case list([Plain])
    case map([String: Plain])
    case texts(Set<String>)

    var value: AttributeValue {
      switch self {
      case .number(let number): .number(Number(Int64(number)))
      case .text(let text): .string(text)
      case .flag(let flag): .bool(flag)
      case .list(let values): .list(values.map(\.value))
      case .map(let map): .map(AttributeMap(map.map { .init(name: $0.key, value: $0.value.value) }))
      case .texts(let texts): .stringSet(texts.sorted())
      }
    }

    var size: Int? {
      switch self {
      case .text(let text): text.count
      case .list(let values): values.count
      case .map(let map): map.count
      case .texts(let texts): texts.count
      default: nil
      }
    }

    static func order(_ left: Plain, _ right: Plain) -> Int? {
      switch (left, right) {
      case (.number(let a), .number(let b)): a - b
      case (.text(let a), .text(let b)): a == b ? 0 : (a < b ? -1 : 1)
      default: nil
      }
    }
  }

  enum Step: Equatable {
    case name(String)
    case index(Int)
  }

  static func text(_ path: [Step]) -> String {
    path.map { step in
      switch step {
      case .name(let name): ".\(name)"
      case .index(let index): "[\(index)]"
      }
    }.joined().dropFirst().description
  }

  static func find(_ path: [Step], _ item: [String: Plain]) -> Plain? {
    path.reduce(Plain.map(item)) { value, step in
      switch (value, step) {
      case (.map(let map)?, .name(let name)): map[name]
      case (.list(let list)?, .index(let index)): index < list.count ? list[index] : nil
      default: nil
      }
    }
  }

  // MARK: Generators

  struct Generator {
    var random: SeededGenerator
    var placeholders: [String: Plain] = [:]

    mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    mutating func value(_ depth: Int = 0) -> Plain {
      switch pick(depth < 2 ? 8 : 4) {
      case 0, 1: .number(pick(4))
      case 2: .text(["", "a", "ab", "b"][pick(4)])
      case 3: .flag(pick(2) == 0)
      case 4, 5: .list((0..<pick(4)).map { _ in value(depth + 1) })
      case 6: .map(Dictionary((0..<pick(3)).map { _ in (["x1", "y1"][pick(2)], value(depth + 1)) }) { $1 })
      default: .texts(Set((0...pick(2)).map { ["a", "b", "c"][$0] }))
      }
    }

    mutating func item() -> [String: Plain] {
      Dictionary((0..<5).map { _ in (["p1", "q1", "r1", "s1"][pick(4)], value()) }) { $1 }
    }

    mutating func path() -> [Step] {
      var path: [Step] = [.name(["p1", "q1", "r1", "s1"][pick(4)])]
      while pick(3) == 0, path.count < 3 { path.append(pick(2) == 0 ? .name(["x1", "y1"][pick(2)]) : .index(pick(3))) }
      return path
    }

    mutating func placeholder(_ value: Plain) -> String {
      let name = ":v\(placeholders.count)"
      placeholders[name] = value
      return name
    }

    /// Text and meaning of a condition.
    mutating func condition(_ depth: Int) -> (text: String, holds: ([String: Plain]) -> Bool) {
      if depth > 0, pick(2) == 0 {
        let left = condition(depth - 1)
        let right = condition(depth - 1)
        switch pick(3) {
        case 0: return ("(\(left.text)) AND (\(right.text))", { left.holds($0) && right.holds($0) })
        case 1: return ("(\(left.text)) OR (\(right.text))", { left.holds($0) || right.holds($0) })
        default: return ("NOT \(left.text.isSimple ? left.text : "(\(left.text))")", { !left.holds($0) })
        }
      }
      let path = path()
      let shown = RandomModelTests.text(path)
      let ordered: Plain = pick(2) == 0 ? .number(pick(4)) : .text(["a", "ab", "b"][pick(3)])
      switch pick(9) {
      case 0:
        let value = value()
        return ("\(shown) = \(placeholder(value))", { RandomModelTests.find(path, $0) == value })
      case 1:
        let value = value()
        return ("\(shown) <> \(placeholder(value))", { RandomModelTests.find(path, $0) != value })
      case 2, 3:
        let (sign, wanted): (String, (Int) -> Bool) = [
          ("<", { $0 < 0 }), ("<=", { $0 <= 0 }), (">", { $0 > 0 }), (">=", { $0 >= 0 }),
        ][pick(4)]
        return (
          "\(shown) \(sign) \(placeholder(ordered))",
          { RandomModelTests.find(path, $0).flatMap { Plain.order($0, ordered) }.map(wanted) ?? false }
        )
      case 4: return ("attribute_exists(\(shown))", { RandomModelTests.find(path, $0) != nil })
      case 5: return ("attribute_not_exists(\(shown))", { RandomModelTests.find(path, $0) == nil })
      case 6:
        let size = pick(3)
        return ("size(\(shown)) = \(placeholder(.number(size)))", { RandomModelTests.find(path, $0)?.size == size })
      case 7:
        let part = ["a", "b"][pick(2)]
        return (
          "contains(\(shown), \(placeholder(.text(part))))",
          {
            switch RandomModelTests.find(path, $0) {
            case .text(let text)?: text.contains(part)
            case .texts(let texts)?: texts.contains(part)
            case .list(let values)?: values.contains(.text(part))
            default: false
            }
          }
        )
      default:
        let values = [value(), value()]
        return (
          "\(shown) IN (\(placeholder(values[0])), \(placeholder(values[1])))",
          { item in RandomModelTests.find(path, item).map { values.contains($0) } ?? false }
        )
      }
    }
  }

  static func item(_ plain: [String: Plain]) -> Item {
    Item(plain.map { .init(name: $0.key, value: $0.value.value) })
  }

  static func values(_ plain: [String: Plain]) -> Placeholders { Placeholders(values: item(plain)) }

  // MARK: Tests

  @Test func `random conditions hold as in the model`() throws {
    var held = 0
    for seed in 0..<Self.rounds {
      var generator = Generator(random: SeededGenerator(seed: seed))
      let item = generator.item()
      let condition = generator.condition(3)
      var placeholders = Self.values(generator.placeholders)
      let wanted = condition.holds(item)
      let found = try ParsedCondition(condition.text).resolved(&placeholders).evaluate(on: Self.item(item))
      #expect(found == wanted, "seed \(seed): \(condition.text) on \(item)")
      if wanted { held += 1 }
    }
    #expect(held > Int(Self.rounds) / 5 && held < Int(Self.rounds) * 4 / 5, "the generator is lopsided: \(held)")
  }

  @Test func `random updates leave what the model leaves`() throws {
    var failed = 0
    for seed in 0..<Self.rounds {
      var generator = Generator(random: SeededGenerator(seed: seed))
      let before = generator.item()
      var sections: [String: [String]] = [:]
      var steps: [(inout [String: Plain], [String: Plain]) throws -> Void] = []
      for name in ["p1", "q1", "r1"] {
        let source = ["p1", "q1", "s1"][generator.pick(3)]
        switch generator.pick(6) {
        case 0:
          let value = generator.value()
          sections["SET", default: []].append("\(name) = \(generator.placeholder(value))")
          steps.append { item, _ in item[name] = value }
        case 1:
          let number = generator.pick(5)
          sections["SET", default: []].append("\(name) = \(source) - \(generator.placeholder(.number(number)))")
          steps.append { item, before in
            guard case .number(let old)? = before[source] else { throw Refused() }
            item[name] = .number(old - number)
          }
        case 2:
          let value = generator.value()
          sections["SET", default: []].append("\(name) = if_not_exists(\(source), \(generator.placeholder(value)))")
          steps.append { item, before in item[name] = before[source] ?? value }
        case 3:
          sections["REMOVE", default: []].append(name)
          steps.append { item, _ in item[name] = nil }
        case 4:
          let number = generator.pick(5)
          sections["ADD", default: []].append("\(name) \(generator.placeholder(.number(number)))")
          steps.append { item, before in
            switch before[name] {
            case nil: item[name] = .number(number)
            case .number(let old)?: item[name] = .number(old + number)
            default: throw Refused()
            }
          }
        default:
          sections["DELETE", default: []].append("\(name) \(generator.placeholder(.texts(["a"])))")
          steps.append { item, before in
            switch before[name] {
            case nil: break
            case .texts(let old)?: item[name] = old.subtracting(["a"]).isEmpty ? nil : .texts(old.subtracting(["a"]))
            default: throw Refused()
            }
          }
        }
      }
      var wanted: [String: Plain]? = before
      do {
        var item = before
        for step in steps { try step(&item, before) }
        wanted = item
      } catch {
        wanted = nil
        failed += 1
      }
      let text = sections.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.joined(separator: ", "))" }.joined(
        separator: " ")
      var placeholders = Self.values(generator.placeholders)
      let update = try ParsedUpdate(text).resolved(&placeholders)
      let found = try? update.apply(to: Self.item(before), key: Item())
      #expect(found == wanted.map(Self.item), "seed \(seed): \(text) on \(before)")
    }
    #expect(failed > 0 && failed < Int(Self.rounds), "the generator is lopsided: \(failed)")
  }

  struct Refused: Error {}
}

extension String {
  /// Whether it is one comparison or function.
  var isSimple: Bool { !contains(" AND ") && !contains(" OR ") && !hasPrefix("(") }

}
