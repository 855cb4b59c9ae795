internal import DynamoModel
internal import Pipelines
internal import Projections
internal import ReadModels
internal import Services
internal import Synchronization
internal import Telemetry

/// Dispatches the outbox of the current generation: effects begin at once after the synced checkpoint that wrote them, several at a time, of
/// one target one after the other. Each waits only for what it depends on.
///
/// The ledger outlives generations, so a rebuild sends nothing again. What is carried out and not noted, because of a crash, is carried out
/// again, which changes nothing.
struct OutboxDispatcher {
  static let fetchedMax = 500
  /// How long an effect is this process's alone at a time; an attempt that takes longer asks for more.
  static let claim = Duration.seconds(10)
  /// How long is waited when the read model or the ledger cannot be written.
  static let storagePause = Duration.seconds(2)

  let pipeline: Pipeline
  let writer: GenerationWriter
  let board: LaneBoard
  let catalog: CatalogOwner
  let sink: any EffectSink
  let settings: WorkerSettings
  let logger: Logger
  private let clock = StoreClock()
  private let limits = Counted()

  init(
    pipeline: Pipeline, writer: GenerationWriter, board: LaneBoard, catalog: CatalogOwner, sink: any EffectSink,
    settings: WorkerSettings, logger: Logger
  ) {
    self.pipeline = pipeline
    self.writer = writer
    self.board = board
    self.catalog = catalog
    self.sink = sink
    self.settings = settings
    self.logger = logger
  }

  /// What was begun in this hour, by this process since it leads.
  private final class Counted: Sendable {
    private let limits = Mutex(HourlyLimits())

    func admits(_ effect: PendingEffect, _ limit: Int, now: Int64) -> Bool {
      guard let subject = effect.action.subject else { return true }
      return limits.withLock { $0.admit(effect.effect, subject, limit: limit, now: now) }
    }
  }

  private final class Outcomes: Sendable {
    let arrived = Signal()
    private let all = Mutex<[(effect: PendingEffect, outcome: EffectOutcome)]>([])

    func add(_ effect: PendingEffect, _ outcome: EffectOutcome) {
      all.withLock { $0.append((effect, outcome)) }
      arrived.announce()
    }

    func take() -> [(effect: PendingEffect, outcome: EffectOutcome)] {
      all.withLock { all in
        defer { all = [] }
        return all
      }
    }
  }

  /// Takes out what waits for effects that have left the file: nobody would carry it out, and it would hold back others on its target.
  private func dropUnknown() async throws(ReadModelError) {
    let known = Set(EffectRules.names(of: pipeline))
    var last = EffectID.none
    while true {
      guard let page = try await writer.effects([.pending], after: last, limit: OutboxDispatcher.fetchedMax) else { return }
      for name in Set(page.map(\.pending.effect)).subtracting(known).sorted() {
        let count = try await writer.change(.all(effect: name, .pending), .discard) ?? 0
        logger.warning("effects dropped that are no longer in the file", ["effect": name, "count": "\(count)"])
      }
      guard let end = page.last else { return }
      last = end.pending.id
    }
  }

  func run() async {
    defer { board.heartbeats.end(.effects) }
    while !Task.isCancelled {
      do {
        try await dropUnknown()
        try await clock.set(by: writer)
        break
      } catch {
        logger.error("effects cannot be read, trying again", ["pipeline": pipeline.name, "reason": "\(error)"])
        try? await Task.sleep(for: OutboxDispatcher.storagePause)
      }
    }
    let outcomes = Outcomes()
    await withDiscardingTaskGroup { group in
      var queue = EffectQueue(atOnce: settings.effectsAtOnce)
      var changes = writer.effectsChanged.ticket
      while !Task.isCancelled {
        board.heartbeats.beat(.effects)
        let ticket = outcomes.arrived.ticket
        let written = writer.effectsWritten.ticket
        // What an operator has paused or discarded does not wait in memory.
        let now = writer.effectsChanged.ticket
        if now != changes { queue.forgetWaiting() }
        changes = now
        let ended = outcomes.take()
        for _ in ended { queue.carriedOut() }
        do {
          // The next ones are under way while these become durable.
          let next = await begin(&queue)
          for effect in (try? next.get()) ?? [] { group.addTask { outcomes.add(effect, await finish(effect)) } }
          try await settle(ended, &queue)
          _ = try next.get()
          if queue.wantsMore { try await fetch(&queue) }
          for effect in try await begin(&queue).get() { group.addTask { outcomes.add(effect, await finish(effect)) } }
        } catch {
          StoreErrors(settings.metrics, pipeline.name, .effects).add(error)
          logger.error(
            "the outcomes of effects cannot be stored, trying again", ["pipeline": pipeline.name, "reason": "\(error)"])
          try? await Task.sleep(for: OutboxDispatcher.storagePause)
          continue
        }
        if queue.isIdle {
          await writer.effectsWritten.wait(since: written, timeout: .milliseconds(100))
        } else {
          await outcomes.arrived.wait(since: ticket, timeout: .milliseconds(100))
        }
      }
      group.cancelAll()
    }
    await leave(outcomes.take())
  }

