internal import Telemetry

/// How long named queries take, by their names in the pipeline's file.
struct QueryMeter: Sendable {
  /// Nil where nobody scrapes.
  let metrics: Metrics?
  let pipeline: String

  /// Measures the SQL of a query that the pipeline has, whether it answers or fails.
  func measure<Result>(_ query: String, _ body: () throws -> Result) rethrows -> Result {
    guard let metrics else { return try body() }
    let begin = ContinuousClock.now
    defer {
      metrics.histogram(
        "afterimage_query_seconds", help: "How long the SQL of a named query took, without its wait for a reader.",
        labels: ["pipeline": pipeline, "query": query]
      ).observe(begin.duration(to: .now))
    }
    return try body()
  }
}
