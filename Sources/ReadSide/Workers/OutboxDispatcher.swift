package import ChangeRecords
package import DynamoModel
internal import Foundation
internal import Pipelines
package import ReadModels
internal import Services
internal import Telemetry

/// Carries out what effects ask for in the write store. Called with the same arguments again after a crash: what it does is done
/// once, because what was seen no longer holds the second time.
package protocol EffectSink: Sendable {
  /// Deletes an item with the service's identity if the attributes in `seen` are still so and it was not written after the record
  /// at `seenThrough`. Answers whether it was there and deleted.
  func deleteItem(table: String, key: Item, seen: Item?, seenThrough: Position?) async throws -> Bool
}

/// Dispatches the outbox of the current generation: each effect once, in order, after the synced checkpoint that wrote it.
///
/// The ledger in the catalogue outlives generations, so a rebuild sends nothing again; what is older than the effect's
/// activation is suppressed.
struct OutboxDispatcher {
  static let batchMax = 200
  static let attemptsMax = 20

  let pipeline: Pipeline
  let writer: GenerationWriter
  let catalog: CatalogOwner
  let sink: any EffectSink
  let logger: Logger

  /// How long is waited when the read model or the catalogue cannot be written.
  static let storagePause = Duration.seconds(2)

  func run() async throws {
    while !Task.isCancelled {
      do {
        try await round()
      } catch let error as ReadModelError {
        // A full disk: what was carried out and not noted is carried out again, which changes nothing.
        guard case .storage = error else { throw error }
        logger.error("effects cannot be noted, trying again", ["pipeline": pipeline.name, "reason": "\(error)"])
        try? await Task.sleep(for: OutboxDispatcher.storagePause)
      }
    }
  }

  private func round() async throws {
    let ticket = writer.committed.ticket
    let now = Int64(Date().timeIntervalSince1970 * 1000)
    let pending = try await writer.pendingEffects(limit: OutboxDispatcher.batchMax, now: now)
    var outcomes: [(id: Int64, outcome: EffectOutcome)] = []
    var waits = false
    for effect in pending {
      if Task.isCancelled { break }
      guard let outcome = try await dispatch(effect, now) else {
        waits = true
        continue
      }
      outcomes.append((effect.id, outcome))
    }
    if !outcomes.isEmpty { try await writer.settle(outcomes) }
    if pending.isEmpty || waits || outcomes.isEmpty {
      await writer.committed.wait(since: ticket, timeout: .milliseconds(200))
    }
  }

  /// Nil when its time has not come.
  private func dispatch(_ effect: PendingEffect, _ now: Int64) async throws -> EffectOutcome? {
    if try await catalog.wasSent(effect.idempotencyKey) { return .suppressed("carried out by an earlier generation") }
    if effect.at < (try await catalog.activation(of: effect.effect)) {
      return .suppressed("older than the effect's activation")
    }
    do {
      switch effect.action.kind {
      case .deleteItem(let table, let key, let seen, let seenThrough):
        let deleted = try await sink.deleteItem(table: table, key: key, seen: seen, seenThrough: seenThrough)
        logger.log(.debug, "effect carried out", ["effect": effect.effect, "deleted": "\(deleted)"])
      case .deleteRows(let rows, let before):
        guard let watermark = try await writer.leastWatermark(), watermark > before else { return nil }
        for selection in rows {
          for (key, position) in try await writer.items(behind: selection, before: before) {
            _ = try await sink.deleteItem(table: selection.table, key: key, seen: nil, seenThrough: position)
          }
        }
      }
    } catch let error as ReadModelError {
      throw error
    } catch {
      if error is CancellationError || Task.isCancelled { return nil }
      return failed(effect, "\(error)", now)
    }
    try await catalog.recordSent([effect.idempotencyKey], at: effect.at)
    return .done
  }

  private func failed(_ effect: PendingEffect, _ reason: String, _ now: Int64) -> EffectOutcome {
    if effect.attempts + 1 >= OutboxDispatcher.attemptsMax {
      logger.error("effect given up", ["effect": effect.effect, "reason": reason])
      return .failed(reason)
    }
    logger.warning("effect failed, trying again", ["effect": effect.effect, "reason": reason])
    return .retry(notBefore: now + min(60_000, 200 << Int64(min(effect.attempts, 10))), reason)
  }
}

/// The catalogue on a thread of its own.
package actor CatalogOwner {
  private let executor: BlockingExecutor
  private let catalog: PipelineCatalog
  private let activeSince: Int64
  private var activations: [String: Int64] = [:]

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// `now` in microseconds: since when effects that are new are active.
  package init(directory: String, now: Int64) throws(ReadModelError) {
    executor = BlockingExecutor("catalog")
    catalog = try PipelineCatalog(directory: directory)
    activeSince = now
  }

  package func current() throws(ReadModelError) -> Generation? { try catalog.current() }
  package func generations() throws(ReadModelError) -> [Generation] { try catalog.generations() }

  func generation(for fingerprint: String, pipelineFile: String) throws(ReadModelError) -> Generation {
    try catalog.generation(for: fingerprint, pipelineFile: pipelineFile)
  }

  func makeCurrent(_ generation: Generation) throws(ReadModelError) { try catalog.makeCurrent(generation) }

  func activation(of effect: String) throws(ReadModelError) -> Int64 {
    if let known = activations[effect] { return known }
    let active = try catalog.activation(of: effect, now: activeSince)
    activations[effect] = active
    return active
  }

  func wasSent(_ key: String) throws(ReadModelError) -> Bool { try catalog.wasSent(key) }
  func recordSent(_ keys: [String], at time: Int64) throws(ReadModelError) { try catalog.recordSent(keys, at: time) }
}
