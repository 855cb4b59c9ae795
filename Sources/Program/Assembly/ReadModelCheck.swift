internal import PipelineFiles
package import ReadModels

/// A pipeline's current read model, compared with the hashes of its rows and the sums that checkpoints keep of them.
///
/// It only reads, in one snapshot, while a process works on it or none does.
package struct ReadModelCheck: Sendable {
  package let pipeline: String
  /// Nil when it is not known which generation is the current one.
  package let generation: Int?
  /// By projection; empty when the read model cannot be opened.
  package let rows: [RowCheck]
  /// What is wrong, one sentence for each finding; empty when nothing is.
  package let findings: [String]

  /// Of the rows of all projections, in 32 hexadecimal digits; nil when it cannot be opened.
  package var digest: String? { rows.isEmpty ? nil : rows.digest }

  /// Checks a pipeline's read model. Throws when there is none, or another version of this program made it. O(rows).
  package init(_ pipeline: String, at place: ReadModelPlace) throws(StartError) {
    try place.require(pipeline)
    self.pipeline = pipeline
    var number: Int?
    do {
      let catalog = try place.generations(of: pipeline)
      guard let current = catalog.generations.last(where: { $0.state == .current }) else {
        throw StartError("\(pipeline) has no current read model: it has not caught up with the log yet")
      }
      number = current.number
      let (definition, reader) = try place.open(current)
      defer { reader.close() }
      let faults = try reader.storageFaults(limit: ReadModelPlace.faultsMax)
      rows = try reader.checkRows(of: definition)
      findings =
        rows.flatMap(\.findings) + faults.map { "\(place.subject): \($0)" }
        + catalog.faults.map { "the catalogue: \($0)" }
    } catch let error as StartError {
      throw error
    } catch let error as ReadModelError {
      switch error {
      case .damaged(_, let reason): (rows, findings) = ([], ["it cannot be read: \(reason)"])
      case .superseded, .held, .otherFingerprint, .otherVersion, .otherCatalogue, .storage: throw StartError("\(error)")
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
  package static func advice(_ pipeline: String, at place: ReadModelPlace) -> String {
    "build it again from the log: afterimage pipeline rebuild \(pipeline), or with the process stopped "
      + "afterimage pipeline rebuild \(pipeline) \(place.options)"
  }
}
