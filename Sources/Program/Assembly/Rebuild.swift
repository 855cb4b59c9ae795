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
    guard try SQLitePipelineStore(directory: directory.readModels(pipeline)).giveUpCurrent() else {
      throw StartError("\(pipeline) has no current read model: the next start builds one anyhow")
    }
  }
}
