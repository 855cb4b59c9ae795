package import ChangeRecords
package import DynamoModel
package import Pipelines
package import Projections

/// An effect as the outbox keeps it: JSON that names tables and columns, so that it can be carried out and read without the
/// pipeline that wrote it.
package struct OutboxAction: Sendable {
  package enum Kind: Sendable {
    /// Delete the item if the attributes in `seen` are still so and it was not written after the record at `seenThrough`.
    case deleteItem(table: String, key: Item, seen: Item, seenThrough: Position)
    /// Delete the items from which the rows of `projection` come whose columns equal these, as they were at the effect's instant.
    case deleteRows([Rows])
    /// Write an item, or send a message.
    case carryOut(ResolvedAction)
  }

  package struct Rows: Sendable {
    package let projection: String
    package let table: String
    package let equals: [(column: String, value: [UInt8])]
  }

  package let kind: Kind
  /// What it goes one after the other for, in place of its own target.
  package let sequence: String?
  /// Which item, session or board it is of: what the limit of its effect counts by. Nil where there is none.
  package let subject: String?

  private init(_ kind: Kind, sequence: String?, subject: String?) {
    self.kind = kind
    self.sequence = sequence
    self.subject = subject
  }

  /// What effects go one after the other for: what their file says, else the table and key of an item, the rows that are chosen, or to whom a message goes.
  package var target: String {
    var writer = JSONWriter()
    writer.beginArray()
    if let sequence {
      writer.string("order by")
      writer.string(sequence)
    } else {
      switch kind {
      case .deleteItem(let table, let key, _, _):
        writer.string(table)
        writer.item(key)
      case .deleteRows: return json
      case .carryOut(let action): action.writeTarget(to: &writer)
      }
    }
    writer.endArray()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// The action as the outbox keeps it: by the names of tables, projections and columns, which outlive the pipeline's indexes.
  package init(_ entry: OutboxEntry, _ pipeline: Pipeline) {
    sequence = entry.sequence
    subject = entry.subject
    switch entry.action {
    case .deleteItem(let table, let key, let seen, let through):
      kind = .deleteItem(table: pipeline.tables[table].name, key: key, seen: seen, seenThrough: through)
    case .deleteRows(let rows):
      kind = .deleteRows(
        rows.map { rows in
          let projection = pipeline.projections[rows.projection]
          return Rows(
            projection: projection.name, table: pipeline.tables[rows.table].name,
            equals: rows.equals.map { (projection.table.columns[$0.column].sortName, Value.ordered(CollectionOfOne($0.value))) })
        })
    case .carryOut(let action): kind = .carryOut(action)
    }
  }

  package var json: String {
    var writer = JSONWriter()
    writer.beginObject()
    switch kind {
    case .deleteItem(let table, let key, let seen, let seenThrough):
      writer.member("deleteItem", table)
      writer.name("key")
      writer.item(key)
      writer.name("seen")
      writer.item(seen)
      writer.member("seenThrough", seenThrough.description)
    case .deleteRows(let all):
      writer.name("deleteRows")
      writer.array(all) { writer, rows in
        writer.beginObject()
        writer.member("projection", rows.projection)
        writer.member("table", rows.table)
        writer.name("equals")
        writer.beginObject()
        for (column, value) in rows.equals {
          writer.name(text: column)
          writer.base64(value)
        }
        writer.endObject()
        writer.endObject()
      }
    case .carryOut(let action): action.writeMember(to: &writer)
    }
    if let sequence { writer.member("sequence", sequence) }
    if let subject { writer.member("subject", subject) }
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  package init?(json text: String) {
    guard let tape = try? JSONTape(Array(text.utf8)), let kind = OutboxAction.kind(tape) else { return nil }
    func member(_ name: String) -> String? { tape.member(tape.root, name).map { tape.string($0) } }
    self.init(kind, sequence: member("sequence"), subject: member("subject"))
  }

  private static func kind(_ tape: JSONTape) -> Kind? {
    let root = tape.root
    guard tape.kind(root) == .object else { return nil }
    if let table = tape.member(root, "deleteItem"), let key = tape.member(root, "key").flatMap({ try? Item(json: tape, $0) }),
      let seen = tape.member(root, "seen").flatMap({ try? Item(json: tape, $0) }),
      let through = tape.member(root, "seenThrough").flatMap({ Position(tape.string($0)) })
    {
      return .deleteItem(table: tape.string(table), key: key, seen: seen, seenThrough: through)
    }
    if let list = tape.member(root, "deleteRows") { return .deleteRows(rows(tape, list)) }
    return ResolvedAction(tape).map { .carryOut($0) }
  }

  private static func rows(_ tape: JSONTape, _ list: Int) -> [Rows] {
    var all: [Rows] = []
    tape.forEachElement(list) { element in
      var equals: [(column: String, value: [UInt8])] = []
      if let members = tape.member(element, "equals") {
        tape.forEachMember(members) { name, value in
          equals.append((tape.string(name), Base64.decode(Array(tape.string(value).utf8)) ?? []))
        }
      }
      if let projection = tape.member(element, "projection"), let table = tape.member(element, "table") {
        all.append(Rows(projection: tape.string(projection), table: tape.string(table), equals: equals))
      }
    }
    return all
  }
}
