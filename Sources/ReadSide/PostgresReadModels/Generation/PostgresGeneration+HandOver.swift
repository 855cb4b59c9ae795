internal import ChangeLog
internal import Pipelines
internal import Postgres
internal import Projections
package import ReadModels

extension PostgresGeneration {
  package func handOver(_ old: OldGeneration) throws(ReadModelError) {
    try session.transaction { connection in
      try connection.run("DELETE FROM _outbox WHERE is_handed_over")
      try dropDerived(connection, old)
      var rows = OutboxRows()
      for effect in old.outbox {
        rows.append(effect.pending, state: effect.state, notBefore: effect.notBefore, note: effect.note)
      }
      if !rows.isEmpty {
        try connection.run("DELETE FROM _outbox WHERE key_id = ANY($1::bytea[])", rows.keyIDs)
        let place = PostgresValue.bigint(LaneID.decider.table.rawValue - 1)
        _ = try connection.run([PostgresQuery(OutboxRows.insert, [place, place, .boolean(true)] + rows.parameters)])
      }
      // What the old one had waiting comes before what this one has made since: on one target they go by their numbers. New ones come after all.
      let last = try connection.integer("SELECT max(id) FROM _outbox") ?? 0
      let moved = try connection.run("SELECT setval(pg_get_serial_sequence('_outbox', 'id'), $1)", .bigint(max(1, 2 * last)))
      guard moved.count == 1 else { throw StateError() }
      try connection.run("UPDATE _outbox SET id = id + $1 WHERE NOT is_handed_over", .bigint(last))
    }
  }

  /// What the old one has made counts as this one's.
  private func dropDerived(_ connection: PostgresConnection, _ old: OldGeneration) throws {
    for (lane, own) in try readLanes(connection) {
      guard let position = old.position(lane, of: own) else { continue }
      try connection.run(
        "DELETE FROM _outbox WHERE table_number = $1 AND partition = $2 AND (sequence <= $3 OR fired_at < $4)",
        .table(lane.table),
        .bigint(lane.partition), .sequence(position.cursor.sequence), .instant(position.firedThrough))
    }
    for name in EffectRules.names(of: pipeline) {
      guard let projection = EffectRules.projection(awaitedBy: name, of: pipeline), let decided = old.decided[projection]
      else { continue }
      try connection.run(
        """
        DELETE FROM _outbox WHERE table_number = $1 AND effect = $2 AND (fired_at < $3 OR (sequence IS NOT NULL AND at < $3))
        """, .table(LaneID.decider.table), .text(name), .instant(decided))
    }
  }
}
