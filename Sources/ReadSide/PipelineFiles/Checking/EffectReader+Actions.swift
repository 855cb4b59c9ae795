internal import DynamoModel
internal import Expressions
internal import Pipelines
internal import YAML

/// What effects write and send.
extension EffectReader {
  func readTemplate(_ key: String, _ node: YAMLNode, _ values: inout TransitionValues) -> ActionTemplate? {
    switch key {
    case "put": readPut(node, &values)
    case "update": readUpdate(node, &values)
    case "webhook": readWebhook(node, &values)
    case "topic": readTopic(node, &values)
    default: readMail(node, &values)
    }
  }

  // MARK: Tables

  private var tables: [TableDraft] { projections.items.tables }

  private func table(_ reader: MappingReader) -> TableIndex? {
    guard let (name, node) = reader.requireText("table") else { return nil }
    if let index = tables.firstIndex(where: { Text.equal($0.definition.name, name) }) { return TableIndex(rawValue: index) }
    let known = Suggestion.text(for: name, among: tables.map(\.definition.name))
    findings.add(node.mark, "there is no table `\(name)` under `tables`\(known)")
    return nil
  }

  private func attributes(_ key: String, _ reader: MappingReader, _ values: inout TransitionValues) -> [ActionTemplate.Member]? {
    guard let node = reader.require(key) else { return nil }
    guard let entries = node.mapping else {
      findings.add(node.mark, "`\(key)` has to be a mapping of attributes, but this is \(node.kind)")
      return nil
    }
    return values.members(entries)
  }

  /// `{ table: Members, item: { PK: 'Project:{key}', member: email }, when: attribute_not_exists(PK) }`
  private func readPut(_ node: YAMLNode, _ values: inout TransitionValues) -> ActionTemplate? {
    guard let reader = MappingReader(node, Grammar.put, findings) else { return nil }
    let table = table(reader)
    let item = attributes("item", reader, &values)
    let condition = reader.take("when").map { readCondition($0, &values) }
    guard let table, let item else { return nil }
    for attribute in tables[table].definition.key.attributes where !item.contains(where: { Text.equal($0.name, attribute.name) })
    {
      findings.add(reader.node["item"]?.mark ?? node.mark, "the item needs its key attribute `\(attribute.name)`")
    }
    if case .some(.none) = condition { return nil }
    return .put(table: table, item: item, condition: condition ?? nil)
  }

  /// `{ table: Rooms, key: { PK: 'Room:{room}' }, set: { state: 'closed' }, when: attribute_exists(PK) }`
  private func readUpdate(_ node: YAMLNode, _ values: inout TransitionValues) -> ActionTemplate? {
    guard let reader = MappingReader(node, Grammar.update, findings) else { return nil }
    let table = table(reader)
    let key = attributes("key", reader, &values)
    let set = attributes("set", reader, &values)
    let condition = reader.take("when").map { readCondition($0, &values) }
    guard let table, let key, let set else { return nil }
    let names = tables[table].definition.key.attributes.map(\.name)
    if key.count != names.count || !names.allSatisfy({ name in key.contains { Text.equal($0.name, name) } }) {
      findings.add(
        reader.node["key"]?.mark ?? node.mark,
        "the key has \(names.map { "`\($0)`" }.joined(separator: " and ")), and nothing else")
    }
    if set.isEmpty { findings.add(reader.node["set"]?.mark ?? node.mark, "`set` names no attribute") }
    for entry in reader.node["set"]?.mapping ?? [] where names.contains(where: { Text.equal($0, entry.key.text) }) {
      findings.add(entry.key.mark, "`\(entry.key.text)` is a key attribute, which never changes")
    }
    if case .some(.none) = condition { return nil }
    return .update(table: table, key: key, set: set, condition: condition ?? nil)
  }

