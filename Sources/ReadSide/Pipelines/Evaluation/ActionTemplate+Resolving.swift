package import DynamoModel

extension ActionTemplate {
  /// The action with its values. Nil when a value that it cannot be without is null: of an item's key, of a URL, of a record's key, or every recipient.
  package func resolved(_ values: [Value], of pipeline: Pipeline) -> ResolvedAction? {
    do throws(Refusal) {
      switch self {
      case .put(let table, let members, let condition):
        let item = try ActionTemplate.item(members, values)
        let definition = pipeline.tables[table].definition
        var key = Item()
        for attribute in definition.key.attributes {
          guard let value = item.item[attribute.name] else { return nil }
          key[attribute.name] = value
        }
        return .put(table: definition.name, key: key, item: item.item, condition: condition?.resolved(values))
      case .update(let table, let key, let set, let condition):
        let key = try ActionTemplate.item(key, values)
        let set = try ActionTemplate.item(set, values)
        guard key.missing.isEmpty else { return nil }
        return .update(
          table: pipeline.tables[table].definition.name, key: key.item, set: set.item, remove: set.missing,
          condition: condition?.resolved(values))
      case .webhook(let url, let headers, let body):
        guard let url = url.url(values) else { return nil }
        try Refusal.check(url, ActionLimits.urlBytesMax, "the URL")
        var all: [ResolvedAction.Header] = []
        for (name, value) in headers {
          let text = value.shown(values)
          try Refusal.check(text, ActionLimits.headerBytesMax, "the header \(name)")
          if let problem = ActionTemplate.lineProblem(text) { throw Refusal("the header \(name) \(problem)") }
          all.append(ResolvedAction.Header(name: name, value: text))
        }
        return .webhook(url: url, headers: all, body: try body.json(values, "the body"))
      case .topic(let name, let key, let value):
        var text: String?
        if let key {
          guard let made = key.keyText(values) else { return nil }
          text = made
        }
        return .topic(name: name, key: text, value: try value.json(values, "the value"))
      case .mail(let to, let subject, let text):
        let addresses = try ActionTemplate.addresses(to, values)
        if addresses.isEmpty { return nil }
        let (subject, text) = (subject.shown(values), text.shown(values))
        try Refusal.check(subject, ActionLimits.subjectBytesMax, "the subject")
        if let problem = ActionTemplate.lineProblem(subject) { throw Refusal("the subject \(problem)") }
        try Refusal.check(text, ActionLimits.payloadBytesMax, "the text")
        return .mail(to: addresses, subject: subject, text: text)
      }
    } catch {
      return .refused(reason: error.reason)
    }
  }

  /// Why an action cannot be made of these values.
  struct Refusal: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }

    static func check(_ text: String, _ most: Int, _ what: String) throws(Refusal) {
      guard text.utf8.count <= most else { throw Refusal("\(what) has \(text.utf8.count) bytes, and may have \(most)") }
    }
  }

  /// What is wrong with a text that has to stay one line of a message; nil when nothing is.
  private static func lineProblem(_ text: String) -> String? {
    text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\t" || $0.value == 0x7f } ? "holds a control character" : nil
  }

  /// The attributes, those of values that are null left out and named.
  private static func item(_ members: [Member], _ values: [Value]) throws(Refusal) -> (item: Item, missing: [String]) {
    var item = Item()
    var missing: [String] = []
    for (name, value) in members {
      if let attribute = try value.attribute(values, name) { item[name] = attribute } else { missing.append(name) }
    }
    return (item, missing)
  }

  /// Each recipient once. A value that is a list names several; null is nobody.
  private static func addresses(_ templates: [ValueTemplate], _ values: [Value]) throws(Refusal) -> [String] {
    var all: [String] = []
    for template in templates {
      for text in try template.texts(values) {
        guard isAddress(text) else {
          throw Refusal("`\(text.prefix(ActionLimits.addressBytesMax))` is not the address of a recipient")
        }
        if !all.contains(where: { Text.equal($0, text) }) { all.append(text) }
      }
    }
    guard all.count <= ActionLimits.recipientsMax else {
      throw Refusal("there are \(all.count) recipients, and there may be \(ActionLimits.recipientsMax)")
    }
    return all
  }

  /// One address as a message's head holds it, `name@host`: nothing that could begin another address or another line.
  package static func isAddress(_ text: String) -> Bool {
    guard text.utf8.count <= ActionLimits.addressBytesMax else { return false }
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), !text.hasPrefix("-") else { return false }
    return text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7f && !",;:<>()[]\"\\".unicodeScalars.contains($0) }
  }
}

