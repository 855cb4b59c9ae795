package import ChangeLog
internal import Foundation
internal import PipelineFiles
internal import Pipelines
internal import Postgres
internal import PostgresReadModels
internal import ReadModels
internal import SQLiteReadModels

/// Where read models are kept, for commands that look at them or have them rebuilt without the process that makes them.
package enum ReadModelPlace: Sendable {
  /// Files in a data directory.
  case data(String)
  /// Schemas of a PostgreSQL database.
  case database(url: String, passwordFile: String?, namespace: Namespace)

  /// How many of the store's own findings are given.
  static let faultsMax = 20

  /// For messages.
  package var name: String {
    switch self {
    case .data(let path): path
    case .database: "the database"
    }
  }

  /// What the store's own findings are about.
  var subject: String { if case .data = self { "the file" } else { name } }

  /// The options that name it to a command.
  package var options: String {
    switch self {
    case .data(let path): "--data \(path)"
    case .database(_, _, let namespace): "--read-models URL\(namespace.option)"
    }
  }

  /// Nil for files.
  var database: PostgresDatabase? {
    guard case .database(let url, let file, let namespace) = self else { return nil }
    return PostgresDatabase(PostgresSettings(url, passwordFile: file), namespace: namespace)
  }

  /// The names of the pipelines that have a read model there. Folders that were set aside are not among them.
  package func pipelines() throws -> [String] {
    if let database { return try database.pipelines() }
    guard case .data(let data) = self else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: data + "/read-models")) ?? []
    return names.filter { !$0.hasPrefix(".") && !$0.contains(".set-aside-") }.sorted()
  }

  /// Throws when a pipeline has no read model there.
  func require(_ pipeline: String) throws(StartError) {
    let names: [String]
    do {
      names = try pipelines()
    } catch let error as PostgresError {
      throw StartError("the read models' database, --read-models: \(error.message)")
    } catch {
      throw StartError("\(error)")
    }
    guard !names.contains(pipeline) else { return }
    let there = names.isEmpty ? "there are none" : "there are: \(names.joined(separator: ", "))"
    throw StartError("\(name) has no read model of \(pipeline); \(there)")
  }

  /// The generations of a pipeline that has some, and what the store finds wrong with its catalogue.
  func generations(of pipeline: String) throws -> (generations: [Generation], faults: [String]) {
    if let database { return (try database.stores.pipeline(pipeline).generations(), []) }
    return try SQLitePipelineStore.inspect(folder(pipeline), limit: ReadModelPlace.faultsMax)
  }

  /// The definition that a generation was built by, and a reader of it that notes damage in place of failing by it.
  func open(_ generation: Generation) throws -> (pipeline: Pipeline, reader: any GenerationReader) {
    if let database {
      let pipeline = try database.pipeline(of: generation)
      return (pipeline, try database.reader(generation, pipeline))
    }
    let pipeline = try PipelineLoader.load(generation.pipelinePath)
    return (pipeline, try SQLiteReader(checking: generation.databasePath, pipeline: pipeline))
  }

  /// A pipeline's store, for a change.
  func store(_ pipeline: String) throws -> any PipelineStore {
    if let database { return try database.stores.pipeline(pipeline) }
    return try SQLitePipelineStore(directory: folder(pipeline))
  }

  /// The text of the file that a generation was built by.
  func definition(of generation: Generation) throws -> String {
    if let database { return try database.pipelineFile(of: generation) }
    return try String(contentsOfFile: generation.pipelinePath, encoding: .utf8)
  }

  private func folder(_ pipeline: String) -> String {
    guard case .data(let data) = self else { return "" }
    return data + "/read-models/" + pipeline
  }
}
