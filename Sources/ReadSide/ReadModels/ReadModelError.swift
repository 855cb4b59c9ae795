/// Why a read model cannot be used or changed.
package enum ReadModelError: Error, Sendable, CustomStringConvertible {
  /// Another worker has taken the lane, or a checkpoint of this one went through unseen: load the lane again.
  case superseded(table: String, partition: Int)
  /// The generation takes nothing at the moment, or ever again: another is taking its place, has taken it, or works on it.
  case held(String)
  /// The file belongs to another pipeline definition.
  case otherFingerprint(path: String)
  /// The file was written by another version of the engine.
  case otherVersion(path: String, found: String, known: Int)
  /// The pipeline's catalogue was written by another version of the program. `schemas` hold it and the generations; nil in files.
  case otherCatalogue(path: String, found: String, known: Int, schemas: String?)
  case storage(path: String, String, isFull: Bool)
  case damaged(path: String, String)

  /// Whether what was found is sound, and another definition's or another version's of this program.
  package var isOfAnotherProgram: Bool {
    switch self {
    case .otherFingerprint, .otherVersion, .otherCatalogue: true
    case .superseded, .held, .storage, .damaged: false
    }
  }

  package var description: String {
    switch self {
    case .superseded(let table, let partition):
      "\(partition < 0 ? table : "lane \(table)[\(partition)]") was taken over by another worker"
    case .held(let reason): reason
    case .otherFingerprint(let path): "\(path) was built by another definition of the pipeline: \(ReadModelError.rebuild(path))"
    case .otherVersion(let path, let found, let known):
      "\(path) has read model format \(found), this program writes format \(known): "
        + "use the afterimage that wrote it, or \(ReadModelError.rebuild(path))"
    case .otherCatalogue(let path, let found, let known, let schemas):
      "\(path) has catalogue format \(found), this program writes format \(known): use the afterimage that wrote it, or begin anew, without effects of what "
        + "was written before: "
        + (schemas.map {
          "stop all processes that work on the pipeline or read it, delete \($0) (DROP SCHEMA ... CASCADE), and start them again"
        } ?? "stop the process that uses it, and \(ReadModelError.rebuild(path))")
    case .storage(let path, let reason, let isFull):
      isFull ? "\(path): the disk is full: \(reason); nothing of the checkpoint was written" : "\(path): \(reason)"
    case .damaged(let path, let reason): "\(path) is damaged: \(reason): \(ReadModelError.rebuild(path))"
    }
  }

  /// What to do about a file `DIR/read-models/PIPELINE/generation-N/read-model.db`, or the catalogue `DIR/read-models/PIPELINE/catalog.db`.
  private static func rebuild(_ path: String) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard let place = parts.lastIndex(of: "read-models"), place > 0, place + 2 < parts.count else {
      return "rebuild the pipeline from the log"
    }
    let data = parts[..<place].joined(separator: "/")
    return "rebuild it from the log with: afterimage pipeline rebuild \(parts[place + 1]) --data \(data)"
  }
}
