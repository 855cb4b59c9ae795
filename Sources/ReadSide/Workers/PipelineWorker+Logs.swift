internal import ChangeLog
internal import ChangeRecords
internal import Pipelines
internal import Projections
internal import ReadModels
internal import Telemetry

/// What a worker asks the logs before its lanes start.
extension PipelineWorker {
  /// A table, or a broker, may come later than its worker. After this long the waiting is shown as standing still.
  private static let describePatience = Duration.seconds(3)

  /// What the log of a table is; waits for a log that is not there. Nil when cancelled.
  func describe(_ table: TableIndex, of work: Running) async -> LogDescription? {
    let name = work.pipeline.tables[table].name
    let lane = LaneID(table: table, partition: 0)
    let start = ContinuousClock.now
    var said: LogError?
    while !Task.isCancelled {
      do {
        let description = try await logs(name).describe()
        if said != nil { work.lanes.update(lane, work.pipeline) { $0.stopped = nil } }
        return description
      } catch {
        if said != error { logger.warning("waiting for the log", ["table": name, "reason": error.message]) }
        said = error
        if error.kind == .denied || ContinuousClock.now - start > PipelineWorker.describePatience {
          work.lanes.update(lane, work.pipeline) { $0.stopped = "\(error)" }
        }
        try? await Task.sleep(for: .milliseconds(500))
      }
    }
    return nil
  }

  /// Notes the lanes of a table in the read model before any of them begins: one that nobody has taken yet holds the watermark back. False when
  /// cancelled.
  func addLanes(_ table: TableIndex, _ description: LogDescription, of work: Running) async -> Bool {
    var starts: [LaneID: LogCursor] = [:]
    for partition in 0..<description.partitions {
      starts[LaneID(table: table, partition: partition)] = LogCursor(tableID: description.tableID, sequence: .beforeAll)
    }
    while !Task.isCancelled {
      do {
        try await work.writer.addLanes(starts)
        return true
      } catch {
        logger.error(
          "the lanes' positions cannot be stored, trying again", ["pipeline": work.pipeline.name, "reason": "\(error)"])
        for lane in starts.keys { work.lanes.update(lane, work.pipeline) { $0.stopped = "\(error)" } }
        try? await Task.sleep(for: OutboxDispatcher.storagePause)
      }
    }
    return false
  }

  /// Activates effects that are new, at the ends of all logs, before any lane starts; those that left the file end.
  func activate(_ pipeline: Pipeline) async throws {
    let names = EffectRules.names(of: pipeline)
    let known = try await catalog.activations().places
    var places: [LogPlace] = []
    if names.contains(where: { known[$0] == nil }) {
      for table in pipeline.tables { places += try await ends(of: logs(table.name)) }
    }
    try await catalog.activate(names, at: places)
  }

  /// Where each partition of a log ends. None for a table that does not exist: its log is all after the activation.
  private func ends(of log: any ChangeLog) async throws -> [LogPlace] {
    let description: LogDescription
    do {
      description = try await log.describe()
    } catch {
      if error.kind == .configuration { return [] }
      throw error
    }
    return try await log.ends(areFresh: true).enumerated().map { partition, end in
      LogPlace(
        tableID: description.tableID, partition: partition, sequence: end.sequence, watermark: Instant(end.watermark))
    }
  }
}
