internal import DynamoModel
internal import Pipelines

/// What is written or sent, as the outbox keeps it: one member, named by the word of the grammar.
extension ResolvedAction {
  func writeMember(to writer: inout JSONWriter) {
    writer.name(text: kind)
    writer.beginObject()
    switch self {
    case .put(let table, let key, let item, let condition):
      writer.member("table", table)
      writer.name("key")
      writer.item(key)
      writer.name("item")
      writer.item(item)
      write(condition, to: &writer)
    case .update(let table, let key, let set, let remove, let condition):
      writer.member("table", table)
      writer.name("key")
      writer.item(key)
      writer.name("set")
      writer.item(set)
      if !remove.isEmpty {
        writer.name("remove")
        writer.array(remove) { $0.string($1) }
      }
      write(condition, to: &writer)
    case .webhook(let url, let headers, let body):
      writer.member("url", url)
      if !headers.isEmpty {
        writer.name("headers")
        writer.array(headers) { writer, header in
          writer.beginArray()
          writer.string(header.name)
          writer.string(header.value)
          writer.endArray()
        }
      }
      // As a text, so that it goes out byte by byte as it was made.
      writer.member("body", body)
    case .topic(let name, let key, let value):
      writer.member("name", name)
      if let key { writer.member("key", key) }
      writer.member("value", value)
    case .mail(let to, let subject, let text):
      writer.name("to")
      writer.array(to) { $0.string($1) }
      writer.member("subject", subject)
      writer.member("text", text)
    case .refused(let reason): writer.member("reason", reason)
    }
    writer.endObject()
  }

  private func write(_ condition: WriteCondition?, to writer: inout JSONWriter) {
    guard let condition else { return }
    writer.name("when")
    writer.beginObject()
    writer.member("text", condition.text)
    writer.name("names")
    writer.beginObject()
    for (placeholder, name) in condition.names.sorted(by: { $0.key < $1.key }) { writer.member(named: placeholder, name) }
    writer.endObject()
    writer.name("values")
    writer.item(condition.values)
    writer.endObject()
  }

  /// Nil for what is none of these.
  init?(_ tape: JSONTape) {
    for kind in ["put", "update", "webhook", "topic", "mail", "refused"] {
      guard let node = tape.member(tape.root, kind), tape.kind(node) == .object else { continue }
      guard let made = ResolvedAction(kind, tape, node) else { return nil }
      self = made
      return
    }
    return nil
  }

  private init?(_ kind: String, _ tape: JSONTape, _ node: Int) {
    func text(_ name: String) -> String? {
      tape.member(node, name).flatMap { tape.isString($0) ? tape.string($0) : nil }
    }
    func texts(_ name: String) -> [String] {
      var all: [String] = []
      if let list = tape.member(node, name) { tape.forEachElement(list) { all.append(tape.string($0)) } }
      return all
    }
    func item(_ name: String) -> Item? { tape.member(node, name).flatMap { try? Item(json: tape, $0) } }
    let condition = tape.member(node, "when").flatMap { WriteCondition(tape, $0) }
    if tape.member(node, "when") != nil, condition == nil { return nil }
    switch kind {
    case "put":
      guard let table = text("table"), let key = item("key"), let item = item("item") else { return nil }
      self = .put(table: table, key: key, item: item, condition: condition)
    case "update":
      guard let table = text("table"), let key = item("key"), let set = item("set") else { return nil }
      self = .update(table: table, key: key, set: set, remove: texts("remove"), condition: condition)
    case "webhook":
      guard let url = text("url"), let body = text("body") else { return nil }
      var headers: [Header] = []
      if let list = tape.member(node, "headers") {
        tape.forEachElement(list) { pair in
          var parts: [String] = []
          tape.forEachElement(pair) { parts.append(tape.string($0)) }
          if parts.count == 2 { headers.append(Header(name: parts[0], value: parts[1])) }
        }
      }
      self = .webhook(url: url, headers: headers, body: body)
    case "topic":
      guard let name = text("name"), let value = text("value") else { return nil }
      self = .topic(name: name, key: text("key"), value: value)
    case "mail":
      guard let subject = text("subject"), let body = text("text") else { return nil }
      self = .mail(to: texts("to"), subject: subject, text: body)
    default:
      guard let reason = text("reason") else { return nil }
      self = .refused(reason: reason)
    }
  }

  /// What it goes one after the other for, in an array: an item, as a deletion of it too, a URL, a topic and key, the recipients.
  func writeTarget(to writer: inout JSONWriter) {
    switch self {
    case .put(let table, let key, _, _), .update(let table, let key, _, _, _):
      writer.string(table)
      writer.item(key)
    case .webhook(let url, _, _):
      writer.string(kind)
      writer.string(url)
    case .topic(let name, let key, _):
      writer.string(kind)
      writer.string(name)
      if let key { writer.string(key) }
    case .mail(let to, _, _):
      writer.string(kind)
      for address in to { writer.string(address) }
    case .refused(let reason):
      writer.string(kind)
      writer.string(reason)
    }
  }
}

extension ResolvedAction.WriteCondition {
  fileprivate init?(_ tape: JSONTape, _ node: Int) {
    guard let text = tape.member(node, "text"), let names = tape.member(node, "names"),
      let values = tape.member(node, "values").flatMap({ try? Item(json: tape, $0) })
    else { return nil }
    var all: [String: String] = [:]
    tape.forEachMember(names) { name, value in all[tape.string(name)] = tape.string(value) }
    self.init(text: tape.string(text), names: all, values: values)
  }
}
