import Pipelines
import Postgres
import PostgresReadModels
import ReadModels
import SQLite
import SQLiteReadModels

/// Where the read model of the kill tests' pipeline is.
enum KilledModels: Sendable {
  /// In a data directory.
  case files(String)
  case database(PostgresDatabase)

  /// What a question answers that counts rows of the current generation.
  func count(_ sql: String) throws -> Int64 {
    switch self {
    case .files(let data):
      let connection = try Connection(path: KilledModels.path(data), options: .readOnly)
      defer { connection.close() }
      let statement = try connection.prepare(sql)
      return try statement.step() ? statement.int64(0) : 0
    case .database(let database):
      let connection = try PostgresConnection(database.settings)
      defer { connection.close() }
      let schema = database.schema(of: try KilledModels.current(database))
      try connection.execute("SET search_path = \(PostgresConnection.identifier(schema))")
      return try connection.run([PostgresQuery(sql)])[0].int64(0, 0)
    }
  }

  /// By partition, the last record that is applied in the current generation; of files none.
  var positions: [Int: Int64] {
    get throws {
      guard case .database(let database) = self else { return [:] }
      let connection = try PostgresConnection(database.settings)
      defer { connection.close() }
      let schema = database.schema(of: try KilledModels.current(database))
      let rows = try connection.run("SELECT partition, sequence FROM \(PostgresConnection.identifier(schema))._lanes")
      return Dictionary(uniqueKeysWithValues: (0..<rows.count).map { (Int(rows.int64($0, 0)), rows.int64($0, 1)) })
    }
  }

  /// The number of the current generation; nil where files are asked.
  var current: Int? {
    get throws {
      guard case .database(let database) = self else { return nil }
      return try database.stores.pipeline("killed").current()?.number
    }
  }

  /// Every projection's rows, held against their digests.
  func checks(_ pipeline: Pipeline) throws -> [RowCheck] {
    switch self {
    case .files(let data): try SQLiteReader(path: KilledModels.path(data), pipeline: pipeline).checkRows(of: pipeline)
    case .database(let database):
      try database.reader(try KilledModels.current(database), pipeline).checkRows(of: pipeline)
    }
  }

  private static func path(_ data: String) -> String { data + "/read-models/killed/current.db" }

  private static func current(_ database: PostgresDatabase) throws -> Generation {
    guard let current = try database.stores.pipeline("killed").current() else { throw ReaderError.notReady }
    return current
  }
}
