internal import Postgres

/// The right to work on the read models of some pipelines in a database: one process has it, for as long as it is connected.
///
/// What two workers commit is safe without it, because whoever takes a lane fences the other; but they would take it from each other without end, and
/// carry out each other's effects again. Not `Sendable`: one thread at a time.
package final class WorkerClaim {
  /// Why the right is not had.
  package enum Refusal: Error, Equatable, CustomStringConvertible {
    /// Another process has it for a pipeline; `holder` is what the server says of that.
    case held(pipeline: String, holder: String)
    /// The server cannot be asked.
    case unavailable(String)

    package var description: String {
      switch self {
      case .held(let pipeline, let holder):
        "another process works on the read models of \(pipeline) in this database (\(holder)): stop that one, or give this one another role, such as "
          + "`query`"
      case .unavailable(let reason): reason
      }
    }
  }

  private let database: PostgresDatabase
  private let pipelines: [String]
  private var connection: PostgresConnection?

  /// Takes nothing yet.
  package init(_ database: PostgresDatabase, pipelines: [String]) {
    self.database = database
    self.pipelines = pipelines.sorted()
  }

  /// Looks whether the right is still there, and takes it where it is not: at the first call, and after the connection was lost. O(pipelines) then, else
  /// one round trip.
  package func take() throws(Refusal) {
    do throws(PostgresError) {
      if let connection, !connection.isBroken, try connection.run("SELECT 1").count == 1 { return }
    } catch {
      connection?.close()
      connection = nil
    }
    let refusal: Refusal?
    do throws(PostgresError) {
      refusal = try takeAnew()
    } catch {
      refusal = .unavailable(error.message)
    }
    guard let refusal else { return }
    close()
    throw refusal
  }

  /// Nil when all were had.
  private func takeAnew() throws(PostgresError) -> Refusal? {
    let made = try PostgresConnection(database.settings)
    connection = made
    for pipeline in pipelines {
      let isTaken = try made.run("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", .text(key(pipeline))).boolean(0, 0)
      if !isTaken { return .held(pipeline: pipeline, holder: try holder(of: pipeline, made)) }
    }
    return nil
  }

  private func key(_ pipeline: String) -> String { "\(database.schema(pipeline)) worker" }

  private func holder(of pipeline: String, _ connection: PostgresConnection) throws(PostgresError) -> String {
    let rows = try connection.run(
      """
      SELECT coalesce(a.application_name, '?') || coalesce(' from ' || host(a.client_addr), '') || ', connected since '
        || to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
      FROM (SELECT hashtextextended($1, 0) AS key) k
      JOIN pg_locks l ON l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.classid::bigint = (k.key >> 32) & 4294967295 AND l.objid::bigint = k.key & 4294967295
      JOIN pg_stat_activity a ON a.pid = l.pid
      """, .text(key(pipeline)))
    return rows.count > 0 ? rows.text(0, 0) ?? "" : "it has left meanwhile"
  }

  package func close() {
    connection?.close()
    connection = nil
  }
}
