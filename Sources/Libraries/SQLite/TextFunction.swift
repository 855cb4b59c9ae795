internal import CSQLite

/// A function of two texts in SQL.
package struct TextFunction: Sendable {
  package let name: String
  fileprivate let body: @Sendable (String, String) -> Double

  /// `body` gives the same for the same texts.
  package init(_ name: String, _ body: @escaping @Sendable (String, String) -> Double) {
    self.name = name
    self.body = body
  }
}

extension Connection {
  /// Makes a function known to the connection's SQL. Of a null it is null.
  package func add(_ function: TextFunction) throws(SQLiteError) {
    let database = try open()
    let box = Unmanaged.passRetained(Box(function.body))
    // SQLite lets go of the box, also when it refuses.
    let code = sqlite3_create_function_v2(
      database, function.name, 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, box.toOpaque(),
      { context, _, arguments in
        guard let pointer = sqlite3_user_data(context), let arguments,
          let first = Connection.text(arguments[0]), let second = Connection.text(arguments[1])
        else { return sqlite3_result_null(context) }
        let body = Unmanaged<Box>.fromOpaque(pointer).takeUnretainedValue().body
        sqlite3_result_double(context, body(first, second))
      }, nil, nil, { $0.map { Unmanaged<Box>.fromOpaque($0).release() } })
    guard code == SQLITE_OK else { throw .current(database, code: code) }
  }

  private final class Box: Sendable {
    let body: @Sendable (String, String) -> Double

    init(_ body: @escaping @Sendable (String, String) -> Double) { self.body = body }
  }

  private static func text(_ value: OpaquePointer?) -> String? {
    guard let bytes = sqlite3_value_text(value) else { return nil }
    let count = Int(sqlite3_value_bytes(value))
    return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
  }
}
