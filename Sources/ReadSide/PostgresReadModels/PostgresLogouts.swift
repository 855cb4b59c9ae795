internal import Postgres
package import ReadModels

/// Logouts of pages, as the processes of a namespace tell each other of them: a table in a schema of its own, `<namespace>._sessions`.
///
/// Not `Sendable`: one thread at a time.
package final class PostgresLogouts {
  /// A session by its number, and when it ends by itself, in milliseconds since 1970.
  package typealias Logout = (number: String, expires: Int64)

  private let session: PostgresSession
  private let schema: StoreSchema
  private var isPrepared = false

  /// Those that end last are kept; the others were deleted in their browsers anyway.
  package static let logoutsMax = 10_000
  /// So long after its end one is forgotten: clocks of machines differ.
  private static let keptMilliseconds = 3_600_000

  /// No pipeline has this name.
  private static let name = "_sessions"

  /// Connects when first asked for something.
  package init(_ database: PostgresDatabase) {
    schema = StoreSchema(database.schema(PostgresLogouts.name))
    session = PostgresSession(database.settings, schema: schema.name)
  }

  /// Adds logouts to those that are known, and gives all.
  package func exchange(_ new: [Logout]) throws(ReadModelError) -> [Logout] {
    do throws(ReadModelError) {
      return try exchangeOnce(new)
    } catch {
      // What was made may not be there: it was not committed, or the server was replaced by another.
      isPrepared = false
      throw error
    }
  }

  private func exchangeOnce(_ new: [Logout]) throws(ReadModelError) -> [Logout] {
    try session.transaction { connection in
      if !isPrepared { try prepare(connection) }
      if !new.isEmpty {
        try connection.run(
          "INSERT INTO ended SELECT * FROM unnest($1::text[], $2::bigint[]) ON CONFLICT (number) DO NOTHING",
          .texts(new.map(\.number)), .bigints(new.map(\.expires)))
        try connection.execute(
          """
          DELETE FROM ended WHERE expires < extract(epoch FROM clock_timestamp()) * 1000 - \(PostgresLogouts.keptMilliseconds)
          OR number IN (SELECT number FROM ended ORDER BY expires DESC OFFSET \(PostgresLogouts.logoutsMax))
          """)
      }
      var all: [Logout] = []
      try connection.forEach("SELECT number, expires FROM ended ORDER BY expires, number") { rows, row in
        all.append((rows.text(row, 0) ?? "", rows.int64(row, 1)))
      }
      return all
    }
  }

  private func prepare(_ connection: PostgresConnection) throws {
    try connection.run("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", .text(schema.name))
    if try !schema.has("ended", column: "expires", connection) {
      try schema.make(connection)
      try connection.execute(#"CREATE TABLE ended (number text COLLATE "C" PRIMARY KEY, expires bigint NOT NULL)"#)
    }
    isPrepared = true
  }

  package func close() { session.close() }
}
