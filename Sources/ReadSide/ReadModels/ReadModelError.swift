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
  /// The pipeline's catalogue was written by another version of the program. `all` is what holds it and the generations.
  case otherCatalogue(path: String, found: String, known: Int, all: String)
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
    case .otherCatalogue(let path, let found, let known, let all):
      "\(path) has catalogue format \(found), this program writes format \(known): use the afterimage that wrote it, or stop all processes that work on the "
        + "pipeline or read it, delete \(all), and start them again: its read models are then built from the log, without the effects of before"
    case .storage(let path, let reason, let isFull):
      isFull ? "\(path): the disk is full: \(reason); nothing of the checkpoint was written" : "\(path): \(reason)"
    case .damaged(let path, let reason): "\(path) is damaged: \(reason): \(ReadModelError.rebuild(path))"
    }
  }

  /// What to do about a file `DIR/read-models/PIPELINE/generation-N/read-model.db`.
  private static func rebuild(_ path: String) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count > 4, parts[parts.count - 4] == "read-models" else { return "rebuild the pipeline from the log" }
    let data = parts[..<(parts.count - 4)].joined(separator: "/")
    return "rebuild it from the log with: afterimage pipeline rebuild \(parts[parts.count - 3]) --data \(data)"
  }
}
