package import RandomTestKit

/// Valid requests made wrong by their grammar: the same ones for the same seed.
///
/// A change is one of: a value of another type, a member missing, twice, renamed or too many, deep nesting, numbers at the ends of every range,
/// odd and giant strings, texts of expressions and statements with tokens dropped, doubled and swapped, parts of other requests, and now and
/// then a few bytes of the text itself.
package struct RequestMutator: Sendable {
  package struct Request: Sendable {
    package let target: String
    package let body: [UInt8]

    package init(target: String, body: [UInt8]) {
      self.target = target
      self.body = body
    }
  }

  private let light: [RequestTemplates.Template]
  private let heavy: [RequestTemplates.Template]
  private let members: [String]
  package var generator: SeededGenerator

  /// One in so many requests is a heavy one.
  private static let heavyEvery = 60

  package init(_ templates: [RequestTemplates.Template], seed: UInt64) {
    light = templates.filter { !$0.isHeavy }
    heavy = templates.filter(\.isHeavy)
    var names: Set<String> = []
    for template in templates { RequestMutator.collect(template.body, &names) }
    members = names.sorted()
    generator = SeededGenerator(seed: seed)
  }

  private static func collect(_ tree: JSONTree, _ names: inout Set<String>) {
    switch tree {
    case .object(let members):
      for member in members {
        names.insert(member.name)
        collect(member.value, &names)
      }
    case .array(let elements): for element in elements { collect(element, &names) }
    default: break
    }
  }

  private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

  private mutating func one(in count: Int) -> Bool { number(1...count) == 1 }

  private mutating func pick<Element>(_ elements: [Element]) -> Element { elements[number(0...(elements.count - 1))] }

  package mutating func next() -> Request {
    let template = one(in: Self.heavyEvery) ? pick(heavy) : pick(light)
    var tree = template.body
    for _ in 0..<pick([0, 1, 1, 1, 2, 2, 4]) { tree = change(tree) }
    var target = template.target
    if one(in: 100) { target = pick(light).target }
    var body = tree.bytes
    if one(in: 20) { mutate(&body) }
    return Request(target: target, body: body)
  }

  private mutating func change(_ tree: JSONTree) -> JSONTree {
    let place = number(0...(tree.count - 1))
    let old = tree.node(place)
    let new: JSONTree =
      switch number(0...9) {
      case 0: value()
      case 1: pick(light).body
      case 2: donor()
      case 3: nested(old)
      default: changed(old)
      }
    return tree.replacing(place) { _ in new }
  }

  private mutating func donor() -> JSONTree {
    let body = pick(light).body
    return body.node(number(0...(body.count - 1)))
  }

  private mutating func nested(_ tree: JSONTree) -> JSONTree {
    var out = tree
    let kind = number(0...3)
    for _ in 0..<pick([1, 2, 30, 31, 32, 33, 100, 255, 256, 257, 400]) {
      switch kind {
      case 0: out = .object([("M", .object([("a", out)]))])
      case 1: out = .object([("L", .array([out]))])
      case 2: out = .array([out])
      default: out = .object([("a", out)])
      }
    }
    return out
  }

  private mutating func changed(_ tree: JSONTree) -> JSONTree {
    switch tree {
    case .object(var members):
      let place = members.isEmpty ? 0 : number(0...(members.count - 1))
      switch number(0...6) {
      case 0 where !members.isEmpty: members.remove(at: place)
      case 1 where !members.isEmpty: members.insert(members[place], at: number(0...members.count))
      case 2 where !members.isEmpty: members[place].name = pick(self.members)
      case 3 where !members.isEmpty: members[place].name = text(members[place].name)
      case 4: members.append((pick(self.members), donor()))
      case 5 where !members.isEmpty:
        let copy = members[place].value
        members += (0..<(copy.count < 20 ? pick([3, 30, 120]) : 2)).map { (members[place].name + "\($0)", copy) }
      default: members.append((pick(self.members), value()))
      }
      return .object(members)
    case .array(var elements):
      let place = elements.isEmpty ? 0 : number(0...(elements.count - 1))
      switch number(0...4) {
      case 0 where !elements.isEmpty: elements.remove(at: place)
      case 1 where !elements.isEmpty:
        elements += Array(
          repeating: elements[place], count: elements[place].count < 20 ? pick([24, 25, 99, 100, 101]) : pick([1, 2]))
      case 2: elements = []
      case 3: elements.insert(donor(), at: place)
      default: elements.append(value())
      }
      return .array(elements)
    case .string(let old): return one(in: 8) ? .escaped(pick(Self.escapes)) : .string(text(old))
    case .escaped: return .escaped(pick(Self.escapes))
    case .number: return .number(pick(Self.numbers))
    case .word: return .word(pick(["true", "false", "null"]))
    }
  }

  /// A value of any type.
  private mutating func value() -> JSONTree {
    switch number(0...7) {
    case 0: .object([])
    case 1: .array([])
    case 2: .string(pick(Self.texts))
    case 3: .number(pick(Self.numbers))
    case 4: .word(pick(["true", "false", "null"]))
    case 5: .object([(pick(["S", "N", "B", "SS", "NS", "BS", "M", "L", "BOOL", "NULL"]), donor())])
    case 6: .object([("N", .string(pick(Self.numbers)))])
    default: .escaped(pick(Self.escapes))
    }
  }

  private static let numbers = [
    "0", "-0", "1", "-1", "2147483647", "2147483648", "-2147483648", "-2147483649", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616", "1e999999999", "-1e999999999",
    "1e-999999999", "1E126", "9.9999999999999999999999999999999999999E+125", "1E-130", "1E-131", "0.1", "1e400", "4.9e-324",
    "1.5",
    "99999999999999999999999999999999999999", "999999999999999999999999999999999999999",
    "0.00000000000000000000000000000000000001",
    "1000000", "1000001", "65535", "65536", "1e18", "1e19", "9e18", "253402300799", "253402300800", "NaN", "Infinity",
    "-Infinity", "0x10",
    "1_000", "+1", ".5", "5.", "1e", "--1", "", " 1", "١٢",
  ]

  private static let escapes = [
    "\\ud800", "\\udc00\\ud800", "\\u0000", "a\\u0000b", "\\ud83d\\ude00", "\\uFFFF", "\\x", "\\u12", "\\/\\b\\f\\n\\r\\t",
    "\\\\\\\"",
  ]

  private static let texts: [String] =
    [
      "", " ", "a", "\u{0}", "é", "e\u{301}", "\u{FEFF}", "\u{202E}abc", "🏳️‍🌈", "\u{1F1E9}\u{1F1EA}", "\u{FFFF}", "T_1", "H_1",
      "S_1", "pk",
      "INVALID", "ALL", "NONE", "arn:aws:dynamodb:us-east-1:000000000000:table/T_1", "arn:aws:dynamodb:::table/", "arn:",
      "../../etc/passwd",
      "AAEC", "AAE", "====", "#", ":", "#a", ":a", "'", "\"", "?", "null", "TRUE", "2026-01-01T00:00:00Z",
      "118446744073709551615", "100000000000000000000", "0123456789abcdef:0:18446744073709551615", "ffffffffffffffff:999:0",
    ] + [100, 255, 256, 1024, 1025, 2048, 2049, 4096, 4097, 8193, 65_536, 70_000].map { String(repeating: "x", count: $0) }
    + ["(", "[", "NOT ", "{'a':", "<<", "a.", "a[0].", "size(", "NOT(", "- ", "a AND ", "((a=a) OR "].flatMap { part in
      [40, 300, 2000].map { String(repeating: part, count: $0) }
    }

  /// Deep and long, and right but for that.
  private static let deep: [String] = [10, 33, 150, 201, 800, 1900].flatMap { count in
    func wrapped(_ left: String, _ middle: String, _ right: String) -> String {
      String(repeating: left, count: count) + middle + String(repeating: right, count: count)
    }
    return [
      wrapped("(", "x = x", ")"), wrapped("NOT (", "x = x", ")"), "SELECT * FROM T_1 WHERE " + wrapped("(", "pk = 'p1'", ")"),
      "SELECT * FROM T_1 WHERE " + wrapped("NOT ", "pk = 'p1'", ""), "SELECT * FROM T_1 WHERE x = " + wrapped("(", "1", ")"),
      "INSERT INTO T_1 VALUE {'pk': 'p1', 'sk': 1, 'd': " + wrapped("[", "", "]") + "}",
      "INSERT INTO T_1 VALUE {'pk': 'p1', 'sk': 1, 'd': " + wrapped("{'a':", "1", "}") + "}",
      "UPDATE T_1 SET x = 1" + wrapped("+1", "", "") + " WHERE pk = 'p1' AND sk = 1",
      "UPDATE T_1 SET l = " + wrapped("list_append(", "l", ", l)") + " WHERE pk = 'p1' AND sk = 1",
      "SET x = " + wrapped("(", "x", ")"), "SET x = " + wrapped("if_not_exists(x, ", "x", ")"), "x" + wrapped("[0]", "", ""),
      "m" + wrapped(".a", "", ""),
    ]
  }

  private static let tokens = [
    "AND", "OR", "NOT", "BETWEEN", "IN", "(", ")", "[", "]", "{", "}", "<<", ">>", "=", "<>", "<", "<=", ">", ">=", "!=", "+",
    "-", "*", ",", ".",
    ":n", ":s", ":z", "#r", "#l", "?", "SET", "REMOVE", "ADD", "DELETE", "SELECT", "FROM", "WHERE", "INSERT", "INTO", "VALUE",
    "UPDATE",
    "RETURNING", "ALL", "OLD", "NEW", "ORDER", "BY", "DESC", "EXISTS", "MISSING", "IS", "NULL", "attribute_exists(",
    "attribute_type(",
    "size(", "contains(", "begins_with(", "if_not_exists(", "list_append(", "x", "m.a", "l[0]", "l[99999999999999999999]",
    "l[-1]", "'s'", "'",
    "\"", "1", "1e999", "0.5", "T_1", "\"T_1\".\"byG\"", "pk", "sk", "true", "\u{1F600}", "\u{0}", "--", "/*", ";",
  ]

  /// A text made another by its words.
  private mutating func text(_ old: String) -> String {
    switch number(0...9) {
    case 0: return pick(Self.texts)
    case 1: return pick(Self.numbers)
    case 2: return one(in: 2) ? pick(Self.deep) : old + pick(Self.texts)
    case 3:
      let unicode = Array(old.unicodeScalars)
      guard !unicode.isEmpty else { return pick(Self.texts) }
      var view = String.UnicodeScalarView()
      view.append(contentsOf: unicode[..<number(0...(unicode.count - 1))])
      return String(view)
    default:
      var words = old.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
      for _ in 0..<number(1...3) {
        let place = words.isEmpty ? 0 : number(0...(words.count - 1))
        switch number(0...5) {
        case 0 where !words.isEmpty: words.remove(at: place)
        case 1 where !words.isEmpty: words.insert(words[place], at: number(0...(words.count - 1)))
        case 2 where !words.isEmpty: words.swapAt(place, number(0...(words.count - 1)))
        case 3 where !words.isEmpty: words[place] = pick(Self.tokens)
        case 4: words.insert(String(repeating: pick(Self.tokens) + " ", count: pick([1, 2, 50, 301])), at: place)
        default: words.insert(pick(Self.tokens), at: place)
        }
      }
      return words.joined(separator: " ")
    }
  }

  /// Some bytes of a text made others.
  private mutating func mutate(_ bytes: inout [UInt8]) {
    for _ in 0..<number(1...5) {
      let place = bytes.isEmpty ? 0 : number(0...(bytes.count - 1))
      switch number(0...3) {
      case 0 where !bytes.isEmpty: bytes[place] = UInt8(number(0...255))
      case 1 where !bytes.isEmpty: bytes.remove(at: place)
      case 2: bytes.insert(UInt8(number(0...255)), at: place)
      default: bytes = Array(bytes[..<place])
      }
    }
  }
}
