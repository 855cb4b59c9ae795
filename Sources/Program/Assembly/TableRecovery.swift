package import ChangeRecords
internal import Foundation
internal import ReadModels
internal import SQLiteReadModels
internal import TableStore

/// The way out for a data directory whose write-ahead log is damaged, with what it costs.
package struct TableRecovery: Sendable, Equatable {
  /// A read model that has applied records which the table would no longer have.
  package struct Ahead: Sendable, Equatable {
    package let pipeline: String
    package let table: String
    package let partition: Int
    /// The last record that the read model has applied, and the last one that the table keeps.
    package let applied: SequenceNumber
    package let kept: SequenceNumber
  }

  /// The last record that a partition of a table keeps.
  package struct Kept: Sendable, Equatable {
    package let table: String
    package let partition: Int
    package let sequence: SequenceNumber
  }

  /// The damaged file, the byte where the damage begins, and what it is.
  package let file: String
  package let offset: Int
  package let reason: String
  /// Changes of keys known to have been written that would be lost; an item, an index entry and a record are one each.
  package let changesLost: UInt64
  package let kept: [Kept]
  package let ahead: [Ahead]
  /// The pipelines whose read models begin again, because they read tables of this directory.
  package let readModels: [String]
}

extension TableRecovery {
  /// Looks at a damaged directory, and with `isDone` carries the recovery out; nil when its write-ahead log is not damaged, and then
  /// nothing is done. `database` holds read models of these tables, beside those that are in the directory. Throws while a process uses the
  /// directory, and for a database that cannot be asked.
  package static func run(data: String, database: ReadModelPlace?, isDone: Bool) throws -> TableRecovery? {
    guard FileManager.default.fileExists(atPath: data + "/tables") else {
      throw StartError("\(data) holds no tables: name the data directory with --data")
    }
    let directory = try DataDirectory(data)
    guard let damage = TableStore.damage(path: directory.tables) else { return nil }
    guard damage.file.hasSuffix(".log") else {
      throw StartError(
        "\(damage.file) is damaged at byte \(damage.offset): \(damage.reason). Only a damaged write-ahead log (*.log) can be recovered up to "
          + "the damage: put the data directory back from a copy")
    }
    let tables = try TableStore.recoverable(path: directory.tables)
    let files = try readModels(data).flatMap { try self.lanes($0, directory) }
    let shared = try database.map { place in try place.pipelines().flatMap { try self.lanes($0, at: place) } } ?? []
    func affected(_ lanes: [Lane]) -> Set<String> {
      Set(lanes.filter { lane in tables.contains { "\($0.tableID)" == lane.tableID } }.map(\.pipeline))
    }
    if isDone {
      // Read models first: one that begins again without need is only work, one that does not is wrong.
      for pipeline in affected(files) { _ = try SQLitePipelineStore(directory: directory.readModels(pipeline)).giveUpCurrent() }
      for pipeline in affected(shared) { _ = try database?.store(pipeline).giveUpCurrent() }
      _ = try TableStore.recover(path: directory.tables)
    }
    return TableRecovery(
      file: damage.file, offset: damage.offset, reason: damage.reason, changesLost: damage.changesLost,
      kept: tables.flatMap { table in
        table.last.enumerated().map { Kept(table: table.name, partition: $0, sequence: $1) }
      },
      ahead: (files + shared).compactMap { lane in
        guard let table = tables.first(where: { "\($0.tableID)" == lane.tableID }), lane.partition < table.last.count,
          lane.sequence > table.last[lane.partition]
        else { return nil }
        return Ahead(
          pipeline: lane.pipeline, table: table.name, partition: lane.partition, applied: lane.sequence,
          kept: table.last[lane.partition])
      }, readModels: affected(files).union(affected(shared)).sorted())
  }

  private struct Lane {
    let pipeline: String
    let tableID: String
    let partition: Int
    let sequence: SequenceNumber
  }

  private static func readModels(_ data: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: data + "/read-models")) ?? []).sorted()
  }

  private static func lanes(_ pipeline: String, _ directory: DataDirectory) throws -> [Lane] {
    guard case .known(let lanes, _) = try ReadModelSummary(directory: directory.readModels(pipeline)).current else { return [] }
    return lanes.map { Lane(pipeline: pipeline, tableID: $0.tableID, partition: $0.partition, sequence: $0.sequence) }
  }

  private static func lanes(_ pipeline: String, at place: ReadModelPlace) throws -> [Lane] {
    guard let current = try place.store(pipeline).current() else { return [] }
    let (_, reader) = try place.open(current)
    defer { reader.close() }
    return try reader.places().map {
      Lane(
        pipeline: pipeline, tableID: "\($0.position.tableID)", partition: $0.position.partition, sequence: $0.position.sequence)
    }
  }
}
