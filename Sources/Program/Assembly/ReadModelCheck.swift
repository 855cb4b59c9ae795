internal import Foundation
internal import PipelineFiles
internal import Pipelines
package import ReadModels
internal import SQLiteReadModels

/// A pipeline's current read model in a data directory, compared with the hashes of its rows and the sums that checkpoints keep of them.
///
/// It only reads, in one snapshot of the file, while a process works on it or none does.
package struct ReadModelCheck: Sendable {
  package let pipeline: String
  /// Nil when it is not known which generation is the current one.
  package let generation: Int?
  /// By projection; empty when the file cannot be opened.
  package let rows: [RowCheck]
  /// What is wrong, one sentence for each finding; empty when nothing is.
  package let findings: [String]

  /// Of the rows of all projections, in 32 hexadecimal digits; nil when the file cannot be opened.
  package var digest: String? { rows.isEmpty ? nil : rows.digest }

  /// How many of SQLite's own findings are given.
  static let storageFaultsMax = 20

  /// The names of the pipelines that have a read model in a data directory. Folders that were set aside are not among them.
  package static func pipelines(in data: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: data + "/read-models")) ?? []
    return names.filter { !$0.hasPrefix(".") && !$0.contains(".set-aside-") }.sorted()
  }

  /// Checks a pipeline's read model. Throws when there is none, or another version of this program made it. O(rows).
  package init(_ pipeline: String, data: String) throws(StartError) {
    let names = ReadModelCheck.pipelines(in: data)
    guard names.contains(pipeline) else {
      let there = names.isEmpty ? "there are none" : "there are: \(names.joined(separator: ", "))"
      throw StartError("\(data) has no read model of \(pipeline); \(there)")
    }
    self.pipeline = pipeline
    var number: Int?
    do {
      let catalog = try SQLitePipelineStore.inspect(data + "/read-models/" + pipeline, limit: ReadModelCheck.storageFaultsMax)
      guard let current = catalog.generations.last(where: { $0.state == .current }) else {
        throw StartError("\(pipeline) has no current read model: it has not caught up with the log yet")
      }
      number = current.number
      let definition = try PipelineLoader.load(current.pipelinePath)
      let reader = try SQLiteReader(checking: current.databasePath, pipeline: definition)
      defer { reader.close() }
      let faults = try reader.storageFaults(limit: ReadModelCheck.storageFaultsMax)
      rows = try reader.checkRows(of: definition)
      findings =
        rows.flatMap(\.findings) + faults.map { "the file: \($0)" }
        + catalog.faults.map { "the catalogue: \($0)" }
    } catch let error as StartError {
      throw error
    } catch let error as ReadModelError {
      switch error {
      case .damaged(_, let reason): (rows, findings) = ([], ["it cannot be read: \(reason)"])
      case .superseded, .otherFingerprint, .otherVersion, .storage: throw StartError("\(error)")
      }
    } catch let error as PipelineError {
      (rows, findings) = ([], ["the pipeline file beside it cannot be read: \(error)"])
    } catch {
      (rows, findings) = ([], ["it cannot be read: \(error)"])
    }
    generation = number
  }

  package var isFine: Bool { findings.isEmpty }

  /// What to do about findings.
  package static func advice(_ pipeline: String, data: String) -> String {
    "build it again from the log: afterimage pipeline rebuild \(pipeline), or with the process stopped "
      + "afterimage pipeline rebuild \(pipeline) --data \(data)"
  }
}
