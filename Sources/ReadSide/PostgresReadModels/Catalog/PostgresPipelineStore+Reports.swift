internal import ChangeRecords
internal import Pipelines
internal import Postgres
package import ReadModels

/// What the processes that share a pipeline's store say of their work.
extension PostgresPipelineStore {
  /// What a process has said is forgotten so long after it has stopped saying it.
  private static let workerAgeMax = "1 hour"

  package func report(_ work: WorkReport) throws(ReadModelError) {
    // In one order, so that two processes that say something of the same lanes do not wait for each other.
    let lanes = work.lanes.sorted { ($0.generation, $0.table, $0.partition) < ($1.generation, $1.table, $1.partition) }
    let held = work.held.sorted { $0.key < $1.key }.flatMap { generation, held in held.map { (generation, $0) } }
    // One statement, and so no moment in which a process that is suspended has locked rows of lanes that others have taken meanwhile.
    _ = try session.run { connection in
      try connection.run(
        """
        WITH lanes AS (
        INSERT INTO lane_reports (generation, table_name, partition, worker, at, sequence, behind, watermark, dead_letters, retention, stopped)
        SELECT g, t, p, $1, clock_timestamp(), s, b, w, d, r, x FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[],
        $7::bigint[], $8::bigint[], $9::bigint[], $10::text[]) AS u (g, t, p, s, b, w, d, r, x) WHERE g IN (SELECT number FROM generations)
        ON CONFLICT (generation, table_name, partition) DO UPDATE SET worker = excluded.worker, at = excluded.at, sequence = excluded.sequence,
        behind = excluded.behind, watermark = excluded.watermark, dead_letters = excluded.dead_letters, retention = excluded.retention,
        stopped = excluded.stopped),
        worker AS (
        INSERT INTO worker_reports (worker, at, stopped, held_generation, held_projection, held_table, held_partition, held_waiting)
        VALUES ($1, clock_timestamp(), $11, $12, $13, $14, $15, $16)
        ON CONFLICT (worker) DO UPDATE SET at = excluded.at, stopped = excluded.stopped, held_generation = excluded.held_generation,
        held_projection = excluded.held_projection, held_table = excluded.held_table, held_partition = excluded.held_partition,
        held_waiting = excluded.held_waiting),
        silent AS (DELETE FROM worker_reports WHERE at < clock_timestamp() - interval '\(PostgresPipelineStore.workerAgeMax)')
        DELETE FROM lane_reports WHERE generation NOT IN (SELECT number FROM generations)
        """, .text(database.worker), .bigints(lanes.map { Int64($0.generation) }), .stored(lanes.map(\.table)),
        .bigints(lanes.map { Int64($0.partition) }), .bigints(lanes.map { Int64(clamping: $0.sequence.rawValue) }),
        .bigints(lanes.map { Int64(clamping: $0.behind) }), .bigints(lanes.map(\.watermark.rawValue)),
        .bigints(lanes.map { Int64($0.deadLetters) }), .bigints(lanes.map { $0.retention ?? -1 }),
        .stored(lanes.map { $0.stopped ?? "" }), .stored(work.stopped), .bigints(held.map { Int64($0.0) }),
        .stored(held.map(\.1.projection)), .stored(held.map(\.1.table)), .bigints(held.map { Int64($0.1.partition) }),
        .bigints(held.map { Int64($0.1.waiting) }))
    }
  }

  package func reported() throws(ReadModelError) -> ReportedWork? {
    try session.transaction { connection in
      var work = ReportedWork(now: try connection.run("SELECT \(Self.now)").int64(0, 0))
      try connection.forEach(
        """
        SELECT generation, table_name, partition, sequence, behind, watermark, dead_letters, retention, stopped, worker, \(Self.age)
        FROM lane_reports WHERE generation IN (SELECT number FROM generations) ORDER BY generation, table_name, partition
        """
      ) { rows, row in
        let retention = rows.int64(row, 7)
        let stopped = rows.storedText(row, 8)
        work.lanes.append(
          .init(
            WorkReport.Lane(
              generation: Int(rows.int64(row, 0)), table: rows.storedText(row, 1), partition: Int(rows.int64(row, 2)),
              sequence: rows.sequence(row, 3), behind: UInt64(max(0, rows.int64(row, 4))), watermark: rows.instant(row, 5),
              deadLetters: Int(rows.int64(row, 6)), retention: retention < 0 ? nil : retention,
              stopped: stopped.isEmpty ? nil : stopped),
            worker: rows.text(row, 9) ?? "", age: .milliseconds(rows.int64(row, 10))))
      }
      try connection.forEach("SELECT worker, \(Self.age) FROM worker_reports ORDER BY worker") { rows, row in
        work.workers.append(.init(rows.text(row, 0) ?? "", age: .milliseconds(rows.int64(row, 1))))
      }
      func index(_ worker: String) -> Int? { work.workers.firstIndex { $0.name == worker } }
      try connection.forEach(
        "SELECT worker, s FROM worker_reports, unnest(stopped) WITH ORDINALITY AS u (s, n) ORDER BY worker, n"
      ) { rows, row in
        guard let index = index(rows.text(row, 0) ?? "") else { return }
        work.workers[index].stopped.append(rows.storedText(row, 1))
      }
      try connection.forEach(
        """
        SELECT worker, g, p, t, l, w FROM worker_reports, unnest(held_generation, held_projection, held_table, held_partition, held_waiting)
        WITH ORDINALITY AS u (g, p, t, l, w, n) ORDER BY worker, n
        """
      ) { rows, row in
        guard let index = index(rows.text(row, 0) ?? "") else { return }
        work.workers[index].held[Int(rows.int64(row, 1)), default: []].append(
          HeldProjection(
            projection: rows.storedText(row, 2), table: rows.storedText(row, 3), partition: Int(rows.int64(row, 4)),
            waiting: Int(rows.int64(row, 5))))
      }
      return work
    }
  }

  /// The server's clock, in milliseconds since 1970.
  private static let now = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

  /// Milliseconds since a report, by the server's clock.
  private static let age = "(extract(epoch FROM clock_timestamp() - at) * 1000)::bigint"
}
