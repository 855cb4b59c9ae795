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
  /// By column: its place in the primary key.
  private let keyPlaces: [Int?]
  /// The next parameter of `upsert`, and the next column.
  private var parameter = 1
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
    keyPlaces = table.columns.indices.map { table.primaryKey.firstIndex(of: $0) }
  }

  /// Takes the value of the next column.
  func add(_ value: Value) throws(SQLiteError) {
    parameter += try value.bind(to: upsert, at: parameter, as: table.columns[column].type)
    if let place = keyPlaces[column] { try value.bindSortable(to: find, at: place + 1) }
    hasher.add(value)
    column += 1
  }

  /// Takes the value of the next column, which is text and is part of neither key nor hash, by its UTF-8.
  func add(unhashed text: [UInt8]) throws(SQLiteError) {
    try upsert.bind(parameter, utf8: text)
    parameter += 1
    hasher.skip()
    column += 1
  }

  /// Writes the row whose values were added, in the place of the one with its key.
  func finish() throws {
    let hash = hasher.finish()
    while try find.step() { change.subtract(try RowWriter.hash(find)) }
    try upsert.bind(parameter, blob: hash.bytes)
    try upsert.run()
    change.add(hash)
    (parameter, column) = (1, 0)
  }

  /// Writes a row of all columns. `isNew` says that there is none with its key.
  func write(_ values: [Value], isNew: Bool = false) throws {
    if isNew, try wasInserted(values) { return }
    for value in values { try add(value) }
    try finish()
  }

  /// False when there is a row with the key after all: somebody else wrote into the file.
  private func wasInserted(_ values: [Value]) throws -> Bool {
    var parameter = 1
    for (column, value) in values.enumerated() {
      parameter += try value.bind(to: insert, at: parameter, as: table.columns[column].type)
      hasher.add(value)
    }
    let hash = hasher.finish()
    try insert.bind(parameter, blob: hash.bytes)
    try insert.run()
    guard connection.changes > 0 else { return false }
    change.add(hash)
    return true
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
