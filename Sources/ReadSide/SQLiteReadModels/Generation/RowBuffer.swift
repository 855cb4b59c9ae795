internal import DynamoModel
internal import Pipelines
internal import SQLite

/// The parameters of one row: numbers as they are, texts and blobs one after the other in memory that is used again for the next row, so that
/// SQLite needs no copies of its own.
struct RowBuffer {
  private enum Cell: BitwiseCopyable {
    case null
    case integer(Int64)
    case text(start: Int, count: Int)
    case blob(start: Int, count: Int)
  }

  private var cells: [Cell] = []
  private var bytes: [UInt8] = []
  /// By column, the cell that compares with its sortable SQL column.
  private var sortable: [Int] = []

  mutating func removeAll() {
    cells.removeAll(keepingCapacity: true)
    bytes.removeAll(keepingCapacity: true)
    sortable.removeAll(keepingCapacity: true)
  }

  /// Takes the value of the next column: one cell, or of a decimal two.
  mutating func append(_ value: Value, as type: ValueType) {
    switch value {
    case .null:
      cells.append(.null)
      if type == .decimal { cells.append(.null) }
    case .boolean(let flag): cells.append(.integer(flag ? 1 : 0))
    case .integer(let number): cells.append(.integer(number))
    case .decimal(let number):
      let text = bytes.count
      number.appendText(to: &bytes)
      cells.append(.text(start: text, count: bytes.count - text))
      let ordered = bytes.count
      number.appendOrdered(to: &bytes)
      cells.append(.blob(start: ordered, count: bytes.count - ordered))
    case .timestamp(let instant):
      let start = bytes.count
      Timestamp.append(instant, to: &bytes)
      cells.append(.text(start: start, count: bytes.count - start))
    case .string(let text), .json(let text): append(utf8: text.utf8)
    case .bytes(let blob):
      cells.append(.blob(start: bytes.count, count: blob.count))
      bytes.append(contentsOf: blob)
      sortable.append(cells.count - 1)
      return
    }
    sortable.append(cells.count - 1)
  }

  /// Takes the text of the next column.
  mutating func append(unsorted text: some Swift.Collection<UInt8>) {
    append(utf8: text)
    sortable.append(cells.count - 1)
  }

  private mutating func append(utf8 text: some Swift.Collection<UInt8>) {
    cells.append(.text(start: bytes.count, count: text.count))
    bytes.append(contentsOf: text)
  }

  /// Binds all cells in order, then the state if there is one and the hash, and runs the statement.
  func run(_ statement: Statement, state: [UInt8]? = nil, hash: [UInt8]) throws(SQLiteError) {
    try bytes.withBytes { (base) throws(SQLiteError) in
      for index in cells.indices { try bind(index, to: statement, at: index + 1, base) }
      if let state { try statement.bind(cells.count + 1, blob: state) }
      try statement.bind(cells.count + (state == nil ? 1 : 2), blob: hash)
      try statement.run()
    }
  }

  /// Binds the last cells, so many, then the state and the columns of a key in their sortable form, and runs the statement.
  func run(_ statement: Statement, last count: Int, state: [UInt8], key: [Int]) throws(SQLiteError) {
    try bytes.withBytes { (base) throws(SQLiteError) in
      for place in 0..<count { try bind(cells.count - count + place, to: statement, at: place + 1, base) }
      try statement.bind(count + 1, blob: state)
      for (place, column) in key.enumerated() { try bind(sortable[column], to: statement, at: count + 2 + place, base) }
      try statement.run()
    }
  }

  /// Binds the columns of a key in their sortable form, and hands each row to `body`.
  func forEach(_ statement: Statement, key: [Int], _ body: (Statement) throws -> Void) throws {
    try bytes.withUnsafeBytes { base in
      for (place, column) in key.enumerated() { try bind(sortable[column], to: statement, at: place + 1, base) }
      while try statement.step() { try body(statement) }
    }
  }

  private func bind(
    _ cell: Int, to statement: Statement, at parameter: Int, _ base: UnsafeRawBufferPointer
  ) throws(SQLiteError) {
    switch cells[cell] {
    case .null: try statement.bind(parameter)
    case .integer(let number): try statement.bind(parameter, number)
    case .text(let start, let count):
      try statement.bindInPlace(parameter, utf8: UnsafeRawBufferPointer(rebasing: base[start..<start + count]))
    case .blob(let start, let count):
      try statement.bindInPlace(parameter, blob: UnsafeRawBufferPointer(rebasing: base[start..<start + count]))
    }
  }
}

extension [UInt8] {
  /// `withUnsafeBytes` with the body's own error.
  fileprivate func withBytes<E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> Void) throws(E) {
    let failure: E? = withUnsafeBytes { raw in
      do throws(E) {
        try body(raw)
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }
}