  /// Notes what was carried out before the end; of the rest another process, or this one later, may try again at once.
  private func leave(_ left: [(effect: PendingEffect, outcome: EffectOutcome)]) async {
    let done = left.filter { $0.outcome == .done }.map(\.effect)
    do {
      try await catalog.recordSent(done.map(\.idempotencyKey), at: clock.now)
      try await writer.settle(done.map { ($0, .done) })
      try await writer.giveBack(left.map(\.effect))
    } catch {
      logger.warning("effects stay claimed for a while", ["pipeline": pipeline.name, "reason": "\(error)"])
    }
  }

  /// Those that begin now and that no other process has.
  private func begin(_ queue: inout EffectQueue) async -> Result<[PendingEffect], ReadModelError> {
    let begun = queue.begin()
    if begun.isEmpty { return .success([]) }
    let claimed: Result<Set<EffectID>, ReadModelError>
    do {
      claimed = .success(try await writer.claim(begun, for: OutboxDispatcher.claim))
    } catch {
      claimed = .failure(error)
    }
    let own = (try? claimed.get()) ?? []
    for effect in begun where !own.contains(effect.id) {
      queue.carriedOut()
      queue.settled(effect)
    }
    return claimed.map { own in begun.filter { own.contains($0.id) } }
  }

  /// An attempt that is under way at a stop has so long to come to its end: cut off, it would be made again by whoever leads next.
  private static let stopMax = Duration.milliseconds(700)

  private func finish(_ effect: PendingEffect) async -> EffectOutcome {
    await finishing(within: OutboxDispatcher.stopMax) { await attempt(effect) }
  }

