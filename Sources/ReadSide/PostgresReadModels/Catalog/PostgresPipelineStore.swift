internal import ChangeRecords
internal import DynamoModel
internal import Foundation
internal import Pipelines
internal import Postgres
internal import Projections
package import ReadModels

/// A pipeline's store in its schema: the catalogue of generations, activations, pauses, the ledger.
///
/// Not `Sendable`: one thread at a time. Any number of processes may have one open.
package final class PostgresPipelineStore: PipelineStore {
  let database: PostgresDatabase
  let name: String
  let session: PostgresSession

  /// Of the catalogue's layout.
  static let version: Int64 = 3

  package init(_ database: PostgresDatabase, name: String) throws(ReadModelError) {
    self.database = database
    self.name = name
    let schema = database.schema(name)
    session = PostgresSession(database.settings, schema: schema)
    try session.transaction { connection in
      try connection.run("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", .text(schema))
      let own = StoreSchema(schema)
      if try !own.has("catalog", column: "version", connection) {
        try own.make(connection)
        try connection.execute(PostgresPipelineStore.tables.joined(separator: ";\n"))
      }
      let version = try connection.integer("SELECT version FROM catalog") ?? 0
      guard version == PostgresPipelineStore.version else {
        throw ReadModelError.otherCatalogue(
          path: session.place, found: "\(version)", known: Int(PostgresPipelineStore.version),
          schemas: "the schemas \(schema) and \(schema).1, .2 and so on")
      }
    }
  }

  private static let tables = [
    "CREATE TABLE catalog (version bigint NOT NULL)", "INSERT INTO catalog VALUES (\(version))",
    // `pipeline_file` is the text of the file that the generation is built by. Until `frozen_until` nobody takes its lanes.
    """
    CREATE TABLE generations (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, fingerprint text NOT NULL, state text NOT NULL,
    pipeline_file text NOT NULL, frozen_until timestamptz)
    """,
    // Which process leads a generation, until when.
    "CREATE TABLE leads (generation bigint PRIMARY KEY, worker text NOT NULL, until timestamptz NOT NULL)",
    "CREATE TABLE effects (name text COLLATE \"C\" PRIMARY KEY, is_paused boolean NOT NULL)",
    """
    CREATE TABLE activations (name text COLLATE "C" NOT NULL, table_id text COLLATE "C" NOT NULL, partition bigint NOT NULL,
    sequence bigint NOT NULL, watermark bigint NOT NULL, PRIMARY KEY (name, table_id, partition))
    """, "CREATE TABLE sent (key_id bytea PRIMARY KEY, at bigint NOT NULL)",
    "CREATE INDEX sent_at ON sent (at)",
    // What the processes say of their work. A lane's row is its owner's; `retention` -1 and `stopped` '' stand for null.
    """
    CREATE TABLE lane_reports (generation bigint NOT NULL, table_name text COLLATE "C" NOT NULL, partition bigint NOT NULL, worker text NOT NULL,
    at timestamptz NOT NULL, sequence bigint NOT NULL, behind bigint NOT NULL, watermark bigint NOT NULL, dead_letters bigint NOT NULL,
    retention bigint NOT NULL, stopped text NOT NULL, PRIMARY KEY (generation, table_name, partition)) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE worker_reports (worker text COLLATE "C" PRIMARY KEY, at timestamptz NOT NULL, stopped text[] NOT NULL, held_generation bigint[] NOT NULL,
    held_projection text[] NOT NULL, held_table text[] NOT NULL, held_partition bigint[] NOT NULL, held_waiting bigint[] NOT NULL)
    WITH (fillfactor = 50)
    """,
  ]

  package func activate(_ names: [String], at places: [LogPlace]) throws(ReadModelError) {
    try session.transaction { connection in
      // Another process may activate at the same time: once.
      try connection.execute("LOCK TABLE effects IN SHARE ROW EXCLUSIVE MODE")
      var known: Set<String> = []
      try connection.forEach("SELECT name FROM effects") { rows, row in known.insert(rows.text(row, 0) ?? "") }
      let ended = PostgresValue.texts(known.subtracting(names).sorted())
      try connection.run("DELETE FROM effects WHERE name = ANY($1::text[])", ended)
      try connection.run("DELETE FROM activations WHERE name = ANY($1::text[])", ended)
      let new = Set(names).subtracting(known).sorted()
      try connection.run("INSERT INTO effects (name, is_paused) SELECT n, false FROM unnest($1::text[]) AS u (n)", .texts(new))
      for place in places {
        try connection.run(
          """
          INSERT INTO activations (name, table_id, partition, sequence, watermark) SELECT n, $2, $3, $4, $5 FROM unnest($1::text[]) AS u (n)
          ON CONFLICT (name, table_id, partition) DO UPDATE SET sequence = excluded.sequence, watermark = excluded.watermark
          """, .texts(new), .text(place.tableID.description), .bigint(place.partition), .sequence(place.sequence),
          .instant(place.watermark))
      }
    }
  }

  package func activations() throws(ReadModelError) -> Activations {
    try session.run { connection in
      var all = Activations()
      try connection.forEach(
        """
        SELECT e.name, a.table_id, a.partition, a.sequence, a.watermark FROM effects e LEFT JOIN activations a ON a.name = e.name
        ORDER BY e.name, a.table_id, a.partition
        """
      ) { rows, row in
        let name = rows.text(row, 0) ?? ""
        all.add(name, nil)
        if rows.isNull(row, 1) { return }
        guard let tableID = TableID(rows.text(row, 1) ?? "") else { throw StateError() }
        all.add(
          name,
          LogPlace(
            tableID: tableID, partition: Int(rows.int64(row, 2)), sequence: rows.sequence(row, 3), watermark: rows.instant(row, 4)
          ))
      }
      return all
    }
  }

  package func paused() throws(ReadModelError) -> Set<String> {
    try session.run { connection in
      var names: Set<String> = []
      try connection.forEach("SELECT name FROM effects WHERE is_paused") { rows, row in names.insert(rows.text(row, 0) ?? "") }
      return names
    }
  }

  package func setPaused(_ effect: String, _ isPaused: Bool) throws(ReadModelError) -> Bool {
    try session.run { connection in
      try connection.run("UPDATE effects SET is_paused = $2 WHERE name = $1", .text(effect), .boolean(isPaused)).changes > 0
    }
  }

  package func sent(among idempotencyKeys: [String]) throws(ReadModelError) -> [String] {
    if idempotencyKeys.isEmpty { return [] }
    return try session.run { connection in
      var found: Set<[UInt8]> = []
      let ids = idempotencyKeys.map { BoundedKey.id($0) }
      try connection.forEach("SELECT key_id FROM sent WHERE key_id = ANY($1::bytea[])", .blobs(ids)) { rows, row in
        found.insert(rows.bytes(row, 0) ?? [])
      }
      return zip(idempotencyKeys, ids).filter { found.contains($1) }.map(\.0)
    }
  }

  package func recordSent(_ idempotencyKeys: [String], at time: Int64) throws(ReadModelError) {
    if idempotencyKeys.isEmpty { return }
    try session.transaction { connection in
      try connection.run(
        """
        INSERT INTO sent (key_id, at) SELECT k, $2 FROM unnest($1::bytea[]) AS u (k) ON CONFLICT (key_id) DO NOTHING
        """, .blobs(idempotencyKeys.map { BoundedKey.id($0) }.sorted(by: Bytes.less)), .bigint(time))
      let (oldest, overflow) = time.subtractingReportingOverflow(ReadModelLimits.ledgerAgeMax)
      if !overflow { try connection.run("DELETE FROM sent WHERE at < $1", .bigint(oldest)) }
    }
  }
}
