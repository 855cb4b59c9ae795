internal import Pipelines
internal import ReadModels
internal import Services
internal import Telemetry

/// The building of a generation beside the current one, and the swap.
extension PipelineWorker {
  /// For so long the old generation stands still at a swap, at the most; and for so long the new one is waited for meanwhile.
  private static let freezeMax = Duration.seconds(10)
  private static let swapMax = Duration.seconds(8)
  /// How often processes that share a pipeline look what the others have done.
  private static let lookInterval = Duration.milliseconds(250)

  /// Works on both until the new one has caught up and has taken the old one's place. Answers whether it has.
  func build(
    _ new: Generation, _ pipeline: Pipeline, beside current: Generation?, activations: Activations, revision: Int
  ) async throws -> Bool {
    let old: Running?
    // What stands in the old one without its lanes, where these cannot go on here.
    var standing: GenerationWriter?
    do {
      old = if let current { try await start(current, try load(current)) } else { nil }
    } catch {
      logger.warning(
        "the old generation cannot be updated here: it serves as it is", ["pipeline": pipeline.name, "reason": "\(error)"])
      old = nil
      if let current, let error = error as? ReadModelError, error.isOfAnotherProgram { standing = try? openStanding(current) }
    }
    defer { if let old { finish(old) } }
    let source = old?.writer ?? standing
    let work = try await start(new, pipeline)
    defer { finish(work) }
    let (isOver, isSwapped) = (Flag(), Flag())
    let isBuilt = try await withThrowingTaskGroup(of: Bool.self) { group in
      if let old {
        group.addTask { [self] in
          _ = await perform(old, activations, dispatching: true) { isOver.isSet ? .caughtUp : nil }
          return false
        }
      }
      if work.assignment.isShared {
        group.addTask { [self] in
          if await swapAmongOthers(work, source, current) { isSwapped.set() }
          isOver.set()
          changed.announce()
          return false
        }
      }
      group.addTask { [self] in
        let reason = await perform(work, activations, dispatching: false) { [self] in
          if !isCurrent(revision) { return .asked }
          if work.assignment.isShared { return isOver.isSet ? isSwapped.isSet ? .caughtUp : .asked : nil }
          if work.lanes.hasCaughtUp { isOver.set() }
          guard isOver.isSet else { return nil }
          // The old one stops first: then it is known how far the new one has to come.
          guard let old else { return .caughtUp }
          return old.lanes.isOver && SwapDecision.isReached(work.lanes.positions, old: old.lanes.positions) ? .caughtUp : nil
        }
        isOver.set()
        return reason == .caughtUp
      }
      var isBuilt = false
      for try await result in group where result { isBuilt = true }
      return isBuilt
    }
    if isBuilt, !work.assignment.isShared, !Task.isCancelled { try await swap(work, source, inPlaceOf: nil) }
    await source?.close()
    await work.writer.close()
    return isBuilt
  }

  /// The old generation for what it has not carried out, and where it stands.
  private func openStanding(_ generation: Generation) throws -> GenerationWriter {
    let (stores, pipeline) = (stores, try load(generation))
    return try GenerationWriter(name: pipeline.name, committed: changed) { () throws(ReadModelError) in
      try stores.withoutStates(generation, pipeline)
    }
  }

  /// `frozen` is the old generation where it may not be written until this is done.
  private func swap(_ work: Running, _ old: GenerationWriter?, inPlaceOf frozen: Generation?) async throws {
    if let old { try await work.writer.handOver(try await old.old()) }
    try await catalog.makeCurrent(work.generation, inPlaceOf: frozen)
    changed.announce()
    logger.info("the new generation is current", ["pipeline": work.pipeline.name, "generation": "\(work.generation.number)"])
  }

  /// Waits until the new generation has been made the current one, by this process if it leads it. False when it was given up, or the task is cancelled.
  private func swapAmongOthers(_ work: Running, _ old: GenerationWriter?, _ current: Generation?) async -> Bool {
    while !Task.isCancelled {
      if let all = try? await catalog.generations() {
        guard let found = all.first(where: { $0.number == work.generation.number }) else { return false }
        if found.state == .current { return true }
      }
      do {
        if work.lead.isHeld, work.lanes.hasCaughtUp, try await cut(work, old, current) { return true }
      } catch {
        logger.warning(
          "the new generation cannot take the old one's place yet", ["pipeline": work.pipeline.name, "reason": "\(error)"])
      }
      try? await Task.sleep(for: PipelineWorker.lookInterval)
    }
    return false
  }

  /// Has the old generation stand still, waits until the new one has reached it, and swaps. False when that took too long: the old one goes on.
  private func cut(_ work: Running, _ old: GenerationWriter?, _ current: Generation?) async throws -> Bool {
    let end = ContinuousClock.now + PipelineWorker.swapMax
    if let current { try await catalog.freeze(current, for: PipelineWorker.freezeMax) }
    let place = try await old?.old()
    while !Task.isCancelled, ContinuousClock.now < end {
      let lanes = try await work.writer.lanes()
      if place.map({ SwapDecision.isReached(lanes, old: $0) }) ?? true {
        try await swap(work, old, inPlaceOf: current)
        return true
      }
      let ticket = changed.ticket
      await changed.wait(since: ticket, timeout: .milliseconds(50))
    }
    if let current { try await catalog.thaw(current) }
    return false
  }

  /// Returns when another process has made another generation current, or builds one of this definition.
  func waitForOthers(_ own: Generation) async {
    while !Task.isCancelled {
      try? await Task.sleep(for: PipelineWorker.lookInterval)
      guard (try? await catalog.current()) != nil, let all = try? await catalog.generations() else { continue }
      if all.first(where: { $0.state == .current })?.number != own.number { return }
      if all.contains(where: { $0.state == .building && $0.fingerprint == own.fingerprint }) { return }
    }
  }
}
