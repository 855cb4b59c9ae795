internal import DynamoModel
package import Pipelines
package import ReadModels
internal import SQLite

/// What a check reads: digests, rows as they stand, and SQLite's own findings.
extension SQLiteReader {
  package func digests() throws -> [Digest] {
    var digests = pipeline.projections.map { _ in Digest() }
    try connection.forEach("SELECT projection, rows, sum FROM _digests") { row in
      let index = Int(row.int64(0))
      guard digests.indices.contains(index), let kept = Digest(rows: Int(row.int64(1)), sum: row.bytes(2) ?? []) else {
        throw ReaderError.failed("a digest of the read model does not decode")
      }
      digests[index] += kept
    }
    return digests
  }

  package func storedRows(_ projection: ProjectionID, row: (StoredRow) throws -> Void) throws {
    let table = pipeline.projections[projection].table
    let names = table.columns.flatMap(\.sqlNames) + [RowHash.columnName]
    let order = table.primaryKey.map { table.columns[$0].sortName }.joined(separator: ", ")
    let select = try connection.prepare("SELECT \(names.joined(separator: ", ")) FROM \(table.name) ORDER BY \(order)")
    while try select.step() {
      var place = 0
      let values = table.columns.map { column -> Value? in
        defer { place += column.sqlNames.count }
        return Value(exactly: place, of: select, as: column.type)
      }
      try row(StoredRow(values: values, hash: select.bytes(place) ?? []))
    }
  }

  package func storageFaults(limit: Int) throws -> [String] {
    try connection.faults(limit: limit)
  }

  /// For a check of a file whatever state it is in: throws why it cannot be checked.
  package convenience init(checking path: String, pipeline: Pipeline) throws(ReadModelError) {
    do {
      if let place = WriteAheadLog.damage(of: path), WriteAheadLog.damage(of: path) == place {
        throw SQLiteGeneration.damagedLog(path, place)
      }
      try self.init(path: path, pipeline: pipeline, notesDamage: true)
      let version = try meta("version") ?? "none"
      guard version == "\(GenerationSchema.version)" else {
        throw ReadModelError.otherVersion(path: path, found: version, known: GenerationSchema.version)
      }
      guard connection.hasChecksums else { throw ReadModelError.damaged(path: path, "its pages have lost their checksums") }
      guard try meta("fingerprint") == pipeline.fingerprint else { throw ReadModelError.otherFingerprint(path: path) }
    } catch let error as ReadModelError {
      throw error
    } catch let error as SQLiteError {
      throw SQLiteReader.unreadable(path) ?? SQLiteGeneration.storage(path, error)
    } catch ReaderError.failed(let reason) {
      throw SQLiteReader.unreadable(path) ?? .damaged(path: path, reason)
    } catch {
      throw .storage(path: path, "\(error)", isFull: false)
    }
  }

  /// Where SQLite stumbles over the schema of a damaged file: the page that is the reason, if one is.
  private static func unreadable(_ path: String) -> ReadModelError? {
    do throws(SQLiteError) {
      _ = try Connection(path: path, options: .readOnly).integer("SELECT count(*) FROM sqlite_schema")
      return nil
    } catch {
      return error.isCorrupt ? SQLiteGeneration.storage(path, error) : nil
    }
  }

  func meta(_ key: String) throws -> String? {
    var value: String?
    try connection.forEach("SELECT value FROM _meta WHERE key = ?1", .text(key)) { value = $0.text(0) }
    return value
  }
}

extension Connection {
  /// What SQLite's integrity check finds, at most `limit` sentences, and whether a page did not equal its checksum; empty when it finds nothing.
  func faults(limit: Int) throws(SQLiteError) -> [String] {
    let check = try prepare("PRAGMA integrity_check(\(limit))")
    var found: [String] = []
    while try check.step() { found += (check.text(0) ?? "").split(separator: "\n").map { "SQLite: \($0)" } }
    if found == ["SQLite: ok"] { found = [] }
    if let damage { found.insert("page \(damage.firstPage) does not match its checksum", at: 0) }
    return Array(found.prefix(limit))
  }
}

extension Value {
  /// Reads the value of an SQL column, and of a decimal's sortable one after it; nil when what stands there is not exactly what the store
  /// writes for a value of the type.
  init?(exactly column: Int, of statement: Statement, as type: ValueType) {
    let kind = statement.type(column)
    if kind == .null {
      guard type != .decimal || statement.isNull(column + 1) else { return nil }
      self = .null
      return
    }
    let expected: Statement.ColumnType =
      switch type {
      case .boolean, .integer: .integer
      case .bytes: .blob
      case .decimal, .timestamp, .string, .json: .text
      }
    guard kind == expected, let value = Value(column: column, of: statement, as: type) else { return nil }
    switch value {
    case .boolean: guard (0...1).contains(statement.int64(column)) else { return nil }
    case .timestamp, .string, .json:
      // Text that is not UTF-8 was repaired when it was read, and times have other texts than the one that is written.
      guard statement.bytes(column) == Array(value.description.utf8) else { return nil }
    case .decimal(let number):
      var ordered: [UInt8] = []
      number.appendOrdered(to: &ordered)
      guard statement.bytes(column) == Array(number.description.utf8), statement.bytes(column + 1) == ordered else { return nil }
    case .null, .integer, .bytes: break
    }
    self = value
  }
}
