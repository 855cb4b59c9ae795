import Telemetry
import Testing

/// What a process counts, as Prometheus reads it.
@Suite struct MetricsTests {
  @Test func `families come in the order of their names, with their samples in the order of the labels`() {
    let metrics = Metrics()
    metrics.cell(.gauge, "b", help: "Second.", labels: ["table": "T"]).set(-3)
    metrics.cell(.counter, "a_total", help: "First.", labels: ["table": "U"]).add(2)
    metrics.cell(.counter, "a_total", help: "First.", labels: ["table": "T"]).add()
    metrics.cell(.counter, "a_total", help: "First.", labels: ["table": "U"]).add()
    #expect(
      metrics.text == """
        # HELP a_total First.
        # TYPE a_total counter
        a_total{table="T"} 1
        a_total{table="U"} 3
        # HELP b Second.
        # TYPE b gauge
        b{table="T"} -3

        """)
  }

  @Test func `a histogram counts what is at most each bound, the bound included, and what is past all`() {
    let metrics = Metrics()
    let histogram = metrics.histogram("wait_seconds", help: "Waits.", bounds: [0.5, 1], labels: ["lane": "0"])
    for value in [0.25, 0.5, 0.75, 1.5] { histogram.observe(value) }
    histogram.observe(Duration.milliseconds(500))
    let again = metrics.histogram("wait_seconds", help: "Waits.", bounds: [0.5, 1], labels: ["lane": "0"])
    #expect(again === histogram)
    #expect(
      metrics.text == """
        # HELP wait_seconds Waits.
        # TYPE wait_seconds histogram
        wait_seconds_bucket{lane="0",le="0.5"} 3
        wait_seconds_bucket{lane="0",le="1"} 4
        wait_seconds_bucket{lane="0",le="+Inf"} 5
        wait_seconds_sum{lane="0"} 3.5
        wait_seconds_count{lane="0"} 5

        """)
  }

  @Test func `labels and help are escaped, and an empty label is left out`() {
    var families = MetricFamilies()
    families.add(
      .gauge, "g", help: "A \"b\"\nand \\c.", labels: ["a": "x\"y\\z\n\u{1F600}", "none": ""], value: 0.5)
    #expect(
      families.text == "# HELP g A \"b\"\\nand \\\\c.\n# TYPE g gauge\ng{a=\"x\\\"y\\\\z\\n\u{1F600}\"} 0.5\n")
  }

  @Test(arguments: [
    (0, "0"), (-1, "-1"), (0.1, "0.1"), (999_999_999_999_999, "999999999999999"), (1e15, "1000000000000000.0"), (1e300, "1e+300"),
    (.infinity, "+Inf"),
    (-.infinity, "-Inf"), (.nan, "NaN"),
  ]) func `a value is written as Prometheus reads it`(value: Double, text: String) {
    #expect(MetricFamilies.text(value) == text)
  }
}
