internal import Pipelines
internal import Synchronization
package import Telemetry

/// The last values of the metrics of all pipelines of a process, and what their read models count. Evaluation writes them, and a scrape prints them: neither waits for the other.
package final class MetricBoard: Sendable {
  /// What one evaluation of one metric came to.
  enum Result: Sendable {
    case rows(MetricRows)
    /// Why the last value stays and no new one came.
    case failed(String)
  }

  /// What a metric's log lines are about.
  struct News: Sendable, Equatable {
    let metric: String
    /// Why it cannot be evaluated, where that has just begun or has another reason now.
    var failure: String?
    /// Rows that are not shown, where that has just begun.
    var leftOut: Int?
    /// Whether it can be evaluated again.
    var isMended = false
  }

  private struct Entry {
    var metric: PipelineMetric
    /// The last value; nil before the first.
    var rows: MetricRows?
    /// When the value was last found to hold.
    var heldAt: ContinuousClock.Instant?
    var failures = 0
    /// Why the last evaluation failed; nil when it did not.
    var failure: String?
  }

  /// By pipeline, its metrics in the order of the file.
  private let entries = Mutex<[String: [Entry]]>([:])
  private let counts = Mutex<[String: ReadModelCounts]>([:])

  package init() {}

  /// Takes in an evaluation of all metrics of a pipeline, and answers what is new about them. Metrics that are no longer in the file go.
  func set(
    _ pipeline: String, _ results: [(metric: PipelineMetric, result: Result)], at now: ContinuousClock.Instant
  ) -> [News] {
    entries.withLock { entries in
      let before = entries[pipeline] ?? []
      var news: [News] = []
      entries[pipeline] = results.map { metric, result in
        var entry = before.first { $0.metric.name == metric.name } ?? Entry(metric: metric)
        entry.metric = metric
        var told = News(metric: metric.name)
        switch result {
        case .rows(let rows):
          if rows.leftOut > 0, entry.rows?.leftOut ?? 0 == 0 { told.leftOut = rows.leftOut }
          told.isMended = entry.failure != nil
          entry.rows = rows
          entry.heldAt = now
          entry.failure = nil
        case .failed(let reason):
          if entry.failure != reason { told.failure = reason }
          entry.failure = reason
          entry.failures += 1
        }
        if told != News(metric: metric.name) { news.append(told) }
        return entry
      }
      return news
    }
  }

  func set(_ pipeline: String, _ counts: ReadModelCounts) { self.counts.withLock { $0[pipeline] = counts } }

  /// Nothing was committed since the last evaluation: the values hold now as well.
  func hold(_ pipeline: String, at now: ContinuousClock.Instant) {
    entries.withLock { entries in
      for index in (entries[pipeline] ?? []).indices where entries[pipeline]?[index].failure == nil {
        entries[pipeline]?[index].heldAt = now
      }
    }
  }

  /// The read model cannot be asked: each metric fails for this reason.
  func fail(_ pipeline: String, _ reason: String, at now: ContinuousClock.Instant) -> [News] {
    let metrics = entries.withLock { $0[pipeline]?.map(\.metric) ?? [] }
    return set(pipeline, metrics.map { ($0, .failed(reason)) }, at: now)
  }

  /// Adds the last values, and of each metric how old its value is, how often it failed, and how many rows are not shown; then the last counts of
  /// the read models.
  package func write(to out: inout MetricFamilies, at now: ContinuousClock.Instant = .now) {
    for (pipeline, counts) in counts.withLock({ $0 }).sorted(by: { $0.key < $1.key }) { counts.write(pipeline, to: &out) }
    for (pipeline, entries) in entries.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
      for entry in entries {
        let metric = entry.metric
        let labels: MetricFamilies.Labels = ["pipeline": pipeline, "metric": metric.name]
        out.add(
          .counter, "afterimage_pipeline_metric_failures_total",
          help: "Evaluations of a pipeline's metric that failed: its last value stays.", labels: labels,
          value: Double(entry.failures))
        guard let rows = entry.rows, let heldAt = entry.heldAt else { continue }
        out.add(metric.kind == .counter ? .counter : .gauge, metric.name, help: metric.help, lines: rows.lines)
        out.add(
          .gauge, "afterimage_pipeline_metric_age_seconds",
          help: "How long ago the value of a pipeline's metric was last evaluated, or found unchanged.", labels: labels,
          value: max(0, heldAt.duration(to: now) / .seconds(1)))
        out.add(
          .gauge, "afterimage_pipeline_metric_series_left_out",
          help: "Rows of a metric's answer that are not shown: they are past its `series`, or a label is too long.",
          labels: labels, value: Double(rows.leftOut))
      }
    }
  }
}
