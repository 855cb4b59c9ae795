internal import DynamoModel
package import Pipelines
internal import Postgres
package import ReadModels

/// What a check reads: digests, rows as they stand, and what the server knows to be wrong.
extension PostgresReader {
  package func digests() throws -> [Digest] {
    try read { connection in
      var digests = pipeline.projections.map { _ in Digest() }
      try connection.forEach("SELECT projection, rows, sum FROM _digests") { rows, row in
        let index = Int(rows.int64(row, 0))
        guard digests.indices.contains(index), let kept = Digest(rows: Int(rows.int64(row, 1)), sum: rows.bytes(row, 2) ?? [])
        else { throw ReaderError.failed("a digest of the read model does not decode") }
        digests[index] += kept
      }
      return digests
    }
  }

  package func storedRows(_ projection: ProjectionID, row: (StoredRow) throws -> Void) throws {
    let form = tables[projection.rawValue]
    let order = form.key.map { "t.\(form.columns[$0].quoted)" }.joined(separator: ", ")
    let sql = "SELECT \(form.readColumns), t.\(RowHash.columnName) FROM \(form.name) t ORDER BY \(order)"
    try read { connection in
      try connection.copy(sql) { found in
        let values = form.columns.enumerated().map { $1.value(found, 0, $0) }
        try row(StoredRow(values: values, hash: found.bytes(0, values.count) ?? []))
      }
    }
  }

  package func storageFaults(limit: Int) throws -> [String] {
    try read { connection in
      let rows = try connection.run(
        """
        SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = current_schema() AND NOT (i.indisvalid AND i.indisready) ORDER BY 1 LIMIT $1
        """, .bigint(limit))
      return (0..<rows.count).map { "PostgreSQL: the index \(rows.text($0, 0) ?? "") is not valid" }
    }
  }
}
