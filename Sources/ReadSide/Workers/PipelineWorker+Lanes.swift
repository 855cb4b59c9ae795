internal import ChangeLog
internal import Pipelines
internal import ReadModels
internal import Services
internal import Synchronization

/// The work on one generation.
extension PipelineWorker {
  /// Runs the lanes of a generation, its decider, and its effects when `dispatching`, until cancelled or `end` says so.
  func perform(
    _ work: Running, _ activations: Activations, dispatching: Bool, until end: @escaping @Sendable () -> End?
  ) async -> End? {
    defer { work.lanes.end() }
    return await withTaskGroup(of: End?.self) { group in
      group.addTask { [self] in
        await lanes(work, activations, dispatching: dispatching)
        return nil
      }
      group.addTask { [changed, asked] in
        while !Task.isCancelled {
          let (ticket, other) = (changed.ticket, asked.ticket)
          if let reason = end() { return reason }
          if asked.ticket == other { await changed.wait(since: ticket, timeout: .milliseconds(100)) }
        }
        return nil
      }
      let reason = await group.next() ?? nil
      group.cancelAll()
      return reason
    }
  }

  private func lanes(_ work: Running, _ activations: Activations, dispatching: Bool) async {
    let decider = DeciderRun(
      writer: work.writer, pipeline: work.pipeline, board: work.lanes, activations: activations, settings: settings,
      logger: logger)
    let dispatcher = OutboxDispatcher(
      pipeline: work.pipeline, writer: work.writer, board: work.lanes, catalog: catalog, sink: sink, settings: settings,
      logger: logger)
    await withDiscardingTaskGroup { group in
      // Each table's lanes start when its log is there: one that is missing holds back only what it feeds.
      for table in work.pipeline.tables.indexes {
        group.addTask { [self] in
          guard let description = await describe(table, of: work), await addLanes(table, description, of: work) else { return }
          work.lanes.describe(table, description.partitions, work.pipeline)
          await ownLanes(table, partitions: description.partitions, work, activations)
        }
      }
      group.addTask {
        await work.lead.run {
          await withDiscardingTaskGroup { leading in
            leading.addTask { await decider.run() }
            if dispatching { leading.addTask { await dispatcher.run() } }
          }
        }
      }
      if work.assignment.isShared {
        group.addTask { await decider.watch { !work.lead.isHeld } }
        group.addTask { [self] in await watchOtherLanes(work) }
      }
    }
  }

  /// Runs the lanes of a table that are this process's, each for as long as it is, until cancelled.
  private func ownLanes(_ table: TableIndex, partitions: Int, _ work: Running, _ activations: Activations) async {
    let name = work.pipeline.tables[table].name
    let running = RunningLanes()
    await withDiscardingTaskGroup { group in
      while !Task.isCancelled {
        let ticket = work.assignment.changed.ticket
        for partition in work.assignment.partitions(of: name, count: partitions) {
          // One that comes back begins when its last hold has ended.
          guard let hold = work.assignment.hold(name, partition), running.begin(partition) else { continue }
          let lane = Lane(
            log: logs(name), pipeline: work.pipeline, id: LaneID(table: table, partition: partition),
            generation: work.generation, writer: work.writer, board: work.lanes, assignment: work.assignment, hold: hold,
            parked: work.parked, activations: activations, settings: settings, logger: logger)
          group.addTask {
            await work.assignment.perform(hold) {
              await withTaskGroup(of: Void.self) { tasks in
                tasks.addTask { await work.assignment.waitForEnd(of: hold) }
                tasks.addTask { await lane.run() }
                await tasks.next()
                tasks.cancelAll()
              }
            }
            running.end(partition)
            work.assignment.changed.announce()
          }
        }
        await work.assignment.changed.wait(since: ticket, timeout: .seconds(60))
      }
    }
  }

  /// The partitions of a table whose lanes run here.
  private final class RunningLanes: Sendable {
    private let partitions = Mutex<Set<Int>>([])

    /// False where it runs already.
    func begin(_ partition: Int) -> Bool { partitions.withLock { $0.insert(partition).inserted } }
    func end(_ partition: Int) { partitions.withLock { _ = $0.remove(partition) } }
  }

  /// Notes where the lanes stand that other processes run.
  private func watchOtherLanes(_ work: Running) async {
    var seen = SeenEnds()
    while !Task.isCancelled {
      for (table, count) in work.lanes.partitions {
        let name = work.pipeline.tables[table].name
        let others = (0..<count).filter { !work.assignment.holds(name, $0) }
        guard !others.isEmpty, let ends = (try? await logs(name).ends(areFresh: false))?.map(\.sequence),
          let lanes = try? await work.writer.lanes()
        else {
          continue
        }
        work.parked.drop(unlessAt: lanes)
        seen.note(ends, of: table, at: .now)
        for partition in others where partition < ends.count {
          let lane = LaneID(table: table, partition: partition)
          guard let position = lanes[lane] else { continue }
          let hasCaughtUp = seen.isPast(lane, position.cursor.sequence, now: .now)
          work.lanes.observe(lane, position, end: ends[partition], hasCaughtUp: hasCaughtUp, work.pipeline)
        }
      }
      try? await Task.sleep(for: PipelineWorker.watchInterval)
    }
  }

  private static let watchInterval = Duration.milliseconds(500)
}
