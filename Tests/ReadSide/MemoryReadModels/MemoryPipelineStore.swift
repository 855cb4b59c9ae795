internal import ChangeRecords
internal import DynamoModel
package import ReadModels
internal import Synchronization

/// What a pipeline has in memory: the catalogue.
struct MemoryCatalog: Sendable {
  var generations: [Generation] = []
  var numbers = 0
  var activations: [String: [LogPlace]] = [:]
  var paused: Set<String> = []
  /// When each was carried out, in milliseconds.
  var sent: [TextKey: Int64] = [:]
}

/// A pipeline's store in memory.
package final class MemoryPipelineStore: PipelineStore {

  private let models: MemoryReadModels
  private let directory: String

  init(_ models: MemoryReadModels, directory: String) {
    self.models = models
    self.directory = directory
  }

  private func change<Result: Sendable>(
    _ body: @Sendable (inout MemoryCatalog) throws(ReadModelError) -> Result
  ) throws(ReadModelError) -> Result {
    var catalog = models.state.withLock { $0.catalogs[directory] } ?? MemoryCatalog()
    let result = try body(&catalog)
    models.state.withLock { [catalog] in $0.catalogs[directory] = catalog }
    return result
  }

  package func generations() throws(ReadModelError) -> [Generation] {
    try change { (catalog) throws(ReadModelError) in catalog.generations }
  }

  package func generation(for fingerprint: String, definition: String) throws(ReadModelError) -> Generation {
    switch GenerationChoice(fingerprint, among: try generations(), led: []) {
    case .make: return try rebuild(fingerprint, definition: definition)
    case .wait(let reason): throw .held(reason)
    case .run(let found, let abandoned):
      try change { (catalog) throws(ReadModelError) in catalog.generations.removeAll { abandoned.contains($0) } }
      return found
    }
  }

  package func rebuild(_ fingerprint: String, definition: String) throws(ReadModelError) -> Generation {
    let directory = directory
    let made = try change { (catalog) throws(ReadModelError) in
      catalog.generations.removeAll { $0.state == .building }
      catalog.numbers += 1
      let isFirst = catalog.numbers == 1
      let made = Generation(
        number: catalog.numbers, fingerprint: fingerprint, state: isFirst ? .current : .building,
        store: directory)
      catalog.generations.append(made)
      return made
    }
    return made
  }

  package func makeCurrent(_ generation: Generation, inPlaceOf frozen: Generation?) throws(ReadModelError) {
    let directory = directory
    try change { (catalog) throws(ReadModelError) in
      guard catalog.generations.contains(where: { $0.number == generation.number }) else {
        throw .storage(path: directory, "generation \(generation.number) was given up", isFull: false)
      }
      catalog.generations = catalog.generations.map { old in
        let state: Generation.State = old.number == generation.number ? .current : old.state == .current ? .kept : old.state
        return Generation(number: old.number, fingerprint: old.fingerprint, state: state, store: old.store)
      }
      MemoryPipelineStore.dropKept(&catalog)
    }
  }

  private static func dropKept(_ catalog: inout MemoryCatalog) {
    for old in catalog.generations.filter({ $0.state == .kept }).dropLast(ReadModelLimits.keptGenerationsMax) {
      catalog.generations.removeAll { $0.number == old.number }
    }
  }

  package func lead(_ generation: Generation, for lease: Duration) -> Bool { true }
  package func stopLeading(_ generation: Generation) {}
  package func freeze(_ generation: Generation, for limit: Duration) {}
  package func thaw(_ generation: Generation) {}

  package func giveUpCurrent() throws(ReadModelError) -> Bool {
    try change { (catalog) throws(ReadModelError) in
      guard let place = catalog.generations.firstIndex(where: { $0.state == .current }) else { return false }
      let old = catalog.generations[place]
      catalog.generations[place] = Generation(
        number: old.number, fingerprint: old.fingerprint, state: .kept, store: old.store)
      return true
    }
  }

  package func activate(_ names: [String], at places: [LogPlace]) throws(ReadModelError) {
    try change { (catalog) throws(ReadModelError) in
      for name in catalog.activations.keys where !names.contains(name) {
        catalog.activations[name] = nil
        catalog.paused.remove(name)
      }
      for name in names where catalog.activations[name] == nil { catalog.activations[name] = places }
    }
  }

  package func activations() throws(ReadModelError) -> Activations {
    try change { (catalog) throws(ReadModelError) in
      var all = Activations()
      for (name, places) in catalog.activations {
        all.add(name, nil)
        for place in places { all.add(name, place) }
      }
      return all
    }
  }

  package func paused() throws(ReadModelError) -> Set<String> {
    try change { (catalog) throws(ReadModelError) in catalog.paused }
  }

  package func setPaused(_ effect: String, _ isPaused: Bool) throws(ReadModelError) -> Bool {
    try change { (catalog) throws(ReadModelError) in
      guard catalog.activations[effect] != nil else { return false }
      if isPaused { catalog.paused.insert(effect) } else { catalog.paused.remove(effect) }
      return true
    }
  }

  package func sent(among idempotencyKeys: [String]) throws(ReadModelError) -> [String] {
    try change { (catalog) throws(ReadModelError) in idempotencyKeys.filter { catalog.sent[TextKey($0)] != nil } }
  }

  package func recordSent(_ idempotencyKeys: [String], at time: Int64) throws(ReadModelError) {
    if idempotencyKeys.isEmpty { return }
    try change { (catalog) throws(ReadModelError) in
      for key in idempotencyKeys where catalog.sent[TextKey(key)] == nil { catalog.sent[TextKey(key)] = time }
      catalog.sent = catalog.sent.filter { $0.value >= time - ReadModelLimits.ledgerAgeMax }
    }
  }
}
