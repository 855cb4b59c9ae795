package import ReadModels
internal import Services
internal import Synchronization

/// A pipeline's store on a thread of its own. It is opened when it is first asked for something, and again at the next call when that failed:
/// a store that cannot be opened stops its pipeline only.
package actor CatalogOwner {
  private let executor: BlockingExecutor
  private let open: @Sendable () throws(ReadModelError) -> any PipelineStore
  private var opened: (any PipelineStore)?
  /// The current generation as it was last read; not known after a change.
  private nonisolated let known = Mutex<Generation?>(nil)

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// `open` opens the store.
  package init(open: @escaping @Sendable () throws(ReadModelError) -> any PipelineStore) {
    executor = BlockingExecutor("catalog")
    self.open = open
  }

  private var store: any PipelineStore {
    get throws(ReadModelError) {
      if let opened { return opened }
      let store = try open()
      opened = store
      return store
    }
  }

  package func current() throws(ReadModelError) -> Generation? {
    let current = try store.current()
    known.withLock { $0 = current }
    return current
  }

  /// As `current`, without asking the store again for what this owner has read: for a store that nobody else changes, which is one whose worker
  /// is in this process.
  package nonisolated func ownCurrent() async throws -> Generation? {
    if let known = knownCurrent { return known }
    return try await current()
  }

  /// The current generation as this owner has read it; nil after a change, until it is read again. True while nobody else changes the store.
  package nonisolated var knownCurrent: Generation? { known.withLock { $0 } }

  package func generations() throws(ReadModelError) -> [Generation] { try store.generations() }

  func generation(for fingerprint: String, definition: String) throws(ReadModelError) -> Generation {
    defer { known.withLock { $0 = nil } }
    return try store.generation(for: fingerprint, definition: definition)
  }

  func rebuild(_ fingerprint: String, definition: String) throws(ReadModelError) -> Generation {
    defer { known.withLock { $0 = nil } }
    return try store.rebuild(fingerprint, definition: definition)
  }

  func makeCurrent(_ generation: Generation, inPlaceOf frozen: Generation?) throws(ReadModelError) {
    defer { known.withLock { $0 = nil } }
    try store.makeCurrent(generation, inPlaceOf: frozen)
  }

  func lead(_ generation: Generation, for lease: Duration) throws(ReadModelError) -> Bool {
    try store.lead(generation, for: lease)
  }
  func stopLeading(_ generation: Generation) throws(ReadModelError) { try store.stopLeading(generation) }
  func freeze(_ generation: Generation, for limit: Duration) throws(ReadModelError) { try store.freeze(generation, for: limit) }
  func thaw(_ generation: Generation) throws(ReadModelError) { try store.thaw(generation) }

  package func report(_ work: WorkReport) throws(ReadModelError) { try store.report(work) }
  /// As `PipelineStore.reported`, and the generations that are served or built.
  package func reported() throws(ReadModelError) -> (work: ReportedWork, generations: [Generation])? {
    guard let work = try store.reported() else { return nil }
    return (work, try store.generations().filter { $0.state != .kept })
  }

  func activate(_ names: [String], at places: [LogPlace]) throws(ReadModelError) { try store.activate(names, at: places) }
  func activations() throws(ReadModelError) -> Activations { try store.activations() }

  package func paused() throws(ReadModelError) -> Set<String> { try store.paused() }
  /// As `PipelineStore.setPaused`.
  package func setPaused(_ effect: String, _ isPaused: Bool) throws(ReadModelError) -> Bool {
    try store.setPaused(effect, isPaused)
  }

  func sent(among keys: [String]) throws(ReadModelError) -> [String] { try store.sent(among: keys) }
  func recordSent(_ keys: [String], at time: Int64) throws(ReadModelError) { try store.recordSent(keys, at: time) }
}