extension ConditionTemplate {
  /// With the values of a transition; one that is null compares as DynamoDB's NULL.
  func resolved(_ values: [Value]) -> ResolvedAction.WriteCondition {
    var all = Item()
    for (placeholder, value) in literals { all[placeholder] = value }
    for (placeholder, input) in inputs { all[placeholder] = values[input].attribute ?? .null }
    return ResolvedAction.WriteCondition(
      text: text, names: Dictionary(names.map { ($0.placeholder, $0.name) }) { first, _ in first }, values: all)
  }
}

extension TextTemplate {
  /// Null where a value in it is.
  func text(_ values: [Value]) -> String? {
    var text = ""
    for part in parts {
      switch part {
      case .text(let own): text += own
      case .input(let input):
        if values[input].isNull { return nil }
        text += values[input].description
      }
    }
    return text
  }

  /// For people: what is null is left out.
  func shown(_ values: [Value]) -> String {
    var text = ""
    for part in parts {
      switch part {
      case .text(let own): text += own
      case .input(let input): if !values[input].isNull { text += values[input].description }
      }
    }
    return text
  }

  /// As a URL, whose values are percent-encoded: none of them begins another part of it.
  func url(_ values: [Value]) -> String? {
    var url = ""
    for part in parts {
      switch part {
      case .text(let own): url += own
      case .input(let input):
        if values[input].isNull { return nil }
        for byte in values[input].description.utf8 { url += TextTemplate.encoded(byte) }
      }
    }
    return url
  }

  private static func encoded(_ byte: UInt8) -> String {
    let isPlain =
      (byte | 32 >= 97 && byte | 32 <= 122) || (byte >= 48 && byte <= 57) || "-._~".utf8.contains(byte)
    if isPlain { return String(UnicodeScalar(byte)) }
    let digits = String(byte, radix: 16, uppercase: true)
    return "%\(digits.count < 2 ? "0" : "")\(digits)"
  }
}

extension ValueTemplate {
  /// The value as it stands in SQL and in payloads.
  fileprivate func value(_ values: [Value]) -> Value? {
    switch self {
    case .literal(let value): value
    case .input(let input): values[input]
    case .text(let template): template.text(values).map { .string($0) } ?? .null
    case .object, .list: nil
    }
  }

  /// As the key of a record: a plain value's text, of an object or list its JSON; nil when it is null.
  fileprivate func keyText(_ values: [Value]) -> String? {
    guard let value = value(values) else {
      var writer = JSONWriter()
      write(values, to: &writer)
      return String(decoding: writer.bytes, as: UTF8.self)
    }
    return value.isNull ? nil : value.description
  }

  /// The texts of a value that may be a list, JSON or another value; of null none.
  fileprivate func texts(_ values: [Value]) throws(ActionTemplate.Refusal) -> [String] {
    guard let value = value(values) else { return [] }
    switch value {
    case .null: return []
    case .json(let text):
      guard let tape = try? JSONTape(Array(text.utf8)), tape.kind(tape.root) == .array else {
        throw ActionTemplate.Refusal("`\(text.prefix(100))` is not a list of addresses")
      }
      var all: [String] = []
      tape.forEachElement(tape.root) { all.append(tape.isString($0) ? tape.string($0) : tape.text($0)) }
      return all
    default: return [value.description]
    }
  }

