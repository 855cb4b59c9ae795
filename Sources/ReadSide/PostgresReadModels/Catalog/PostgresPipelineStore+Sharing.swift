internal import Postgres
package import ReadModels

/// What processes agree on that share a pipeline's store: who leads a generation, and when nobody may write it.
extension PostgresPipelineStore {
  /// So many seconds after nobody leads a generation any more its workers are gone: between two leaders there is a moment without one.
  static let absenceMax = 10

  package func lead(_ generation: Generation, for lease: Duration) throws(ReadModelError) -> Bool {
    try session.run { connection in
      try connection.run(
        """
        INSERT INTO leads (generation, worker, until) SELECT number, $2, clock_timestamp() + $3 * interval '1 millisecond' FROM generations
        WHERE number = $1
        ON CONFLICT (generation) DO UPDATE SET worker = excluded.worker, until = excluded.until
        WHERE leads.worker = excluded.worker OR leads.until <= clock_timestamp()
        """, .bigint(generation.number), .text(database.worker), .bigint(lease.milliseconds)
      ).changes == 1
    }
  }

  package func stopLeading(_ generation: Generation) throws(ReadModelError) {
    try session.run { connection in
      _ = try connection.run(
        "UPDATE leads SET until = clock_timestamp() WHERE generation = $1 AND worker = $2", .bigint(generation.number),
        .text(database.worker))
    }
  }

  package func freeze(_ generation: Generation, for limit: Duration) throws(ReadModelError) {
    try session.transaction { connection in
      // Whoever takes a lane reads this row under a lock: it comes before the new epochs, or not at all.
      try connection.run(
        "UPDATE generations SET frozen_until = clock_timestamp() + $2 * interval '1 millisecond' WHERE number = $1",
        .bigint(generation.number), .bigint(limit.milliseconds))
      let schema = database.schema(of: generation)
      guard try PostgresGeneration.isThere(schema, connection) else { return }
      let identifier = PostgresConnection.identifier(schema)
      try connection.execute(
        """
        UPDATE \(identifier)._decided SET time = time + 1 WHERE projection = \(PostgresGeneration.epochRow);
        UPDATE \(identifier)._lanes AS l SET epoch = l.epoch + 1 FROM (SELECT table_name, partition FROM \(identifier)._lanes
        ORDER BY table_name, partition FOR UPDATE) AS locked WHERE l.table_name = locked.table_name AND l.partition = locked.partition
        """)
    }
  }

  package func thaw(_ generation: Generation) throws(ReadModelError) {
    try session.run { connection in
      _ = try connection.run("UPDATE generations SET frozen_until = NULL WHERE number = $1", .bigint(generation.number))
    }
  }
}

extension Duration {
  /// Cut off.
  var milliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
}
