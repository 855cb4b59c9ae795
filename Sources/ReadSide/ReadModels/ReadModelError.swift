internal import SQLite

/// Why a read model cannot be used or changed.
package enum ReadModelError: Error, Sendable, CustomStringConvertible {
  /// Another worker has taken the lane, or a checkpoint of this one went through unseen: load the lane again.
  case superseded(table: String, partition: Int)
  /// The file belongs to another pipeline definition.
  case otherFingerprint(path: String)
  /// The file was written by another version of the engine.
  case otherVersion(path: String, found: String)
  case storage(path: String, String, isFull: Bool)
  case damaged(path: String, String)

  package var description: String {
    switch self {
    case .superseded(let table, let partition): "lane \(table)[\(partition)] was taken over by another worker"
    case .otherFingerprint(let path): "\(path) was built by another definition of the pipeline: build a new generation"
    case .otherVersion(let path, let found):
      "\(path) has read model format \(found), this program writes format \(GenerationSchema.version): build a new generation"
    case .storage(let path, let reason, let isFull):
      isFull ? "\(path): the disk is full: \(reason); nothing of the checkpoint was written" : "\(path): \(reason)"
    case .damaged(let path, let reason): "\(path) is damaged: \(reason): build a new generation"
    }
  }
}