  /// DynamoDB's condition grammar over the attributes of the item that is there, with literals, and `:name` for a value of the transition.
  private func readCondition(_ node: YAMLNode, _ values: inout TransitionValues) -> ConditionTemplate? {
    guard let source = findings.text(node, "a condition"),
      let text = findings.found(node, { () throws(SyntaxFailure) in try ConditionText(source, findings) })
    else { return nil }
    var all = values
    var inputs: [(placeholder: String, input: Int)] = []
    let read = findings.found(node) { () throws(SyntaxFailure) -> PortableCondition? in
      let condition: PortableCondition
      do throws(ExpressionError) {
        condition = try PortableCondition(pipeline: text.text)
      } catch {
        throw SyntaxFailure(offset: text.sourceOffset(error.offset), message: "the condition cannot be read: \(error.reason)")
      }
      for name in condition.values {
        let place = text.text.firstRange(of: ":\(name)").map {
          text.text.utf8.distance(from: text.text.startIndex, to: $0.lowerBound)
        }
        let path = ExpressionSyntax.path(.init(attribute: name), offset: text.sourceOffset(place ?? 0))
        inputs.append((":\(name)", try all.input(path, in: node)))
      }
      return condition
    }
    values = all
    return read.map {
      ConditionTemplate(source: text.text, text: $0.text, names: $0.names, literals: $0.literals, inputs: inputs)
    }
  }

  // MARK: Messages

  /// `{ url: 'https://hooks.example.org/rooms/{room}', headers: { X-Room: '{room}' }, body: { room: room } }`
  private func readWebhook(_ node: YAMLNode, _ values: inout TransitionValues) -> ActionTemplate? {
    guard let reader = MappingReader(node, Grammar.webhook, findings) else { return nil }
    var url: TextTemplate?
    if let node = reader.require("url"), let text = values.text(node) {
      url = text
      checkURL(text, node)
    }
    var headers: [(name: String, value: TextTemplate)] = []
    for entry in reader.entries("headers") {
      if let problem = HeaderNames.problem(entry.key.text) { findings.add(entry.key.mark, problem) }
      if headers.contains(where: { $0.name.lowercased() == entry.key.text.lowercased() }) {
        findings.add(entry.key.mark, "the header `\(entry.key.text)` is given twice")
      }
      if let value = values.text(entry.value) { headers.append((entry.key.text, value)) }
    }
    let body = reader.require("body").flatMap { values.value($0) }
    guard let url, let body else { return nil }
    return .webhook(url: url, headers: headers, body: body)
  }

  private func checkURL(_ url: TextTemplate, _ node: YAMLNode) {
    guard case .text(let start)? = url.parts.first else {
      findings.add(node.mark, "scheme and host are the same for all: a URL begins with `https://host/`")
      return
    }
    do throws(WebhookAddress.Problem) {
      _ = try WebhookAddress(url: start, isBeginning: url.parts.count > 1)
      for case .text(let text) in url.parts.dropFirst() { _ = try WebhookAddress(url: "https://h/\(text)") }
    } catch {
      findings.add(node.mark, error.reason)
    }
  }

  /// `{ name: project-mails, key: projectkey, value: { project: projectkey } }`
  private func readTopic(_ node: YAMLNode, _ values: inout TransitionValues) -> ActionTemplate? {
    guard let reader = MappingReader(node, Grammar.topic, findings) else { return nil }
    _ = reader.require("name")
    let name = reader.literal("name", [.text])
    if let (text, node) = name {
      let isName =
        (1...249).contains(text.utf8.count) && text != "." && text != ".."
        && text.utf8.allSatisfy { byte in
          (byte | 32 >= 97 && byte | 32 <= 122) || (byte >= 48 && byte <= 57) || "._-".utf8.contains(byte)
        }
      if !isName {
        findings.add(
          node.mark, "`\(text)` cannot be the name of a Kafka topic: 1 to 249 letters, digits, `.`, `_` and `-`, the same for all"
        )
      }
    }
    let key = reader.take("key").map { values.value($0) }
    let value = reader.require("value").flatMap { values.value($0) }
    guard let name, let value else { return nil }
    if case .some(.none) = key { return nil }
    return .topic(name: name.text, key: key ?? nil, value: value)
  }

