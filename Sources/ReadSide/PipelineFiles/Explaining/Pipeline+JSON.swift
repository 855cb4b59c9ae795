package import DynamoModel
package import Pipelines
internal import SQLiteReadModels

extension Pipeline {
  /// The pipeline as JSON: for `pipeline show -o json` and for the page.
  package func writeJSON(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("pipeline")
    writer.string(name)
    writer.name("about")
    writer.string(about)
    writer.name("fingerprint")
    writer.string(fingerprint)
    writer.name("tables")
    writer.beginArray()
    for table in tables { writeTable(table, to: &writer) }
    writer.endArray()
    writer.name("items")
    writer.beginArray()
    for item in items { writeItem(item, to: &writer) }
    writer.endArray()
    writer.name("projections")
    writer.beginArray()
    for projection in projections { writeProjection(projection, to: &writer) }
    writer.endArray()
    writer.name("effects")
    writer.beginArray()
    for effect in effects { writeNamed(effect.name, effect.about, sentence(effect), to: &writer) }
    writer.endArray()
    writer.name("queries")
    writer.beginArray()
    for query in queries { writeQuery(query, to: &writer) }
    writer.endArray()
    writer.name("dashboard")
    writer.beginArray()
    for tile in dashboard { writer.string(tile.title) }
    writer.endArray()
    writer.endObject()
  }

  private func writeTable(_ table: PipelineTable, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("name")
    writer.string(table.name)
    writer.name("key")
    writer.beginArray()
    for attribute in table.definition.key.attributes { writer.string(attribute.name) }
    writer.endArray()
    writer.name("reads")
    writer.beginArray()
    for attribute in table.attributeNames { writer.string(attribute) }
    writer.endArray()
    writer.name("private")
    writer.beginArray()
    for attribute in table.definition.privateAttributes { writer.string(attribute) }
    writer.endArray()
    writer.endObject()
  }

  private func writeItem(_ item: ItemRule, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("name")
    writer.string(item.name)
    writer.name("table")
    writer.string(tables[item.table].name)
    writer.name("fields")
    writer.beginArray()
    for field in item.fields {
      writer.beginObject()
      writer.name("name")
      writer.string(field.name)
      writer.name("type")
      writer.string(field.type.rawValue)
      writer.name("optional")
      writer.bool(field.isOptional)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }

  private func writeProjection(_ projection: Projection, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("name")
    writer.string(projection.name)
    writer.name("kind")
    writer.string(ProjectionKindRegistry.kind(of: projection, in: self)?.keyword ?? "")
    writer.name("about")
    writer.string(projection.about)
    writer.name("does")
    writer.string(sentence(projection))
    writer.name("over_items")
    writer.bool(projection.isOverItems)
    writer.name("fingerprint")
    writer.string(projection.fingerprint)
    writer.name("columns")
    writer.beginArray()
    for column in projection.table.columns {
      writer.beginObject()
      writer.name("name")
      writer.string(column.name)
      writer.name("type")
      writer.string(column.type.rawValue)
      writer.name("nullable")
      writer.bool(column.isNullable)
      writer.endObject()
    }
    writer.endArray()
    writer.name("sql")
    writer.beginArray()
    for statement in projection.table.createStatements { writer.string(statement) }
    writer.endArray()
    writer.endObject()
  }

  private func writeNamed(_ name: String, _ about: String, _ does: String, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("name")
    writer.string(name)
    writer.name("about")
    writer.string(about)
    writer.name("does")
    writer.string(does)
    writer.endObject()
  }

  private func writeQuery(_ query: NamedQuery, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.name("name")
    writer.string(query.name)
    writer.name("about")
    writer.string(query.about)
    writer.name("params")
    writer.beginArray()
    for parameter in query.parameters {
      writer.beginObject()
      writer.name("name")
      writer.string(parameter.name)
      writer.name("type")
      writer.string(parameter.type.rawValue)
      writer.name("required")
      writer.bool(parameter.default == nil && !parameter.isOptional)
      for (name, value) in [("default", parameter.default), ("least", parameter.least), ("greatest", parameter.greatest)] {
        guard let value, !value.isNull else { continue }
        writer.name(name)
        writer.string(value.description)
      }
      writer.endObject()
    }
    writer.endArray()
    writer.name("columns")
    writer.beginArray()
    for column in query.columns { writer.string(column) }
    writer.endArray()
    writer.name("sql")
    writer.string(query.sql)
    writer.endObject()
  }
}
