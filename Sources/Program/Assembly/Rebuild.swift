internal import Foundation
internal import ReadModels

/// Has a pipeline's read model rebuilt from the log.
package enum Rebuild {
  /// The next process that runs the pipeline on these read models builds a new generation. Throws while a process uses their directory, and for a
  /// name that has no read model.
  package static func prepare(_ pipeline: String, at place: ReadModelPlace) throws {
    try place.require(pipeline)
    let directory: DataDirectory? = if case .data(let data) = place { try DataDirectory(data) } else { nil }
    do {
      let store = try place.store(pipeline)
      guard let current = try store.current() else {
        throw StartError("\(pipeline) has no current read model: the next start builds one anyhow")
      }
      _ = try store.rebuild(current.fingerprint, definition: try place.definition(of: current))
    } catch let error as ReadModelError {
      // What cannot be read serves nobody: it is set aside, and the next start begins as if there had been none.
      guard let directory else { throw error }
      if case .storage = error { throw error }
      try setAside(directory.readModels(pipeline))
    }
  }

  private static func setAside(_ path: String) throws {
    var number = 1
    while FileManager.default.fileExists(atPath: "\(path).set-aside-\(number)") { number += 1 }
    try FileManager.default.moveItem(atPath: path, toPath: "\(path).set-aside-\(number)")
  }
}
