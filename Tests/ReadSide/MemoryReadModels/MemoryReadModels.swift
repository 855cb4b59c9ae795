package import DynamoModel
package import Pipelines
package import ReadModels
internal import Synchronization

/// A store in memory, for tests: dictionaries that are sorted when they are read. A transaction is a copy that takes the place of what was there.
///
/// Everything that SQL databases do with indexes and statements is done here in the plainest way, so that the two can be compared with each
/// other.
package final class MemoryReadModels: Sendable {
  /// A step of a checkpoint, for the failures that a test wants.
  package enum Part: String, Sendable, CaseIterable {
    case position, collection, groups, sessions, steps, deadLetters, outbox, commit
  }

  /// Dead letters of records that are kept for each projection: few, for it is a plain sort.
  package static let deadLettersMax = 200

  struct State {
    /// By folder.
    var catalogs: [String: MemoryCatalog] = [:]
    /// By folder.
    var generations: [String: MemoryGeneration] = [:]
    var failing: Part?
  }

  let state = Mutex(State())

  package init() {}

  /// The next checkpoints fail when they come to this part; nil lets them go through.
  package func fail(at part: Part?) { state.withLock { $0.failing = part } }

  package var stores: ReadModelStores {
    ReadModelStores(
      layout: GenerationLayout("memory layout 1", oldestRead: 1, lastUnnamed: 1),
      pipeline: { [self] (directory) throws(ReadModelError) in MemoryPipelineStore(self, directory: directory) },
      generation: { [self] (generation, pipeline) throws(ReadModelError) in
        try MemoryGenerationStore(self, generation.memoryName, pipeline)
      })
  }

  /// Opens a generation for reading.
  package func reader(_ generation: Generation, _ pipeline: Pipeline) throws -> any GenerationReader {
    guard state.withLock({ $0.generations[generation.memoryName] != nil }) else { throw ReaderError.notReady }
    return MemoryReader(self, generation.memoryName, pipeline)
  }

  /// Changes the rows and hashes of the first projection behind the back of its writer.
  package func changeRows(
    _ generation: Generation, _ body: (inout [BytesKey: [Value]], inout [BytesKey: RowHash]) -> Void
  ) throws {
    try write(generation.memoryName) { (all) throws(ReadModelError) in
      let first = ProjectionID(rawValue: 0)
      body(&all.rows[first, default: [:]], &all.hashes[first, default: [:]])
    }
  }

  func read(_ directory: String) throws(ReadModelError) -> MemoryGeneration {
    guard let found = state.withLock({ $0.generations[directory] }) else {
      throw .storage(path: directory, "the generation is gone", isFull: false)
    }
    return found
  }

  /// Changes a generation, or leaves it as it was when `body` throws.
  func write<Result>(
    _ directory: String, _ body: (inout MemoryGeneration) throws(ReadModelError) -> Result
  ) throws(ReadModelError) -> Result {
    var changed = try read(directory)
    let result = try body(&changed)
    state.withLock { $0.generations[directory] = changed }
    return result
  }

  func check(_ part: Part) throws(ReadModelError) {
    if state.withLock({ $0.failing }) == part {
      throw .storage(path: "memory", "fails at the \(part.rawValue), as the test wants it", isFull: true)
    }
  }
}

extension Generation {
  /// By what the store in memory knows a generation.
  var memoryName: String { "\(store)/\(number)" }
}
