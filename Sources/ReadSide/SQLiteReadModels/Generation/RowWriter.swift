internal import ChangeRecords
internal import Pipelines
internal import Projections
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
  private let lookup: Statement
  private let remove: Statement
  /// Of a table that keeps states.
  private let touch: Statement?
  private var hasher: RowHasher
  private var buffer = RowBuffer()
  /// Memory for a position.
  private var text: [UInt8] = []
  /// The next column.
  private var column = 0
  /// What was added less what was taken away.
  private(set) var change = Digest()

  init(_ table: SQLTable, _ connection: Connection) throws(SQLiteError) {
    self.table = table
    self.connection = connection
    upsert = try connection.statement(table.upsertStatement)
    insert = try connection.statement(table.insertStatement)
    lookup = try connection.statement(table.hashStatement)
    remove = try connection.statement(table.deleteStatement)
    touch = table.keepsState ? try connection.statement(table.touchStatement) : nil
    hasher = RowHasher(table)
  }

  /// Takes the value of the next column.
  func add(_ value: Value) {
    buffer.append(value, as: table.columns[column].type)
    hasher.add(value)
    column += 1
  }

  /// Takes the values of the last three columns: `_at`, `_order` and `_position`.
  func add(_ stamp: Stamp) {
    add(.timestamp(stamp.time))
    add(.integer(Int64(bitPattern: stamp.order.rawValue)))
    text.removeAll(keepingCapacity: true)
    stamp.position.append(to: &text)
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
    try buffer.forEach(lookup, key: table.primaryKey) { change.subtract(try RowWriter.hash($0)) }
    try buffer.run(upsert, hash: hash.bytes)
    change.add(hash)
  }

  /// What stands in a row that keeps its state.
  struct Found {
    let hash: RowHash
    /// Of a board's row: like the hash it says whether the row's indexed columns change.
    let reachedOrder: Int64
  }

  /// Looks for the row of a key, in a table that keeps states, and hands its state to `body`. Nil when there is none.
  func find<State>(_ key: [Value], state body: (UnsafeRawBufferPointer) throws -> State) throws -> (Found, State)? {
    for (place, value) in key.enumerated() { buffer.append(value, as: table.columns[place].type) }
    defer { buffer.removeAll() }
    var found: (Found, State)?
    try buffer.forEach(lookup, key: table.primaryKey) { row in
      let state = try row.withBytes(1) { try body($0 ?? UnsafeRawBufferPointer(start: nil, count: 0)) }
      found = (Found(hash: try RowWriter.hash(row), reachedOrder: row.int64(2)), state)
    }
    return found
  }

  /// Writes the row whose values were added with its state, in the place of the one that was found; nil when none was.
  func finish(state: [UInt8], over found: Found?, reachedOrder: Int64) throws {
    let hash = hasher.finish()
    defer {
      buffer.removeAll()
      column = 0
    }
    guard let found else {
      try buffer.run(insert, state: state, hash: hash.bytes)
      if connection.changes > 0 { return change.add(hash) }
      // There is one after all: somebody else wrote into the file.
      try buffer.forEach(lookup, key: table.primaryKey) { change.subtract(try RowWriter.hash($0)) }
      try buffer.run(upsert, state: state, hash: hash.bytes)
      return change.add(hash)
    }
    if let touch, hash == found.hash, reachedOrder == found.reachedOrder {
      return try buffer.run(touch, last: 3, state: state, key: table.primaryKey)
    }
    change.subtract(found.hash)
    try buffer.run(upsert, state: state, hash: hash.bytes)
    change.add(hash)
  }

  /// Changes one column of the row that stands there with `values` and `before` as its hash, by a `changeStatement` of the column.
  func change(_ values: [Value], _ before: RowHash, column: Int, to value: Value, _ statement: Statement) throws {
    var values = values
    values[column] = value
    let hash = hasher.hash(values)
    try value.bindSortable(to: statement, at: 1)
    try statement.bind(2, blob: hash.bytes)
    for (place, key) in table.primaryKey.enumerated() { try values[key].bindSortable(to: statement, at: 3 + place) }
    try statement.run()
    change.subtract(before)
    change.add(hash)
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

  static func hash(_ row: Statement, _ column: Int = 0) throws -> RowHash {
    guard let hash = row.withBytes(column, { $0.flatMap { RowHash(bytes: $0) } }) else { throw DamagedRow() }
    return hash
  }
}

/// What stands in a row is not what a row of its table holds.
struct DamagedRow: Error, CustomStringConvertible {
  var description: String { "a row does not decode" }
}
