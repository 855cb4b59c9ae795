internal import ChangeLog
package import ChangeRecords
package import DynamoModel
internal import Foundation
internal import Synchronization
package import TableStore

/// A directory of its own for a test, removed with the value.
package final class TemporaryDirectory: Sendable {
  package let path: String

  package init() {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("afterimage-\(UUID().uuidString)").path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A time source that a test sets.
package final class ManualTime: TimeSource {
  private let state: Mutex<(wall: Int64, boot: Int64)>
  private let name = Mutex("first boot")

  package init(wall: Int64) { state = Mutex((wall, 1_000)) }

  package func bootName() -> String? { name.withLock { $0 } }

  /// The machine is booted again: the boot clock begins again, and what was not synced may be lost.
  package func reboot() {
    state.withLock { $0.boot = 1_000 }
    name.withLock { $0 += " and again" }
  }

  package func wall() -> Int64 { state.withLock { $0.wall } }
  package func boot() -> Int64 { state.withLock { $0.boot } }

  /// Both clocks go on.
  package func advance(_ milliseconds: Int64) {
    state.withLock { $0 = ($0.wall + milliseconds, $0.boot + milliseconds) }
  }

  /// Somebody sets the wall clock.
  package func jump(_ milliseconds: Int64) { state.withLock { $0.wall += milliseconds } }
}

extension TableStore {
  /// Puts an item, as a client without a condition would.
  @discardableResult
  package func put(_ table: String, _ item: Item, time: Int64? = nil) async throws -> Position? {
    guard let handle = self.table(table) else { throw DynamoError(.resourceNotFound, "Requested resource not found") }
    let action = WriteAction(table: table, key: try handle.key(ofPut: item), needsCurrent: false) { _ in .put(item) }
    return try await write(WriteTransaction(actions: [action], time: time.map { LogTime(rawValue: $0) }))[0].position
  }

  @discardableResult
  package func delete(_ table: String, _ key: Item) async throws -> Position? {
    try await write(WriteTransaction(actions: [WriteAction(table: table, key: key) { _ in .delete }]))[0].position
  }

  package func get(_ table: String, _ key: Item) throws -> Item? {
    guard let handle = self.table(table) else { throw DynamoError(.resourceNotFound, "Requested resource not found") }
    return try item(handle, key: key)
  }

  /// Every record of a table's log, partition after partition.
  package func records(_ table: String) async throws -> [[ChangeRecord]] {
    let log = EmbeddedLog(self, table: table)
    let description = try await log.describe()
    var all: [[ChangeRecord]] = []
    for partition in 0..<description.partitions {
      var records: [ChangeRecord] = []
      var cursor = LogCursor(tableID: description.tableID, sequence: .beforeAll)
      while true {
        let batch = try await log.read(partition: partition, after: cursor, limit: .standard, wait: .zero)
        if batch.entries.isEmpty { break }
        for entry in batch.entries {
          let record = try batch.bytes.withUnsafeBytes { raw in
            try StoredRecord.decode(UnsafeRawBufferPointer(rebasing: raw[entry.start..<entry.end]), sequence: entry.sequence)
          }
          records.append(record)
        }
        cursor = batch.end
      }
      all.append(records)
    }
    return all
  }
}

extension KeySchema {
  /// A key of strings `pk` and, unless given otherwise, `sk`.
  package static func strings(sort: Bool = true) -> KeySchema {
    KeySchema(
      partition: KeyAttribute(name: "pk", type: .string), sort: sort ? KeyAttribute(name: "sk", type: .string) : nil)
  }
}
