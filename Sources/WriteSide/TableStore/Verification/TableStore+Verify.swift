internal import ChangeRecords
package import DynamoModel
internal import RocksDB

extension TableStore {
  /// Holds a table's items, index entries, TTL entries, records and counts against one another, as of one moment and while writes go on.
  ///
  /// Blocks: not for a server's thread. Cost: a walk over the items, a point read for each index entry in either direction, and a walk
  /// over the log for each `TableVerification.keysMax` items; memory for that many keys. Throws ServiceUnavailable when the store is
  /// opened again meanwhile, ResourceNotFound for an unknown table.
  package func verify(_ name: String) throws(DynamoError) -> TableFindings {
    let state = state
    // Between two rounds the catalogue, the counts in memory and what is on disk are of one moment.
    var verification = try committer.perform { () throws(DynamoError) -> TableVerification in
      guard let table = state.table(name), let progress = state.progress(table.id) else {
        throw DynamoError(.resourceNotFound, "Requested resource not found: Table: \(name) not found")
      }
      return TableVerification(
        database: state.database, snapshot: Snapshot(state.database), table: table, progress: progress, now: state.clock.wall())
    }
    return try verification.run()
  }
}
