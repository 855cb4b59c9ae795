internal import Pipelines
internal import ReadModels

/// The evaluation of a pipeline's metrics.
extension PipelineView {
  /// How long the SQL of one metric may run.
  static let metricTimeMax = Duration.seconds(2)

  /// What the read model is at, and what it says where `isDue` says so of it; nil where it does not.
  struct EvaluatedMetrics: Sendable {
    let state: MetricSchedule.State
    let results: [(metric: PipelineMetric, result: MetricBoard.Result)]?
    var counts: ReadModelCounts?
  }

  /// Looks at the current generation, for these parts. Throws `ReaderError` when it cannot be asked; what is wrong with one metric is its own result.
  func evaluateMetrics(
    _ parts: Set<MetricEvaluation.Part>, if isDue: @Sendable (MetricSchedule.State) -> Bool
  ) async throws -> EvaluatedMetrics {
    let source = try await source()
    @Sendable func state(_ version: Int64?) -> MetricSchedule.State {
      .init(generation: source.generation.number, revision: source.revision, version: version)
    }
    let metrics = parts.contains(.pipelines) ? source.pipeline.metrics : []
    // Nothing to ask: the connection is not opened. An edited file may have taken the last metric away.
    if metrics.isEmpty, !parts.contains(.counts) { return EvaluatedMetrics(state: state(0), results: []) }
    return try await metricReader.read(source) { reader in
      let state = state(try reader.snapshot { try reader.version() })
      guard isDue(state) else { return EvaluatedMetrics(state: state, results: nil) }
      let results = try metrics.map { metric in
        // A process that stops does not wait for all of them.
        try Task.checkCancellation()
        return (metric, PipelineView.evaluate(metric, reader, source.pipeline))
      }
      let counts = parts.contains(.counts) ? try reader.snapshot { try ReadModelCounts(reader, source.pipeline) } : nil
      return EvaluatedMetrics(state: state, results: results, counts: counts)
    }
  }

  /// Each in a snapshot of its own, so that what one does to a transaction is nothing to the others.
  private static func evaluate(
    _ metric: PipelineMetric, _ reader: any GenerationReader, _ pipeline: Pipeline
  ) -> MetricBoard.Result {
    var rows = MetricRows(metric, pipeline: pipeline.name)
    do {
      try reader.snapshot {
        let validity = Validity(try reader.places(), tables: tables(metric.reads, pipeline))
        // Before the read model has a time no row can be there, and `:now` would be none.
        guard validity.time != nil else { return }
        try reader.run(metric.sql, [], columns: metric.columns, now: validity.now, limit: metricTimeMax) { cells in
          try rows.add(cells)
        }
      }
      return .rows(rows)
    } catch ReaderError.timeout {
      return .failed("its SQL took longer than \(metricTimeMax)")
    } catch {
      return .failed("\(error)")
    }
  }
}
