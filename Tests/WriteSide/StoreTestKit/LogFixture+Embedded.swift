package import ChangeLog
package import ChangeLogConformance
package import DynamoModel
package import TableStore

extension LogFixture {
  /// A table of a store whose retention is the fixture's, read through `log`.
  package static func embedded(
    _ log: any ChangeLog, _ store: TableStore, _ definition: TableDefinition, _ time: ManualTime
  ) -> LogFixture {
    LogFixture(
      log: log, put: { _, item in try await store.put(definition.name, item)! }, advance: { time.advance($0) },
      trim: { partition, cursor in
        // The records are older than the retention already; the sweeper comes by.
        for _ in 0..<1_000 where try await log.bounds(partition: partition).first <= cursor.sequence {
          time.advance(11)
          try await Task.sleep(for: .milliseconds(5))
        }
      },
      remake: {
        _ = try store.deleteTable(definition.name)
        _ = try store.createTable(definition)
      })
  }
}