  /// `{ to: email, subject: 'Added to {project}', text: 'You are a member of {project} now.' }`
  private func readMail(_ node: YAMLNode, _ values: inout TransitionValues) -> ActionTemplate? {
    guard let reader = MappingReader(node, Grammar.mail, findings) else { return nil }
    var to: [ValueTemplate] = []
    _ = reader.require("to")
    for node in reader.elements("to") {
      guard let template = values.value(node) else { continue }
      switch template {
      case .object, .list: findings.add(node.mark, "a recipient is a value, or a list of values")
      case .literal(let value):
        if !ActionTemplate.isAddress(value.description) {
          findings.add(node.mark, "`\(value)` is not the address of a recipient, as `ana@example.org`")
        }
      case .input, .text: break
      }
      to.append(template)
    }
    let subject = reader.require("subject").flatMap { values.text($0) }
    let text = reader.require("text").flatMap { values.text($0) }
    guard let subject, let text else { return nil }
    return .mail(to: to, subject: subject, text: text)
  }

  // MARK: Types

  /// Whether the attributes of keys can be of their types.
  func check(_ template: ActionTemplate, at node: YAMLNode, _ values: TransitionValues, _ trigger: Effect.Trigger) {
    let (table, members, key): (TableIndex, [ActionTemplate.Member], String)
    switch template {
    case .put(let written, let item, _): (table, members, key) = (written, item, "item")
    case .update(let written, let of, _, _): (table, members, key) = (written, of, "key")
    case .webhook, .topic, .mail: return
    }
    for attribute in tables[table].definition.key.attributes {
      guard let member = members.first(where: { Text.equal($0.name, attribute.name) }),
        let type = type(of: member.value, values, trigger), type != attribute.type
      else { continue }
      let mark = node[key]?[attribute.name]?.mark ?? node.mark
      findings.add(mark, "the key attribute `\(attribute.name)` is \(attribute.type.word), and this is \(type.word)")
    }
  }

  /// What a value is as a key; nil where it cannot be one, or nobody knows.
  private func type(of template: ValueTemplate, _ values: TransitionValues, _ trigger: Effect.Trigger) -> KeyType? {
    let type: ValueType?
    switch template {
    case .literal(let value): type = value.type
    case .text: return .string
    case .input(let input): type = values.type(of: input, trigger)
    case .object, .list: return nil
    }
    switch type {
    case .string, .timestamp: return .string
    case .integer, .decimal: return .number
    case .bytes: return .binary
    case .boolean, .json, nil: return nil
    }
  }
}

extension KeyType {
  fileprivate var word: String {
    switch self {
    case .string: "a string"
    case .number: "a number"
    case .binary: "bytes"
    }
  }
}

/// The headers that a pipeline file may give a webhook.
enum HeaderNames {
  /// Those that the program sets, or that the transfer needs.
  private static let own: Set<String> = [
    "content-type", "content-length", "transfer-encoding", "host", "connection", "expect", "te", "trailer", "upgrade",
    "idempotency-key", "webhook-id", "webhook-timestamp", "webhook-signature", "user-agent",
  ]
  private static let secret: Set<String> = ["authorization", "proxy-authorization", "cookie"]

  /// Nil when the name is one that may be given.
  static func problem(_ name: String) -> String? {
    let signs = "!#$%&'*+-.^_`|~".utf8
    let isToken =
      (1...100).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        (byte | 32 >= 97 && byte | 32 <= 122) || (byte >= 48 && byte <= 57) || signs.contains(byte)
      }
    guard isToken else { return "`\(name)` is not the name of a header" }
    if own.contains(name.lowercased()) { return "the header `\(name)` is the program's own" }
    if secret.contains(name.lowercased()) {
      return "`\(name)` is a secret: the file that `--webhook-secrets` names holds it, and not a pipeline file"
    }
    return nil
  }
}
