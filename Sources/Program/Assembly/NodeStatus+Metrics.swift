internal import ChangeRecords
internal import Foundation
internal import Pipelines
internal import QueryAPI
internal import ReadModels
internal import TableStore
internal import Telemetry
internal import Workers

/// What `/metrics` says: what the process counts, where its lanes stand at this moment, and what `MetricEvaluation` last found in read models.
///
/// Labels are names from pipeline files, tables and numbers of partitions and generations. Values of users are labels only where a pipeline's
/// `metrics:` say so.
extension NodeStatus {
  /// In Prometheus' text format. Reads what is in memory, and waits for nothing.
  func metricsText() -> String {
    var out = MetricFamilies()
    metrics.write(to: &out)
    let now = Date()
    for worker in workers {
      let running = worker.generations
      out.add(
        .gauge, "afterimage_pipeline_stopped", help: "1 while a pipeline as a whole stands still: its read model cannot be used.",
        labels: ["pipeline": worker.pipeline.name], value: worker.stopped == nil ? 0 : 1)
      if let current = NodeStatus.current(running) { add(current, worker.pipeline.name, now: now, to: &out) }
      for work in running {
        for lane in work.lanes.all {
          let labels: MetricFamilies.Labels = [
            "pipeline": worker.pipeline.name, "generation": "\(work.generation.number)", "table": lane.table,
            "partition": "\(lane.partition)",
          ]
          add(lane, labels, now: now, to: &out)
        }
        if work.generation.state == .building { addBuild(work, worker.pipeline.name, to: &out) }
      }
    }
    pipelineMetrics.write(to: &out)
    addStore(to: &out)
    return out.text
  }

  /// Of the table store and the disk under it, or under read models in files.
  private func addStore(to out: inout MetricFamilies) {
    if let store {
      if store.committerBeat > 0 {
        addHeartbeat("committer", Date(timeIntervalSince1970: Double(store.committerBeat) / 1000), to: &out)
      }
      for (reason, isSo) in [("clock", store.clockJump > 0), ("storage", troubles.reason != nil)] {
        out.add(
          .gauge, "afterimage_writes_refused",
          help: "1 while the table store refuses writes: the clock is ahead of the tables', or the disk takes no more.",
          labels: ["reason": reason], value: isSo ? 1 : 0)
      }
    }
    if let space = disk?.now() {
      out.add(
        .gauge, "afterimage_disk_free_bytes", help: "Free on the disk of the data directory, for this process.",
        value: Double(space.free))
      out.add(.gauge, "afterimage_disk_size_bytes", help: "Size of the disk of the data directory.", value: Double(space.size))
    }
  }

  /// Of the generation that readers see.
  private func add(_ work: PipelineWorker.Running, _ pipeline: String, now: Date, to out: inout MetricFamilies) {
    let lanes = work.lanes.all
    let lag = lag(lanes)
    out.add(
      .gauge, "afterimage_lag_records", help: "Records in the logs that are not in the read model, of all lanes.",
      labels: ["pipeline": pipeline], value: Double(lag.records))
    out.add(
      .gauge, "afterimage_lag_seconds",
      help: "How late the rows of the latest lane are; 0 while no records wait.", labels: ["pipeline": pipeline],
      value: lag.seconds)
    for lane in lanes {
      let labels: MetricFamilies.Labels = ["pipeline": pipeline, "table": lane.table, "partition": "\(lane.partition)"]
      if lane.watermark > Instant(.zero) {
        out.add(
          .gauge, "afterimage_watermark_age_seconds",
          help: "How long before now the time lies for which a lane's rows hold: sessions and boards end by it.", labels: labels,
          value: max(0, now.timeIntervalSince1970 - Double(lane.watermark.milliseconds) / 1000))
      }
      if let beat = lane.beat { addHeartbeat(WorkerStage.lane.rawValue, beat, pipeline, lane: lane, to: &out) }
    }
    for (stage, beat) in work.lanes.heartbeats.last.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      addHeartbeat(stage.rawValue, beat, pipeline, to: &out)
    }
    out.add(
      .gauge, "afterimage_decider_stopped", help: "1 while what depends on several lanes waits for an operator.",
      labels: ["pipeline": pipeline], value: work.lanes.deciderStopped == nil ? 0 : 1)
  }

  private func addHeartbeat(
    _ stage: String, _ beat: Date, _ pipeline: String = "", lane: LaneStatus? = nil, to out: inout MetricFamilies
  ) {
    out.add(
      .gauge, "afterimage_heartbeat_timestamp_seconds",
      help: "When a stage of the work last came round, in seconds since 1970; one that hangs does not.",
      labels: [
        "pipeline": pipeline, "stage": stage, "table": lane?.table ?? "",
        "partition": lane.map { "\($0.partition)" } ?? "",
      ], value: (beat.timeIntervalSince1970 * 1000).rounded() / 1000)
  }

  private func add(_ lane: LaneStatus, _ labels: MetricFamilies.Labels, now: Date, to out: inout MetricFamilies) {
    out.add(
      .gauge, "afterimage_lane_sequence", help: "Last record in the read model.", labels: labels,
      value: Double(lane.sequence.rawValue))
    out.add(
      .gauge, "afterimage_lane_behind_records", help: "Records in the log that are not in the read model.", labels: labels,
      value: Double(behind(lane)))
    out.add(
      .gauge, "afterimage_lane_stopped", help: "1 while the lane waits for an operator.", labels: labels,
      value: lane.stopped == nil ? 0 : 1)
    if let end = lane.neededUntil {
      out.add(
        .gauge, "afterimage_lane_kept_seconds",
        help: "How long the log keeps what the lane has yet to apply; negative when it may be gone.", labels: labels,
        value: Double(end.rawValue) / 1000 - now.timeIntervalSince1970)
    }
  }

  private func addBuild(_ work: PipelineWorker.Running, _ pipeline: String, to out: inout MetricFamilies) {
    out.add(
      .gauge, "afterimage_build_progress_ratio",
      help:
        "How much of the logs a generation that is being built has applied, from 0 to 1; it is there while it is being built.",
      labels: ["pipeline": pipeline, "generation": "\(work.generation.number)"],
      value: NodeStatus.progress(work.lanes.all.map { ($0.sequence, behind($0)) }))
  }

  /// How much of its logs a generation has applied, from 0 to 1, by where its lanes stand and what waits for each; 0 while nothing is known of them.
  static func progress(_ lanes: [(sequence: SequenceNumber, behind: UInt64)]) -> Double {
    let done = lanes.reduce(0) { $0 + Double($1.sequence.rawValue) }
    let left = lanes.reduce(0) { $0 + Double($1.behind) }
    return done + left > 0 ? done / (done + left) : 0
  }
}
