internal import PipelineFiles
internal import Pipelines
internal import Postgres
internal import PostgresReadModels
internal import ReadModels
internal import SQLiteReadModels

/// Where the read models of a process are: SQLite files in its data directory, or schemas of a PostgreSQL database.
struct ReadModelHome: Sendable {
  let stores: ReadModelStores
  /// A pipeline's store, by the name that `stores` knows it by.
  let store: @Sendable (_ pipeline: String) -> String
  /// The definition that a generation was built by.
  let load: @Sendable (Generation) throws -> Pipeline
  /// Nil for files.
  let database: PostgresDatabase?
  /// Opens a generation for reading.
  let open: @Sendable (Generation, Pipeline) throws -> any GenerationReader

  init(_ settings: NodeSettings, _ directory: DataDirectory) throws(StartError) {
    guard let url = settings.readModels else {
      database = nil
      stores = .sqlite
      store = { directory.readModels($0) }
      load = { try PipelineLoader.load($0.directory) }
      open = { try SQLiteReader(path: $0.databasePath, pipeline: $1) }
      return
    }
    let connection = PostgresSettings(url, passwordFile: settings.readModelsPasswordFile)
    let database = PostgresDatabase(connection, namespace: settings.namespace)
    self.database = database
    stores = database.stores
    store = { $0 }
    load = { try database.pipeline(of: $0) }
    open = { try database.reader($0, $1) }
    try ReadModelHome.check(connection)
  }

  /// A database that cannot be reached, does not take the password, or is refused by name, ends the start with what libpq or the server says.
  private static func check(_ settings: PostgresSettings) throws(StartError) {
    do {
      try PostgresConnection(settings).close()
    } catch {
      throw StartError("the read models' database, --read-models: \(error.message)")
    }
  }
}

extension PostgresDatabase {
  /// The definition that a generation was built by.
  func pipeline(of generation: Generation) throws -> Pipeline {
    try PipelineLoader.load(text: Array(try pipelineFile(of: generation).utf8), file: PipelineLoader.fileName)
  }
}