  /// Carries an effect out for as long as it is this process's.
  private func attempt(_ effect: PendingEffect) async -> EffectOutcome {
    await withTaskGroup(of: EffectOutcome?.self) { group in
      group.addTask { await carryOut(effect) }
      group.addTask {
        var end = ContinuousClock.now + OutboxDispatcher.claim
        while !Task.isCancelled, .now < end - OutboxDispatcher.claim / 3 {
          try? await Task.sleep(for: OutboxDispatcher.claim / 3)
          if Task.isCancelled { break }
          let asked = ContinuousClock.now
          guard let claimed = try? await writer.claim([effect], for: OutboxDispatcher.claim) else { continue }
          if claimed.isEmpty { break }
          end = asked + OutboxDispatcher.claim
        }
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      if let first { return first }
      // The claim is lost; what the attempt came to nevertheless is known when it has ended.
      return await group.next().flatMap { $0 } ?? failed(effect, "another process has taken the effect over")
    }
  }

  /// Notes outcomes: first in the ledger, then in the outbox.
  private func settle(_ all: [(effect: PendingEffect, outcome: EffectOutcome)], _ queue: inout EffectQueue)
    async throws(ReadModelError)
  {
    if all.isEmpty { return }
    let done = all.filter { $0.outcome == .done }.map(\.effect.idempotencyKey)
    do {
      try await catalog.recordSent(done, at: clock.now)
      try await writer.settle(all)
    } catch {
      // They are carried out again, which changes nothing.
      for (effect, _) in all { queue.settled(effect) }
      throw error
    }
    for (effect, _) in all { queue.settled(effect) }
  }

  private func fetch(_ queue: inout EffectQueue) async throws(ReadModelError) {
    try await clock.set(by: writer)
    let paused = try await catalog.paused()
    let lanes = try await writer.lanes()
    for name in EffectRules.names(of: pipeline) where !paused.contains(name) {
      let due = queue.unknown(
        among: try await writer.dueEffects(
          DueEffects(
            effect: name, before: watermark(of: name, lanes), now: clock.now, limit: OutboxDispatcher.fetchedMax)))
      if due.isEmpty { continue }
      let sent = Set(try await catalog.sent(among: due.map(\.idempotencyKey)).map { TextKey($0) })
      let suppressed = due.filter { sent.contains(TextKey($0.idempotencyKey)) }
      if !suppressed.isEmpty {
        try await writer.settle(suppressed.map { ($0, .suppressed("carried out by an earlier generation")) })
      }
      queue.add(due.filter { !sent.contains(TextKey($0.idempotencyKey)) })
    }
  }

  /// The time below which everything that an effect depends on is in the rows: of one that deletes the items of rows, the least
  /// watermark of the lanes that feed these rows.
  private func watermark(of name: String, _ lanes: [LaneID: LanePosition]) -> Instant {
    guard case .deleteRows(let selections)? = pipeline.effects.first(where: { $0.name == name })?.action else {
      return .distantFuture
    }
    return LeastWatermark(pipeline, board.partitions, lanes).least(of: Set(selections.map(\.table))).watermark ?? .distantPast
  }

  private func carryOut(_ effect: PendingEffect) async -> EffectOutcome {
    do {
      switch effect.action.kind {
      case .deleteItem(let table, let key, let seen, let seenThrough):
        let deleted = try await sink.deleteItem(table: table, key: key, seen: seen, seenThrough: seenThrough)
        logger.log(.debug, "effect carried out", ["effect": effect.effect, "deleted": "\(deleted)"])
      case .deleteRows(let rows):
        for selection in rows {
          try await delete(try await writer.items(of: selection, for: effect), in: selection.table)
        }
      case .carryOut(let action):
        if let outcome = overLimit(effect) { return outcome }
        let answer = try await sink.carryOut(action, idempotencyKey: effect.idempotencyKey)
        logger.log(.debug, "effect carried out", ["effect": effect.effect, "kind": action.kind, "answer": answer])
      }
      return .done
    } catch let refusal as EffectRefusal {
      return givenUp(effect, refusal.description)
    } catch {
      return failed(effect, "\(error)")
    }
  }

  /// Given up when its item, session or board has had as many as it may have in an hour; an attempt again counts once.
  private func overLimit(_ effect: PendingEffect) -> EffectOutcome? {
    guard effect.attempts == 0, let most = pipeline.effects.first(where: { $0.name == effect.effect })?.perHourMax,
      !limits.admits(effect, most, now: clock.now)
    else { return nil }
    return givenUp(
      effect,
      "\(most) effects of \(effect.action.subject ?? "") were carried out in this hour: the rest is given up, in case it sets itself off"
    )
  }

  private func givenUp(_ effect: PendingEffect, _ reason: String) -> EffectOutcome {
    logger.error("effect given up", ["effect": effect.effect, "reason": reason])
    return .failed(reason)
  }

  /// Items of one effect that are deleted at once: they are different items, so they need no order.
  private static let itemsAtOnce = 128

  private func delete(_ items: [RowItem], in table: String) async throws {
    let sink = sink
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (place, item) in items.enumerated() {
        if place >= OutboxDispatcher.itemsAtOnce { try await group.next() }
        group.addTask { _ = try await sink.deleteItem(table: table, key: item.key, seen: Item(), seenThrough: item.position) }
      }
      try await group.waitForAll()
    }
  }

  private func failed(_ effect: PendingEffect, _ reason: String) -> EffectOutcome {
    let retry = pipeline.effects.first { $0.name == effect.effect }?.retry ?? .standard
    let patience = EffectPatience(
      attempts: retry.attempts, firstWaitMilliseconds: Int64(retry.firstWaitMilliseconds),
      waitMillisecondsMax: Int64(retry.waitMillisecondsMax))
    let outcome = patience.outcome(attemptsBefore: effect.attempts, now: clock.now, reason)
    if Task.isCancelled { return outcome }
    if case .failed = outcome {
      return givenUp(effect, reason)
    } else {
      logger.warning("effect failed, trying again", ["effect": effect.effect, "reason": reason])
    }
    return outcome
  }
}
