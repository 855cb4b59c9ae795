internal import DynamoModel
internal import Pipelines
internal import Postgres
internal import ReadModels

/// The journal of rows of boards that changed. Each lane numbers its own entries, so that one that commits late is never missed: who sees a lane's last
/// number sees all before it.
extension CheckpointWriter {
  /// Keys in one row of the journal.
  private static let keysMax = 1_000

  /// Notes that a member's row changed, or a whole board's rows.
  func journal(_ id: ProjectionID, _ key: [UInt8]) { journaled[id, default: []].append(key) }

  func writeJournal() throws {
    let count = journaled.values.reduce(0) { $0 + $1.count }
    if count == 0 { return }
    // The numbers are those after the last that the lane had, which only the server knows yet.
    try write(
      """
      INSERT INTO _journals (table_number, partition, last) VALUES ($1, $2, $3)
      ON CONFLICT (table_number, partition) DO UPDATE SET last = _journals.last + excluded.last
      """, .table(lane.table), .bigint(lane.partition), .bigint(count))
    var number: Int64 = 0
    var (numbers, firsts, projections): ([Int64], [Int64], [Int64]) = ([], [], [])
    var keys: [[UInt8]] = []
    for (id, all) in journaled.sorted(by: { $0.key < $1.key }) {
      for start in stride(from: 0, to: all.count, by: CheckpointWriter.keysMax) {
        let part = all[start..<min(start + CheckpointWriter.keysMax, all.count)]
        var bytes: [UInt8] = []
        for key in part { Varint.appendBytes(key, to: &bytes) }
        firsts.append(number + 1)
        number += Int64(part.count)
        numbers.append(number)
        projections.append(Int64(id.rawValue))
        keys.append(bytes)
      }
    }
    try write(
      """
      INSERT INTO _journal (table_number, partition, number, first, projection, keys)
      SELECT $1, $2, j.last - $3 + n, j.last - $3 + f, p, k
      FROM _journals j, unnest($4::bigint[], $5::bigint[], $6::bigint[], $7::bytea[]) AS u (n, f, p, k)
      WHERE j.table_number = $1 AND j.partition = $2
      """, .table(lane.table), .bigint(lane.partition), .bigint(count), .bigints(numbers), .bigints(firsts),
      .bigints(projections), .blobs(keys))
    try write(
      """
      DELETE FROM _journal WHERE table_number = $1 AND partition = $2
      AND number <= (SELECT last FROM _journals WHERE table_number = $1 AND partition = $2) - $3
      """, .table(lane.table), .bigint(lane.partition), .bigint(ReadModelLimits.journalEntriesMax))
  }
}
