internal import Postgres
package import ReadModels

extension PostgresPipelineStore {
  package func generations() throws(ReadModelError) -> [Generation] { try session.run { try readGenerations($0) } }

  private func readGenerations(_ connection: PostgresConnection) throws -> [Generation] {
    var all: [Generation] = []
    try connection.forEach("SELECT number, fingerprint, state FROM generations ORDER BY number") { rows, row in
      let number = Int(rows.int64(row, 0))
      guard let state = Generation.State(rawValue: rows.text(row, 2) ?? "") else {
        throw ReadModelError.damaged(path: session.place, "the state of generation \(number) does not decode")
      }
      all.append(Generation(number: number, fingerprint: rows.text(row, 1) ?? "", state: state, store: name))
    }
    return all
  }

  package func generation(for fingerprint: String, definition: String) throws(ReadModelError) -> Generation {
    return try change { connection in
      var led: Set<Int> = []
      try connection.forEach(
        "SELECT generation FROM leads WHERE until > clock_timestamp() - $2 * interval '1 second' AND worker <> $1",
        .text(database.worker), .bigint(PostgresPipelineStore.absenceMax)
      ) { rows, row in led.insert(Int(rows.int64(row, 0))) }
      switch GenerationChoice(fingerprint, among: try readGenerations(connection), led: led) {
      case .make: return try make(connection, fingerprint, definition)
      case .wait(let reason): throw ReadModelError.held(reason)
      case .run(let found, let abandoned):
        try drop(connection, abandoned)
        return found
      }
    }
  }

  package func rebuild(_ fingerprint: String, definition: String) throws(ReadModelError) -> Generation {
    return try change { try make($0, fingerprint, definition) }
  }

  /// Changes the catalogue, one process at a time, and then removes the schemas of generations that are no longer in it. A change of unknown outcome is an
  /// error: made twice, it would make two generations.
  private func change<Result>(
    attemptsMax: Int = PostgresSession.attemptsMax, _ body: (PostgresConnection) throws -> Result
  ) throws(ReadModelError) -> Result {
    let unknown = ReadModelError.storage(
      path: session.place, "the connection was lost while the server committed: nobody knows whether the catalogue has changed",
      isFull: false)
    let result = try session.transaction(.becomes(unknown), attemptsMax: attemptsMax) { connection in
      try connection.execute("LOCK TABLE generations IN SHARE ROW EXCLUSIVE MODE")
      return try body(connection)
    }
    removeSchemas()
    return result
  }

  private func drop(_ connection: PostgresConnection, _ generations: some Sequence<Generation>) throws {
    try connection.run(
      "DELETE FROM generations WHERE number = ANY($1::bigint[])", .bigints(generations.map { Int64($0.number) }))
    try connection.execute("DELETE FROM leads WHERE generation NOT IN (SELECT number FROM generations)")
  }

  private func make(
    _ connection: PostgresConnection, _ fingerprint: String, _ file: String
  ) throws -> Generation {
    let all = try readGenerations(connection)
    // One that takes another's place is seen when it has caught up, and not before. What was being built for another definition is given up.
    try drop(connection, all.filter { $0.state == .building })
    let state: Generation.State = all.isEmpty ? .current : .building
    let number = try connection.integer(
      "INSERT INTO generations (fingerprint, state, pipeline_file) VALUES ($1, $2, $3) RETURNING number", .text(fingerprint),
      .text(state.rawValue), .text(file))
    // Until somebody leads it, which may be at once, workers of other definitions take it for one that was led a moment ago: they do not give it up.
    try connection.run(
      "INSERT INTO leads (generation, worker, until) VALUES ($1, $2, clock_timestamp())", .bigint(number ?? 0),
      .text(database.worker))
    return Generation(number: Int(number ?? 0), fingerprint: fingerprint, state: state, store: name)
  }

  package func makeCurrent(_ generation: Generation, inPlaceOf frozen: Generation?) throws(ReadModelError) {
    // The views may have to wait for readers, again and again for a moment.
    try change(attemptsMax: 1_000) { connection in
      if let frozen,
        try connection.run(
          "SELECT 1 FROM generations WHERE number = $1 AND state = 'current' AND frozen_until > clock_timestamp()",
          .bigint(frozen.number)
        ).count == 0
      {
        throw ReadModelError.held("generation \(frozen.number) does not stand still any more")
      }
      try connection.run("UPDATE generations SET state = 'kept', frozen_until = NULL WHERE state = 'current'")
      let changed = try connection.run("UPDATE generations SET state = 'current' WHERE number = $1", .bigint(generation.number))
      guard changed.changes == 1 else {
        throw ReadModelError.storage(path: session.place, "generation \(generation.number) was given up", isFull: false)
      }
      let kept = try readGenerations(connection).filter { $0.state == .kept }
      try drop(connection, kept.dropLast(ReadModelLimits.keptGenerationsMax))
      let schema = database.schema(of: generation)
      // One that nobody has opened yet has nothing to show.
      if try PostgresGeneration.isThere(schema, connection) {
        try PostgresViews(database, store: name).show(schema, connection)
      }
    }
  }

  package func giveUpCurrent() throws(ReadModelError) -> Bool {
    try session.transaction { connection in
      try connection.run("UPDATE generations SET state = 'kept' WHERE state = 'current'").changes > 0
    }
  }

  /// Removes the schemas of generations that are not in the catalogue. Whoever still reads one, or has built on it, holds it back: then it stays until the
  /// next change.
  private func removeSchemas() {
    let prefix = "\(database.schema(name))."
    guard let connection = try? session.connection(), let kept = try? readGenerations(connection).map(\.number),
      let found = try? connection.run("SELECT nspname::text FROM pg_namespace WHERE starts_with(nspname, $1)", .text(prefix))
    else { return }
    for row in 0..<found.count {
      let schema = found.text(row, 0) ?? ""
      guard let number = Int(schema.dropFirst(prefix.count)), !kept.contains(number) else { continue }
      try? connection.transaction { try remove(schema, connection) }
    }
  }

  /// Removes a schema and our tables in it; refused while somebody has built something on them, or made something in it.
  private func remove(_ schema: String, _ connection: PostgresConnection) throws {
    try connection.execute("SET LOCAL lock_timeout = 1000")
    let identifier = PostgresConnection.identifier(schema)
    let found = try connection.run("SELECT tablename::text FROM pg_tables WHERE schemaname = $1", .text(schema))
    let tables = (0..<found.count).map { "\(identifier).\(PostgresConnection.identifier(found.text($0, 0) ?? ""))" }
    if !tables.isEmpty { try connection.execute("DROP TABLE \(tables.joined(separator: ", "))") }
    for statement in PostgresFunctions.removals(in: identifier) { try connection.execute(statement) }
    try connection.execute("DROP SCHEMA \(identifier)")
  }
}
