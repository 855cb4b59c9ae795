package import Pipelines
internal import Projections
package import ReadModels

/// The decider of a store worked by hand: each call is one checkpoint, of all that lies below a watermark.
package final class DeciderHand {
  private let store: any GenerationStore
  private let epoch: Epoch
  private var engine: DeciderEngine

  /// Takes the decider's work over, with whatever the store holds of it.
  package init(_ store: any GenerationStore) throws {
    self.store = store
    let taken = try store.takeDecider(sessionsMax: .max)
    epoch = taken.epoch
    engine = DeciderEngine(
      pipeline: store.pipeline, stored: taken.sessions,
      activations: Activations.always(EffectRules.names(of: store.pipeline)).ofDecider)
  }

  /// What it makes of the steps, boards and empty groups below a watermark, as the store has them now; not committed.
  package func prepare(below watermark: Instant) throws -> DeciderCheckpoint {
    var checkpoint = DeciderCheckpoint(epoch: epoch)
    for id in DeciderEngine.folded(of: store.pipeline) {
      let steps = try store.steps(id, below: watermark, limit: .max).map(\.step)
      let wanted = engine.wantedGroups(steps, projection: id)
      try engine.admit(wanted.isEmpty ? [:] : try store.watched(id, wanted), wanted: wanted, projection: id)
      try engine.apply(steps, projection: id)
      engine.advance(id, to: watermark)
      checkpoint.folded[id] = steps.last?.stamp
      checkpoint.decided[id] = watermark
    }
    for id in DeciderEngine.closingBoards(of: store.pipeline) {
      let closings = try store.boardsToClose(id, at: watermark, limit: .max)
      for closing in closings { engine.close(closing) }
      checkpoint.closings += closings
      if !closings.isEmpty { checkpoint.decided[id] = watermark.advanced(by: 1) }
    }
    for id in store.pipeline.projections.ids {
      let projection = store.pipeline.projections[id]
      if projection.isOverItems { checkpoint.trim[id] = watermark }
      if case .leaderboard(let board) = projection.kind, board.keepBoards != nil { checkpoint.trim[id] = watermark }
    }
    checkpoint.changes = engine.takeChanges()
    return checkpoint
  }

  package func commit(_ checkpoint: DeciderCheckpoint) throws {
    _ = try store.checkpoint(checkpoint)
    engine.committed()
  }

  /// Commits what lies below a watermark.
  package func checkpoint(below watermark: Instant) throws { try commit(try prepare(below: watermark)) }
}
