internal import ChangeRecords
internal import DynamoModel
internal import Foundation
internal import Pipelines
internal import QueryAPI
internal import ReadModels
internal import TableStore
internal import Telemetry
internal import Workers

/// What `/v1/pipelines/P`, the page and `/metrics` say of the work: generations, lanes, lag.
struct NodeStatus: Sendable {
  let live: LivePipelines
  let workers: [PipelineWorker]
  let metrics: Metrics
  /// Of the pipelines' files.
  let pipelineMetrics: MetricBoard
  let relays: RelayBoard
  /// What all processes do that share the database; nil of read models in files.
  let reports: WorkReports?
  /// The store of this process; nil when tables are elsewhere.
  let store: TableStore?
  let troubles: StoreTroubles
  /// Of the disk that this process writes to; nil when it keeps nothing.
  let disk: DiskSpace?

  /// A pipeline's state as `PipelineStatus.shape` has it; an empty object for one that is not here.
  func json(_ name: String) -> [UInt8] {
    var writer = JSONWriter()
    guard let status = status(name) else {
      writer.beginObject()
      writer.endObject()
      return writer.bytes
    }
    PipelineStatus.shape.object(status, to: &writer)
    return writer.bytes
  }

  private func status(_ name: String) -> PipelineStatus? {
    guard let pipeline = live.definition(of: name)?.pipeline else { return nil }
    let relayed = pipeline.tables.compactMap { table in
      relays.reason(table.name).map { "the relay of \(table.name) has stopped, and with it what comes after it: \($0)" }
    }
    if let reports { return status(of: pipeline, reports[name], relayed) }
    let worker = workers.first { $0.pipeline.name == name }
    let running = worker?.generations ?? []
    let current = NodeStatus.current(running)
    let lanes = current?.lanes.all ?? []
    return PipelineStatus(
      pipeline: pipeline,
      lag: worker == nil ? nil : lag(lanes),
      stopped: [worker?.stopped, current?.lanes.deciderStopped].compactMap { $0 } + lanes.compactMap(\.stopped) + relayed
        + lanes.compactMap { $0.notice.sentence("\($0.table)[\($0.partition)]") },
      held: current?.lanes.held ?? [],
      generations: running.map { running in
        .init(
          number: running.generation.number, state: running.generation.state,
          lanes: running.lanes.all.map { .init(status: $0, worker: nil, behind: behind($0)) })
      })
  }

  /// As the processes have reported it that share the database.
  private func status(of pipeline: Pipeline, _ shared: SharedStatus?, _ relayed: [String]) -> PipelineStatus {
    let lanes = shared?.generations.first?.lanes.map { LaneStatus($0) } ?? []
    let now = Date()
    return PipelineStatus(
      pipeline: pipeline,
      lag: lanes.isEmpty ? nil : lag(lanes),
      stopped: (shared?.stopped ?? []) + relayed
        + lanes.compactMap { $0.notice(at: now).sentence("\($0.table)[\($0.partition)]") },
      held: shared?.held ?? [],
      generations: (shared?.generations ?? []).map { running in
        .init(
          number: running.generation.number, state: running.generation.state,
          lanes: running.lanes.map { lane in
            let status = LaneStatus(lane)
            return .init(status: status, worker: lane.worker, behind: behind(status))
          })
      })
  }

  /// The generation that readers see, or the one that they will.
  static func current(_ running: [PipelineWorker.Running]) -> PipelineWorker.Running? {
    running.first { $0.generation.state == .current } ?? running.last
  }

  func lag(_ lanes: [LaneStatus]) -> PipelineStatus.Lag {
    .init(records: lanes.reduce(0) { $0 + behind($1) }, seconds: secondsBehind(lanes))
  }

  /// Records that a lane has not applied: of one whose relay or which itself stands still, those that its table's log holds meanwhile.
  func behind(_ lane: LaneStatus) -> UInt64 {
    guard lane.stopped != nil || relays.reason(lane.table) != nil, let last = store?.lastSequence(lane.table, lane.partition)
    else {
      return lane.behind
    }
    return max(lane.behind, last.records(after: lane.sequence))
  }

  /// How late the rows of the latest lane are, in seconds; 0 while no lane has records to apply. A lane that has stopped is as late as its
  /// watermark.
  private func secondsBehind(_ lanes: [LaneStatus]) -> Double {
    let waiting = lanes.filter {
      (behind($0) > 0 || $0.stopped != nil || relays.reason($0.table) != nil) && $0.watermark > Instant(.zero)
    }
    guard let least = waiting.map(\.watermark).min() else { return 0 }
    let now = Int64(Date().timeIntervalSince1970 * 1000)
    return Double(max(0, now - least.milliseconds)) / 1000
  }
}
