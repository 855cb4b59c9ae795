internal import Foundation
internal import ReadModels
internal import SQLiteReadModels

/// Has a pipeline's read model rebuilt from the log.
package enum Rebuild {
  /// The next process that runs the pipeline on this data builds a new generation. Throws while a process uses the directory, and when
  /// it has no read model of that name.
  package static func prepare(_ pipeline: String, data: String) throws {
    let models = data + "/read-models"
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: models)) ?? []).sorted()
    guard names.contains(pipeline) else {
      let there = names.isEmpty ? "there are none" : "there are: \(names.joined(separator: ", "))"
      throw StartError("\(data) has no read model of \(pipeline); \(there)")
    }
    let directory = try DataDirectory(data)
    let path = directory.readModels(pipeline)
    do {
      let store = try SQLitePipelineStore(directory: path)
      guard let current = try store.current() else {
        throw StartError("\(pipeline) has no current read model: the next start builds one anyhow")
      }
      _ = try store.rebuild(current.fingerprint, pipelineFile: current.pipelinePath)
    } catch let error as ReadModelError {
      // What cannot be read serves nobody: it is set aside, and the next start begins as if there had been none.
      guard case .storage = error else { return try setAside(path) }
      throw error
    }
  }

  private static func setAside(_ path: String) throws {
    var number = 1
    while FileManager.default.fileExists(atPath: "\(path).set-aside-\(number)") { number += 1 }
    try FileManager.default.moveItem(atPath: path, toPath: "\(path).set-aside-\(number)")
  }
}
