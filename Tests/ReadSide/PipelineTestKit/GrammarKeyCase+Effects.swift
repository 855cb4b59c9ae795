/// Keys of what effects write and send.
extension GrammarKeyCase {
  /// A file with an effect `out` of each play that is inserted.
  private static func out(_ effect: String, each: String = "play inserted") -> String {
    file(count, "effects: { out: { each: \(each), \(effect) } }")
  }

  /// A step that puts a play and sees what one effect of it did.
  private static func sees(_ action: String) -> String { putOne + "    effects: [{ effect: out, \(action) }]\n" }

  private static let hook = "webhook: { url: 'https://h.example/p', body: { n: n } }"
  private static let letter = "to: 'a@x.org', subject: Play, text: It is"
  private static let unanswered = "PK: 'B:{name}', SK: 'x'"

  static let effects: [GrammarKeyCase] = [
    .init(
      "an effect", "put", .findings, out("«put: { table: Tab, item: { \(unanswered) } }»")),
    .init("an effect", "update", .findings, out("«update: { table: Tab, key: { \(unanswered) }, set: { a: 1 } }»")),
    .init("an effect", "webhook", .findings, out("«\(hook)»")),
    .init("an effect", "topic", .findings, out("«topic: { name: plays, value: { n: n } }»")),
    .init("an effect", "mail", .findings, out("«mail: { \(letter) }»")),
    .init("an effect", "per hour", .told, out("\(hook)«, per hour: 3»")),
    .init(
      "an effect", "idempotency key", .rows, out("\(hook)«, idempotency key: name»"),
      putTwo + "    effects: [{ effect: out }]\n"),
    .init("an effect", "order by", .told, out("\(hook)«, order by: name»")),

    .init("`put`", "table", .findings, out("put: { «table: Tab, »item: { \(unanswered) } }")),
    .init("`put`", "item", .findings, out("put: { table: Tab«, item: { \(unanswered) }» }")),
    .init(
      "`put`", "when", .rows,
      out("put: { table: Tab, item: { PK: 'U:{name}', SK: 'bye', A: 1 }«, when: attribute_not_exists(PK)» }"),
      "    put: { Tab: { PK: \"U:ana\", SK: bye } }\n" + "  - advance: 1s\n    put: { Tab: { PK: \"U:ana\", SK: \"1\" } }\n"
        + "    expect: { made: [{ c: 1 }], people: [{ name: ana, _at: 2026-01-01T10:00:00Z }] }\n"),
    .init("`update`", "table", .findings, out("update: { «table: Tab, »key: { \(unanswered) }, set: { a: 1 } }")),
    .init("`update`", "key", .findings, out("update: { table: Tab, «key: { \(unanswered) }, »set: { a: 1 } }")),
    .init("`update`", "set", .findings, out("update: { table: Tab, key: { \(unanswered) }«, set: { a: 1 }» }")),
    .init(
      "`update`", "when", .rows,
      out("update: { table: Tab, key: { PK: 'U:{name}', SK: 'bye' }, set: { A: 1 }«, when: attribute_exists(PK)» }"),
      putOne + "    expect: { people: [] }\n"),
    .init(
      "`webhook`", "url", .rows, out("webhook: { url: «'https://h.example/{n}'|'https://h.example/'», body: {} }"),
      sees("webhook: { url: 'https://h.example/1' }")),
    .init(
      "`webhook`", "headers", .rows, out("webhook: { url: 'https://h.example/', «headers: { X-Play: '{n}' }, »body: {} }"),
      sees("webhook: { headers: { X-Play: '1' } }")),
    .init("`webhook`", "body", .findings, out("webhook: { url: 'https://h.example/'«, body: { n: n }» }")),
    .init("`topic`", "name", .findings, out("topic: { «name: plays, »value: { n: n } }")),
    .init(
      "`topic`", "key", .rows, out("topic: { name: plays«, key: name», value: { n: n } }"), sees("topic: { key: ana }")),
    .init("`topic`", "value", .findings, out("topic: { name: plays«, value: { n: n }» }")),
    .init("`mail`", "to", .findings, out("mail: { «to: 'a@x.org', »subject: Play, text: It is }")),
    .init("`mail`", "subject", .findings, out("mail: { to: 'a@x.org'«, subject: Play», text: It is }")),
    .init("`mail`", "text", .findings, out("mail: { to: 'a@x.org', subject: Play«, text: It is» }")),
  ]
}
