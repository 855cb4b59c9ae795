internal import ChangeRecords
internal import Foundation
internal import Pipelines
internal import QueryAPI
internal import ReadModels
internal import Telemetry
internal import Workers

/// What `/metrics` says: what the process counts, what its lanes stand at, and the metrics of pipelines.
extension NodeStatus {
  /// In Prometheus' text format.
  func metricsText() -> String {
    var out = MetricFamilies()
    metrics.write(to: &out)
    let now = Int64(Date().timeIntervalSince1970 * 1000)
    for worker in workers {
      for running in worker.generations {
        for lane in running.lanes.all {
          let labels: MetricFamilies.Labels = [
            "pipeline": worker.pipeline.name, "generation": "\(running.generation.number)", "table": lane.table,
            "partition": "\(lane.partition)",
          ]
          add(lane, labels, now: now, to: &out)
        }
      }
    }
    pipelineMetrics.write(to: &out)
    return out.text
  }

  private func add(_ lane: LaneStatus, _ labels: MetricFamilies.Labels, now: Int64, to out: inout MetricFamilies) {
    out.add(
      .gauge, "afterimage_lane_sequence", help: "Last record in the read model.", labels: labels,
      value: Double(lane.sequence.rawValue))
    out.add(
      .gauge, "afterimage_lane_behind_records", help: "Records in the log that are not in the read model.", labels: labels,
      value: Double(behind(lane)))
    out.add(
      .counter, "afterimage_lane_records_total", help: "Records applied since the lane was started.", labels: labels,
      value: Double(lane.applied))
    out.add(
      .counter, "afterimage_dead_letters_total",
      help: "Records that a projection could not take, and sums that came to be too large.", labels: labels,
      value: Double(lane.deadLetters))
    out.add(
      .gauge, "afterimage_lane_stopped", help: "1 while the lane waits for an operator.", labels: labels,
      value: lane.stopped == nil ? 0 : 1)
    if let end = lane.neededUntil {
      out.add(
        .gauge, "afterimage_lane_kept_seconds",
        help: "How long the log keeps what the lane has yet to apply; negative when it may be gone.", labels: labels,
        value: Double(end.rawValue - now) / 1000)
    }
  }
}
