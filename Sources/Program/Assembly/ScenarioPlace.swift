internal import ChangeLog
internal import Pipelines
internal import Postgres
internal import PostgresReadModels
internal import ReadModels
internal import SQLiteReadModels

/// Where a scenario test keeps its read model while it runs.
package enum ScenarioPlace: Sendable {
  /// In a file, in a temporary folder.
  case files
  /// In a schema of its own, in the PostgreSQL database of this URL: the role must be allowed to make schemas there. It is dropped at the end.
  case database(String)

  func open(_ pipeline: Pipeline, _ directory: String) throws -> ScenarioReadModel {
    switch self {
    case .files:
      let path = directory + "/read-model.db"
      return ScenarioReadModel(
        store: try SQLiteGeneration(path: path, pipeline: pipeline), reader: try SQLiteReader(path: path, pipeline: pipeline))
    case .database(let url):
      do {
        let database = PostgresDatabase(
          PostgresSettings(url), namespace: try Namespace("afterimage-test-\(String(UInt32.random(in: 0 ... .max), radix: 16))"))
        let generation = Generation(number: 1, fingerprint: pipeline.fingerprint, state: .building, store: pipeline.name)
        return ScenarioReadModel(
          store: try PostgresGeneration(database, generation, pipeline: pipeline),
          reader: try database.reader(generation, pipeline)
        ) { try? database.dropTemporary(generation) }
      } catch {
        throw StartError("the database, --store: \(error)")
      }
    }
  }
}

/// A scenario's read model, open to be written and to be read.
struct ScenarioReadModel {
  let store: any GenerationStore
  let reader: any GenerationReader
  var drop: () -> Void = {}

  func close() {
    reader.close()
    store.close()
    drop()
  }
}
