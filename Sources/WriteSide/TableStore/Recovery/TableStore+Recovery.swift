internal import ChangeRecords
internal import DynamoModel
internal import Foundation
internal import RocksDB

/// The way out for a store whose write-ahead log is damaged: what stands before the damage is kept.
extension TableStore {
  /// The damage of the store's write-ahead log, found without changing anything; nil when there is none. No process may have it open.
  package static func damage(path: String) -> StoreDamage? {
    Database.damage(at: path, families: Family.all).map(StoreDamage.init)
  }

  /// The tables as a recovery would leave them, found by recovering a copy beside `path`, which goes again. Changes nothing in `path`.
  package static func recoverable(path: String) throws(StoreError) -> [RecoveredTable] {
    let copy = path + ".recovery"
    try? FileManager.default.removeItem(atPath: copy)
    defer { try? FileManager.default.removeItem(atPath: copy) }
    do {
      try Database.copy(path, to: copy)
    } catch {
      throw .storage(copy, "\(error)")
    }
    return try upToDamage(path: copy) { _, published in published.tables.values.map { RecoveredTable($0, published) } }
  }

  /// Gives up what follows the damage, for good, and gives every table a new table id: a position that a reader holds may stand for a
  /// record that is gone, and would later stand for another one. So every reader of a change log (read models, relays, followers)
  /// begins again from the start of the log, and a stream is closed and another one opened.
  package static func recover(path: String, time: any TimeSource = SystemTime()) throws(StoreError) -> [RecoveredTable] {
    try upToDamage(path: path) { database, published in
      let now = LogTime(rawValue: time.wall())
      for table in published.tables.values {
        var table = table
        table.tableID = TableID(rawValue: UInt64.random(in: 1...UInt64.max))
        let progress = published.progress[table.id] ?? TableProgress(partitions: table.definition.partitions)
        if !table.streams.isEmpty { table.streams[table.streams.count - 1].close(now: now, progress) }
        if let view = table.definition.stream { table.open(view, now: now, progress) }
        var batch = WriteBatch(database)
        batch.put(Family.meta, MetaKey.table(table.id), table.binary)
        try database.write(batch, sync: true)
      }
      return published.tables.values.map { RecoveredTable($0, published) }
    }
  }

  private static func upToDamage(
    path: String, _ body: (Database, StoreState.Published) throws -> [RecoveredTable]
  ) throws(StoreError) -> [RecoveredTable] {
    do {
      let database = try Database(upToDamage: path, families: Family.all)
      defer { database.close() }
      if let version = try database.value(Family.meta, MetaKey.formatVersion), version != [formatVersion] {
        throw StoreError.otherVersion(path, Int(version.first ?? 0), Int(formatVersion))
      }
      return try body(database, try StoreState.load(database)).sorted { $0.name < $1.name }
    } catch let error as StoreError {
      throw error
    } catch {
      throw .storage(path, "\(error)")
    }
  }
}

extension RecoveredTable {
  fileprivate init(_ table: StoredTable, _ published: StoreState.Published) {
    self.init(name: table.definition.name, tableID: table.tableID, last: published.progress[table.id]?.last ?? [])
  }
}

extension StoreDamage {
  init(_ damage: LogDamage) {
    self.init(
      file: damage.file, offset: damage.offset, reason: damage.reason, changesLost: damage.lastWritten - damage.lastKept)
  }
}
