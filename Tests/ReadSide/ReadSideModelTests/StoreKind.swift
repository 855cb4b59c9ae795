import ChangeLog
import Foundation
import Pipelines
import Postgres
import PostgresReadModels
import PostgresTestKit
import ReadModels
import SQLiteReadModels

/// Where a trial keeps its read models.
enum StoreKind: String, Sendable, CaseIterable {
  case sqlite, postgres
}

/// A read model of a trial's own, empty at first.
struct TrialModel {
  let store: any GenerationStore
  /// Of one in SQLite, the file.
  let path: String
  let reader: () throws -> any GenerationReader

  static func sqlite(_ pipeline: Pipeline, path: String) throws -> TrialModel {
    TrialModel(store: try SQLiteGeneration(path: path, pipeline: pipeline), path: path) {
      try SQLiteReader(path: path, pipeline: pipeline)
    }
  }

  static func postgres(_ pipeline: Pipeline, _ schemas: TrialSchemas) throws -> TrialModel {
    let generation = schemas.next(pipeline)
    let database = schemas.database
    return TrialModel(store: try PostgresGeneration(database, generation, pipeline: pipeline), path: "") {
      try database.reader(generation, pipeline)
    }
  }
}

/// The schemas of one scene, removed with it.
final class TrialSchemas {
  let database: PostgresDatabase
  private var made: [Generation] = []

  init() throws {
    database = PostgresDatabase(
      try PostgresCluster.shared().settings(), namespace: try Namespace("m\(UInt32.random(in: 0 ... .max))"))
  }

  func next(_ pipeline: Pipeline) -> Generation {
    made.append(Generation(number: made.count + 1, fingerprint: pipeline.fingerprint, state: .current, store: "trial"))
    return made[made.count - 1]
  }

  deinit {
    guard let connection = try? PostgresConnection(database.settings) else { return }
    for generation in made {
      let schema = PostgresConnection.identifier(database.schema(of: generation))
      try? connection.execute("SET lock_timeout = 2000; DROP SCHEMA IF EXISTS \(schema) CASCADE")
    }
  }
}
