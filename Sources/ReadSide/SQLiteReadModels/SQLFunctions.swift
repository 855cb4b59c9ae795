internal import Pipelines
package import SQLite

/// What the SQL of pipelines has beside SQLite's own functions; PostgreSQL has the same (`PostgresFunctions`).
package enum SQLFunctions {
  private static let all = [TextFunction("similarity") { Similarity.of($0, $1) }]

  /// Makes them known to a connection on which queries run or are prepared.
  package static func add(to connection: Connection) throws(SQLiteError) {
    for function in all { try connection.add(function) }
  }
}
