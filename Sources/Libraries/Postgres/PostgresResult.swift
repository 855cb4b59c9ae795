internal import CLibPQ

/// The rows of a statement, or of a part of them. Columns count from 0. Belongs to the thread that has it.
///
/// Reading a column as another type than it has gives 0, the empty value, or nil: nothing traps.
package final class PostgresResult {
  /// Nil of a row that was copied; so libpq takes it for a result without rows.
  private let pointer: OpaquePointer?
  private let copied: CopiedRow?

  /// Takes over the result and frees it.
  init(_ pointer: OpaquePointer) {
    self.pointer = pointer
    copied = nil
  }

  /// Has the one row that was copied last.
  init(_ copied: CopiedRow) {
    pointer = nil
    self.copied = copied
  }

  deinit { PQclear(pointer) }

  package var count: Int { copied == nil ? Int(PQntuples(pointer)) : 1 }
  package var columnCount: Int { copied?.columns.count ?? Int(PQnfields(pointer)) }
  /// Rows that a statement without rows has changed.
  package var changes: Int { PQcmdTuples(pointer).flatMap { Int(String(cString: $0)) } ?? 0 }

  /// What was done, as the server names it: `COMMIT`, `INSERT 0 3`.
  package var command: String { PQcmdStatus(pointer).map { String(cString: $0) } ?? "" }

  package func name(_ column: Int) -> String { PQfname(pointer, Int32(column)).map { String(cString: $0) } ?? "" }
  /// The column's type by its number in `pg_type`.
  package func type(_ column: Int) -> UInt32 { UInt32(PQftype(pointer, Int32(column))) }

  /// Rows and columns count from 0.
  package func isNull(_ row: Int, _ column: Int) -> Bool {
    if let copied { return copied.bytes(column) == nil }
    return PQgetisnull(pointer, Int32(row), Int32(column)) != 0
  }

  /// The value's bytes in place; nil for null. They must not leave `body`.
  package func withBytes<Result, E: Error>(
    _ row: Int, _ column: Int, _ body: (UnsafeRawBufferPointer?) throws(E) -> Result
  ) throws(E) -> Result {
    if let copied { return try body(copied.bytes(column)) }
    guard !isNull(row, column), let start = PQgetvalue(pointer, Int32(row), Int32(column)) else { return try body(nil) }
    return try body(UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(pointer, Int32(row), Int32(column)))))
  }

  /// Of a column in binary form, bytea or text; nil for null.
  package func bytes(_ row: Int, _ column: Int) -> [UInt8]? { withBytes(row, column) { $0.map { Array($0) } } }

  /// Of a text in either form, and of any column in text form; nil for null.
  package func text(_ row: Int, _ column: Int) -> String? {
    withBytes(row, column) { $0.map { String(decoding: $0, as: UTF8.self) } }
  }

  /// Of a bigint, integer or smallint in binary form; 0 for null and for anything else.
  package func int64(_ row: Int, _ column: Int) -> Int64 {
    withBytes(row, column) { bytes in
      switch bytes?.count {
      case 8: Int64(bigEndian: bytes!.loadUnaligned(as: Int64.self))
      case 4: Int64(Int32(bigEndian: bytes!.loadUnaligned(as: Int32.self)))
      case 2: Int64(Int16(bigEndian: bytes!.loadUnaligned(as: Int16.self)))
      default: 0
      }
    }
  }

  /// Of a timestamptz in binary form: microseconds since 1970; nil for null.
  package func timestamp(_ row: Int, _ column: Int) -> Int64? {
    isNull(row, column) ? nil : PostgresEpoch.read(int64(row, column))
  }

  /// Of a boolean in binary form; false for null.
  package func boolean(_ row: Int, _ column: Int) -> Bool { withBytes(row, column) { $0?.first ?? 0 } == 1 }

  /// Of a double precision or real in binary form.
  package func double(_ row: Int, _ column: Int) -> Double {
    withBytes(row, column) { bytes in
      switch bytes?.count {
      case 8: Double(bitPattern: UInt64(bigEndian: bytes!.loadUnaligned(as: UInt64.self)))
      case 4: Double(Float(bitPattern: UInt32(bigEndian: bytes!.loadUnaligned(as: UInt32.self))))
      default: 0
      }
    }
  }
}
