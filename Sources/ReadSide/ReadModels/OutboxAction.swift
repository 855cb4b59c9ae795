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
  }

  package struct Rows: Sendable {
    package let projection: String
    package let table: String
    package let equals: [(column: String, value: [UInt8])]
  }

  package let kind: Kind

  /// What effects go one after the other for: the table and key of an item, or the rows that are chosen.
  package var target: String {
    var writer = JSONWriter()
    switch kind {
    case .deleteItem(let table, let key, _, _):
      writer.beginArray()
      writer.string(table)
      writer.item(key)
      writer.endArray()
    case .deleteRows: return json
    }
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// The action as the outbox keeps it: by the names of tables, projections and columns, which outlive the pipeline's indexes.
  package init(_ entry: OutboxEntry, _ pipeline: Pipeline) {
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
    }
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  package init?(json text: String) {
    guard let tape = try? JSONTape(Array(text.utf8)) else { return nil }
    let root = tape.root
    if let table = tape.member(root, "deleteItem"), let key = tape.member(root, "key").flatMap({ try? Item(json: tape, $0) }),
      let seen = tape.member(root, "seen").flatMap({ try? Item(json: tape, $0) }),
      let through = tape.member(root, "seenThrough").flatMap({ Position(tape.string($0)) })
    {
      kind = .deleteItem(table: tape.string(table), key: key, seen: seen, seenThrough: through)
      return
    }
    guard let list = tape.member(root, "deleteRows") else { return nil }
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
    kind = .deleteRows(all)
  }
}
