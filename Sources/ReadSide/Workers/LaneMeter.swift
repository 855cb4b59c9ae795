internal import ChangeLog
internal import ChangeRecords
internal import Foundation
internal import Pipelines
internal import ReadModels
internal import Telemetry

/// What a lane counts and measures. A handful of additions for each checkpoint, none for a record.
struct LaneMeter: Sendable {
  private let starts: Metrics.Cell
  private let records: Metrics.Cell
  /// Of the projections that the lane's table feeds.
  private let projections: [Metrics.Cell]
  private let deadLetters: Metrics.Cell
  private let logErrors: Metrics.Cell
  private let storeErrors: StoreErrors
  private let checkpoints: Histogram
  /// Of a generation that readers see; nil for one that is being built.
  private let visible: Histogram?

  /// The counters of a lane are the same ones, however often it is started.
  init(_ metrics: Metrics, _ pipeline: Pipeline, _ lane: LaneID, generation: Generation) {
    let labels: MetricFamilies.Labels = [
      "pipeline": pipeline.name, "generation": "\(generation.number)", "table": pipeline.tables[lane.table].name,
      "partition": "\(lane.partition)",
    ]
    starts = metrics.cell(
      .counter, "afterimage_lane_starts_total", help: "How often the lane was taken from the read model.", labels: labels)
    records = metrics.cell(
      .counter, "afterimage_lane_records_total", help: "Records that are applied and in the read model.", labels: labels)
    projections = pipeline.projections.filter { $0.sources.contains { $0.table == lane.table } }.map { projection in
      metrics.cell(
        .counter, "afterimage_projection_records_total",
        help: "Records of the tables that feed a projection, applied to it and in the read model.",
        labels: ["pipeline": pipeline.name, "generation": "\(generation.number)", "projection": projection.name])
    }
    deadLetters = metrics.cell(
      .counter, "afterimage_dead_letters_total",
      help: "Records that a projection could not take, and sums that came to be too large.", labels: labels)
    logErrors = metrics.cell(
      .counter, "afterimage_log_errors_total", help: "Reads of the log, Kafka's or a table's own, that failed.", labels: labels)
    // All stages have theirs from the start: a counter that begins with its first error shows no increase.
    for stage in WorkerStage.allCases { _ = StoreErrors(metrics, pipeline.name, stage) }
    storeErrors = StoreErrors(metrics, pipeline.name, .lane)
    checkpoints = metrics.histogram(
      "afterimage_checkpoint_seconds", help: "How long a lane's checkpoint took, with its wait for the read model's thread.",
      labels: ["pipeline": pipeline.name])
    visible =
      generation.state == .current
      ? metrics.histogram(
        "afterimage_write_to_visible_seconds",
        help: "From the write of a record to its being in the read model: of each checkpoint the record that waited longest.",
        bounds: Histogram.waitBounds, labels: ["pipeline": pipeline.name]) : nil
  }

  func started() { starts.add() }

  /// A checkpoint is durable. `oldest` is the time of the first record in it, nil where that says nothing of how fresh rows are.
  func committed(_ count: UInt64, _ result: CheckpointResult, oldest: LogTime?, took: Duration) {
    records.add(Int64(clamping: count))
    for projection in projections { projection.add(Int64(clamping: count)) }
    deadLetters.add(Int64(result.deadLetters))
    checkpoints.observe(took)
    if let oldest { visible?.observe(max(0, Date().timeIntervalSince1970 - Double(oldest.rawValue) / 1000)) }
  }

  func failed(_ error: LogError) { logErrors.add() }

  func failed(_ error: ReadModelError) { storeErrors.add(error) }
}
