internal import Pipelines
internal import ReadModels
internal import SQLite

/// Writes and deletes the rows of one projection within a transaction, each row with its hash, and notes what that does to the projection's
/// digest.
///
/// The hash of the row that was there is read by its key before it is replaced: one more search, in pages that the write needs as well. A row that
/// cannot be there yet is inserted without.
/// A row is written value after value (`add`, then `finish`), so that it needs no array.
final class RowWriter {
  let table: SQLTable
  private let connection: Connection
  private let upsert: Statement
  private let insert: Statement
  private let find: Statement
  private let remove: Statement
  private var hasher: RowHasher
  private var buffer = RowBuffer()
  /// The next column.
  private var column = 0
  /// What was added less what was taken away.
  private(set) var change = Digest()

  init(_ table: SQLTable, _ connection: Connection) throws(SQLiteError) {
    self.table = table
    self.connection = connection
    upsert = try connection.statement(table.upsertStatement)
    insert = try connection.statement(table.insertStatement)
    find = try connection.statement(table.hashStatement)
    remove = try connection.statement(table.deleteStatement)
    hasher = RowHasher(table)
  }

  /// Takes the value of the next column.
  func add(_ value: Value) {
    buffer.append(value, as: table.columns[column].type)
    hasher.add(value)
    column += 1
  }

  /// Takes the value of the next column, which is text and is part of neither key nor hash, by its UTF-8.
  func add(unhashed text: [UInt8]) {
    buffer.append(unsorted: text)
    hasher.skip()
    column += 1
  }

  /// Writes the row whose values were added, in the place of the one with its key. `isNew` says that there is none.
  func finish(isNew: Bool = false) throws {
    let hash = hasher.finish()
    defer {
      buffer.removeAll()
      column = 0
    }
    if isNew {
      try buffer.run(insert, hash: hash.bytes)
      if connection.changes > 0 { return change.add(hash) }
      // There is one after all: somebody else wrote into the file.
    }
    try buffer.forEach(find, key: table.primaryKey) { change.subtract(try RowWriter.hash($0)) }
    try buffer.run(upsert, hash: hash.bytes)
    change.add(hash)
  }

  /// Writes a row of all columns.
  func write(_ values: [Value], isNew: Bool = false) throws {
    for value in values { add(value) }
    try finish(isNew: isNew)
  }

  /// Deletes the row of a key, if there is one.
  func delete(_ key: [Value]) throws {
    for (index, value) in key.enumerated() { try value.bindSortable(to: remove, at: index + 1) }
    try took(remove)
  }

  /// Runs a statement that deletes rows and returns their hashes.
  func took(_ statement: Statement) throws {
    while try statement.step() { change.subtract(try RowWriter.hash(statement)) }
  }

  private static func hash(_ row: Statement) throws -> RowHash {
    guard let hash = row.withBytes(0, { $0.flatMap { RowHash(bytes: $0) } }) else { throw DamagedRow() }
    return hash
  }
}

/// What stands in a row is not what a row of its table holds.
struct DamagedRow: Error, CustomStringConvertible {
  var description: String { "a row does not decode" }
}