  fileprivate func json(_ values: [Value], _ what: String) throws(ActionTemplate.Refusal) -> String {
    var writer = JSONWriter()
    write(values, to: &writer)
    let text = String(decoding: writer.bytes, as: UTF8.self)
    try ActionTemplate.Refusal.check(text, ActionLimits.payloadBytesMax, what)
    return text
  }

  private func write(_ values: [Value], to writer: inout JSONWriter) {
    switch self {
    case .literal(let value): writer.plain(value)
    case .input(let input): writer.plain(values[input])
    // A text in a payload is for people, as a mail's is.
    case .text(let template): writer.string(template.shown(values))
    case .object(let members):
      writer.beginObject()
      for (name, member) in members {
        writer.name(text: name)
        member.write(values, to: &writer)
      }
      writer.endObject()
    case .list(let elements): writer.array(elements) { $1.write(values, to: &$0) }
    }
  }

  /// As an attribute: a timestamp as its text, JSON as the maps, lists and values that it is of. Nil for null.
  fileprivate func attribute(_ values: [Value], _ name: String) throws(ActionTemplate.Refusal) -> AttributeValue? {
    switch self {
    case .object(let members):
      var map = AttributeMap()
      for (name, member) in members { map[name] = try member.attribute(values, name) ?? .null }
      return .map(map)
    case .list(let elements):
      var list: [AttributeValue] = []
      for element in elements { list.append(try element.attribute(values, name) ?? .null) }
      return .list(list)
    case .literal, .input, .text:
      guard let value = value(values) else { return nil }
      guard case .json(let text) = value else { return value.attribute }
      guard let attribute = AttributeValue(plainJSON: text) else {
        throw ActionTemplate.Refusal("`\(name)` holds JSON with a number of more than 38 digits, or nested too deep")
      }
      return attribute
    }
  }
}

extension JSONWriter {
  /// A value as ordinary JSON: numbers with all their digits, instants as texts, bytes as base64.
  mutating func plain(_ value: Value) {
    switch value {
    case .null: null()
    case .boolean(let flag): bool(flag)
    case .integer(let number): integer(number)
    case .decimal(let number): raw(number.description.utf8)
    case .timestamp, .string, .bytes: string(value.description)
    case .json(let text): raw(text.utf8)
    }
  }
}

extension AttributeValue {
  /// What ordinary JSON means as an attribute: objects are maps, arrays lists. Nil for a number that no item can hold, and for what is nested too deep.
  package init?(plainJSON text: String) {
    guard let tape = try? JSONTape(Array(text.utf8)), let made = AttributeValue(plain: tape, tape.root, depth: 0) else {
      return nil
    }
    self = made
  }

  private static let depthMax = 32

  private init?(plain tape: JSONTape, _ node: Int, depth: Int) {
    guard depth < AttributeValue.depthMax else { return nil }
    switch tape.kind(node) {
    case .null: self = .null
    case .bool: self = .bool(tape.bool(node) ?? false)
    case .string, .escapedString: self = .string(tape.string(node))
    case .number:
      guard let number = try? Number(tape.text(node)) else { return nil }
      self = .number(number)
    case .array:
      var list: [AttributeValue?] = []
      tape.forEachElement(node) { list.append(AttributeValue(plain: tape, $0, depth: depth + 1)) }
      guard list.allSatisfy({ $0 != nil }) else { return nil }
      self = .list(list.compactMap { $0 })
    case .object:
      var map = AttributeMap()
      var isWhole = true
      tape.forEachMember(node) { name, value in
        let member = AttributeValue(plain: tape, value, depth: depth + 1)
        isWhole = isWhole && member != nil && tape.string(name) != ""
        map[tape.string(name)] = member
      }
      guard isWhole else { return nil }
      self = .map(map)
    }
  }
}
