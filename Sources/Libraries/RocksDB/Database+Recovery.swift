internal import CRocksDB
internal import Foundation
internal import Glibc

/// Opening only what holds everything that was acknowledged, and the way out when it does not.
extension Database {
  /// In order: look at the log files; where they are suspicious, ask the database (opened read-only) which of them are live and what its
  /// tables hold; open it; look whether its last change is there. RocksDB by itself drops what follows a damage, or, at the end
  /// of a log, without a record whose length was changed.
  static func openWhole(
    _ path: String, _ specifications: [Family], _ blockCacheBytes: Int
  ) throws(RocksDBError) -> OpenDatabase {
    let check = RecoveryCheck(path)
    if let damage = damage(check, path, specifications) { throw error(damage) }
    let open: OpenDatabase
    do throws(RocksDBError) {
      open = try OpenDatabase(path, specifications, blockCacheBytes: blockCacheBytes)
    } catch {
      throw check.damage(error).map(Database.error) ?? error
    }
    if let damage = check.missing(open.lastChange, in: path) { throw error(damage) }
    return open
  }

  private static func error(_ damage: LogDamage) -> RocksDBError {
    RocksDBError(message: "\(damage.file) is damaged at byte \(damage.offset): \(damage.reason)", damage: damage)
  }

  /// What the log files lack; nil when they hold everything.
  private static func damage(_ check: RecoveryCheck, _ path: String, _ specifications: [Family]) -> LogDamage? {
    let judged = RecoveryCheck.judge(check.logs, manifest: check.manifest, acknowledged: check.acknowledged)
    guard let judged else { return nil }
    if judged.file == check.manifest?.path { return judged }
    // A log that is in tables already may still be there when a process was killed while it deleted logs.
    guard let open = try? OpenDatabase(path, specifications, blockCacheBytes: 1 << 20, mode: .readOnly) else { return judged }
    let live = open.firstLiveLog
    if let acknowledged = check.acknowledged, open.lastChange < acknowledged { return judged }
    return RecoveryCheck.judge(check.logs, manifest: nil, acknowledged: nil, live: live)
  }

  /// The damage of the database's log files, found without changing anything; nil when there is none.
  package static func damage(at path: String, families specifications: [Family]) -> LogDamage? {
    let check = RecoveryCheck(path)
    if let damage = damage(check, path, specifications) { return damage }
    // What only RocksDB notices: a finished log that is shorter than the manifest says, or one that lost all.
    do throws(RocksDBError) {
      return check.missing(try OpenDatabase(path, specifications, blockCacheBytes: 1 << 20, mode: .readOnly).lastChange, in: path)
    } catch {
      return check.damage(error)
    }
  }

  /// Opens a damaged database with what stands before the damage; what follows it is given up for good.
  package convenience init(upToDamage path: String, families specifications: [Family]) throws(RocksDBError) {
    // RocksDB would go on with the logs after one that was cut at the border of two records.
    if let damage = Database.damage(at: path, families: specifications) {
      let logs = RecoveryCheck(path).logs
      if let place = logs.firstIndex(where: { $0.path == damage.file }) {
        for log in logs[(place + 1)...] { unlink(log.path) }
      }
    }
    let open = try OpenDatabase(path, specifications, blockCacheBytes: 16 << 20, mode: .upToDamage)
    AcknowledgedMark.reset(path, to: open.lastChange)
    self.init(path, specifications, open)
  }

  /// Makes a copy of a closed database in the new directory `copy` of the same disk. Table files, which never change, are linked.
  package static func copy(_ path: String, to copy: String) throws {
    try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: false)
    for name in try FileManager.default.contentsOfDirectory(atPath: path) {
      let (from, to) = (path + "/" + name, copy + "/" + name)
      if name.hasSuffix(".sst") {
        try FileManager.default.linkItem(atPath: from, toPath: to)
      } else {
        try FileManager.default.copyItem(atPath: from, toPath: to)
      }
    }
  }
}
