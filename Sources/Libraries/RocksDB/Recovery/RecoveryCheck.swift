internal import Foundation

/// Whether what a database's log files hold is everything that was acknowledged. Looks only, changes nothing.
///
/// Cost: one read of the write-ahead logs, which the open that follows reads again from the page cache.
struct RecoveryCheck {
  /// A write-ahead log by its number, which grows from file to file.
  struct Log: Sendable, Equatable {
    let number: UInt64
    let path: String
    let bytes: Int
    let scan: LogFileScan
  }

  let logs: [Log]
  /// The manifest that is in use: every table file and the first live log are named in it.
  let manifest: Log?
  /// The last change that was acknowledged; nil when it is not known.
  let acknowledged: UInt64?

  init(_ directory: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    var logs: [Log] = []
    for name in names where name.hasSuffix(".log") {
      guard let number = UInt64(name.dropLast(4)), let log = RecoveryCheck.log(directory + "/" + name, number) else { continue }
      logs.append(log)
    }
    self.logs = logs.sorted { $0.number < $1.number }
    let current = FileManager.default.contents(atPath: directory + "/CURRENT").map { String(decoding: $0, as: UTF8.self) } ?? ""
    let name = current.trimmingCharacters(in: .newlines)
    manifest = name.hasPrefix("MANIFEST-") ? RecoveryCheck.log(directory + "/" + name, 0) : nil
    acknowledged = AcknowledgedMark.read(directory)
  }

  private static func log(_ path: String, _ number: UInt64) -> Log? {
    guard let data = try? Data(contentsOf: URL(filePath: path), options: .alwaysMapped) else { return nil }
    return data.withUnsafeBytes { Log(number: number, path: path, bytes: $0.count, scan: LogFileScan($0)) }
  }

  /// The last change that the logs hold whole; nil when they hold none.
  var lastKept: UInt64? { logs.compactMap(\.scan.last).max() }

  /// The damage that an error of RocksDB's reports; nil when it reports something else.
  func damage(_ error: RocksDBError) -> LogDamage? {
    guard error.message.hasPrefix("Corruption"), let log = log(named: error.message) else { return nil }
    let last = log.scan.last ?? 0
    return LogDamage(
      file: log.path, offset: log.end, reason: error.message, lastKept: last,
      lastWritten: max(acknowledged ?? 0, lastKept ?? 0, last))
  }

  /// The damage when the database holds changes up to `last` and more were acknowledged; nil when all are there.
  func missing(_ last: UInt64, in directory: String) -> LogDamage? {
    guard let acknowledged, last < acknowledged else { return nil }
    return LogDamage(
      file: logs.last?.path ?? directory, offset: logs.last?.end ?? 0, reason: "changes that were acknowledged are missing",
      lastKept: last, lastWritten: acknowledged)
  }

  /// The log that an error of RocksDB's is about: the one whose number it gives, as `log number: 12`, else the last that holds anything.
  func log(named message: String) -> Log? {
    if let place = message.range(of: "log number: "), let number = UInt64(message[place.upperBound...].prefix(while: \.isNumber))
    {
      return logs.first { $0.number == number }
    }
    return logs.last { $0.scan.records > 0 }
  }

  /// The damage, if the logs with at least the number `live` do not hold all they should; nil when all is well.
  static func judge(_ logs: [Log], manifest: Log?, acknowledged: UInt64?, live: UInt64 = 0) -> LogDamage? {
    if let manifest, case .damaged(let at, let reason) = manifest.scan.ending {
      return LogDamage(file: manifest.path, offset: at, reason: reason, lastKept: 0, lastWritten: 0)
    }
    var before: Log?
    var kept: UInt64 = 0
    let logs = logs.filter { $0.number >= live }
    let written = max(acknowledged ?? 0, logs.flatMap { [$0.scan.last ?? 0, $0.scan.lastAfterDamage ?? 0] }.max() ?? 0)
    func damage(_ log: Log, _ at: Int, _ reason: String) -> LogDamage {
      LogDamage(file: log.path, offset: at, reason: reason, lastKept: kept, lastWritten: max(kept, written))
    }
    for (place, log) in logs.enumerated() {
      // The first log that holds anything may go on from tables. One before it that lost all is noticed by RocksDB.
      if before != nil, let first = log.scan.first, first != kept + 1 {
        let short = logs[place - 1]
        return damage(short, short.end, "it ends before the change that the next log goes on from")
      }
      kept = log.scan.last ?? kept
      if case .damaged(let at, let reason) = log.scan.ending { return damage(log, at, reason) }
      if log.scan.last != nil { before = log }
    }
    if let log = before, let acknowledged, kept < acknowledged {
      return damage(log, log.end, "it ends before changes that were acknowledged")
    }
    return nil
  }
}

extension RecoveryCheck.Log {
  /// Where the whole records end.
  var end: Int {
    switch scan.ending {
    case .complete: bytes
    case .torn(let at), .damaged(let at, _): at
    }
  }
}
