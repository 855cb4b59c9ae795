package import DynamoModel
package import Pipelines
internal import SQLiteReadModels

extension Pipeline {
  /// The pipeline as JSON: for `pipeline show -o json` and for the page.
  package func writeJSON(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("pipeline", name)
    writer.member("about", about)
    writer.member("fingerprint", fingerprint)
    writer.name("parameters")
    writer.array(parameters) { writer, parameter in
      writer.beginObject()
      writer.member("name", parameter.name)
      writer.member("type", parameter.kind.rawValue)
      writer.member("value", parameter.value)
      writer.member("file_value", parameter.fileValue)
      writer.endObject()
    }
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
    writer.name("metrics")
    writer.beginArray()
    for metric in metrics { writeMetric(metric, to: &writer) }
    writer.endArray()
    writer.name("dashboard")
    writer.beginArray()
    for tile in dashboard { writer.string(tile.title) }
    writer.endArray()
    writer.endObject()
  }

  private func writeTable(_ table: PipelineTable, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("name", table.name)
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
    writer.member("name", item.name)
    writer.member("table", tables[item.table].name)
    writer.name("fields")
    writer.beginArray()
    for field in item.fields {
      writer.beginObject()
      writer.member("name", field.name)
      writer.member("type", field.type.rawValue)
      writer.member("optional", field.isOptional)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }

  private func writeProjection(_ projection: Projection, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("name", projection.name)
    writer.member("kind", ProjectionKindRegistry.kind(of: projection, in: self)?.keyword ?? "")
    writer.member("about", projection.about)
    writer.member("does", sentence(projection))
    writer.member("over_items", projection.isOverItems)
    writer.member("fingerprint", projection.fingerprint)
    writer.name("columns")
    writer.beginArray()
    for column in projection.table.columns {
      writer.beginObject()
      writer.member("name", column.name)
      writer.member("type", column.type.rawValue)
      writer.member("nullable", column.isNullable)
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
    writer.member("name", name)
    writer.member("about", about)
    writer.member("does", does)
    writer.endObject()
  }

  private func writeQuery(_ query: NamedQuery, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("name", query.name)
    writer.member("about", query.about)
    writer.member("one", query.isOne)
    writer.name("params")
    writer.beginArray()
    for parameter in query.parameters {
      writer.beginObject()
      writer.member("name", parameter.name)
      writer.member("type", parameter.type.rawValue)
      writer.member("required", parameter.default == nil && !parameter.isOptional)
      let limits: [(name: StaticString, value: Value?)] = [
        ("default", parameter.default), ("least", parameter.least), ("greatest", parameter.greatest),
      ]
      for (name, value) in limits {
        if let value, !value.isNull { writer.member(name, value.description) }
      }
      writer.endObject()
    }
    writer.endArray()
    writer.name("columns")
    writer.beginArray()
    for column in query.columnNames { writer.string(column) }
    writer.endArray()
    writeSQL(query.sql, to: &writer)
    writer.endObject()
  }

  private func writeMetric(_ metric: PipelineMetric, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("name", metric.name)
    writer.member("type", metric.kind.rawValue)
    writer.member("help", metric.help)
    writer.name("labels")
    writer.beginArray()
    for label in metric.labels { writer.string(metric.columns[label].name) }
    writer.endArray()
    writer.member("value", metric.columns[metric.value].name)
    writer.member("series", metric.seriesMax)
    writeSQL(metric.sql, to: &writer)
    writer.endObject()
  }

  private func writeSQL(_ sql: QuerySQL, to writer: inout JSONWriter) {
    writer.member("sql", sql.text(for: .sqlite))
    if !sql.isShared { writer.member("sql_postgres", sql.text(for: .postgres)) }
  }
}
