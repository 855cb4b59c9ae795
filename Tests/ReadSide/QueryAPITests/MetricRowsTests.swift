import Pipelines
import ReadModels
import Telemetry
import Testing

@testable import QueryAPI

/// Which rows of a metric's answer become series, what they say, and what a scrape shows of them.
@Suite struct MetricRowsTests {
  static func metric(
    _ name: String = "m", _ kind: PipelineMetric.Kind = .gauge, labels: [(String, ValueType?)] = [("room", .string)],
    seriesMax: Int = 3
  ) -> PipelineMetric {
    let columns = labels.map { QueryColumn(name: $0.0, type: $0.1) } + [QueryColumn(name: "value", type: nil)]
    return PipelineMetric(
      name: name, kind: kind, help: "Help.", sql: "SELECT 1", columns: columns, labels: Array(labels.indices),
      value: labels.count, seriesMax: seriesMax, reads: [])
  }

  static func rows(_ rows: [[AnswerCell]], of metric: PipelineMetric = metric()) throws -> MetricRows {
    var made = MetricRows(metric, pipeline: "p")
    for row in rows { try made.add(row) }
    return made
  }

  static func fault(_ all: [[AnswerCell]], of metric: PipelineMetric = metric()) -> String? {
    do {
      _ = try rows(all, of: metric)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test(arguments: [
    (AnswerCell.integer(.max), "9223372036854775807"), (.integer(-3), "-3"), (.real(0.5), "0.5"), (.real(2), "2"),
    (.text("12.50"), "12.5"), (.text("79228162514264337593543950335"), "79228162514264337593543950335"),
  ]) func `a value is any number`(cell: AnswerCell, text: String) throws {
    #expect(try Self.rows([[.text("a"), cell]]).lines == "m{pipeline=\"p\",room=\"a\"} \(text)\n")
  }

  @Test func `labels are the same when their bytes are`() throws {
    // Unicode takes them for equal.
    let rows = try Self.rows([[.text("\u{e9}"), .integer(1)], [.text("e\u{301}"), .integer(2)]])
    #expect(rows.series == 2)
  }

  @Test func `a row with a null value is left out`() throws {
    let rows = try Self.rows([[.text("a"), .null], [.text("b"), .integer(1)]])
    #expect(rows.series == 1 && rows.leftOut == 0 && rows.lines == "m{pipeline=\"p\",room=\"b\"} 1\n")
  }

  @Test(arguments: [AnswerCell.text("many"), .text(""), .blob([1]), .real(.nan), .real(.infinity)])
  func `what is not a number is named by its row, and not shown`(cell: AnswerCell) {
    #expect(
      Self.fault([[.text("secret"), .integer(1)], [.text("b"), cell]])
        == "row 2 of its answer has a value that is not a number, in the column `value`")
  }

  @Test func `labels are texts, numbers, booleans and instants, and null is no label`() throws {
    let metric = Self.metric(labels: [("a", .boolean), ("b", .integer), ("c", .decimal), ("d", .timestamp), ("e", .string)])
    let rows = try Self.rows(
      [
        [.integer(1), .integer(1), .text("1.5"), .text("2026-01-01T00:00:00.000000Z"), .null, .integer(4)],
        [.integer(0), .real(0.5), .null, .null, .text("q\"\n"), .integer(5)],
      ], of: metric)
    #expect(
      rows.lines == """
        m{pipeline="p",a="true",b="1",c="1.5",d="2026-01-01T00:00:00.000000Z"} 4
        m{pipeline="p",a="false",b="0.5",e="q\\"\\n"} 5

        """)
  }

  @Test func `two rows of the same labels, and bytes as a label, are faults`() {
    #expect(
      Self.fault([[.text("a"), .integer(1)], [.text("a"), .integer(2)]])
        == "row 2 of its answer has the labels of an earlier row")
    #expect(
      Self.fault([[.integer(1)], [.integer(2)]], of: Self.metric(labels: []))
        == "row 2 of its answer has the labels of an earlier row")
    #expect(Self.fault([[.blob([1]), .integer(1)]]) == "row 1 of its answer has bytes in the label `room`")
  }

  @Test func `the first rows are kept up to the bound, and those past it counted`() throws {
    let all: [[AnswerCell]] = ["d", "c", "b", "a"].enumerated().map { [.text($1), .integer(Int64($0))] }
    let full = try Self.rows(Array(all.prefix(3)))
    #expect(full.series == 3 && full.leftOut == 0)
    let past = try Self.rows(all)
    #expect(past.lines == full.lines && past.series == 3 && past.leftOut == 1)
  }

  @Test func `a label has at most 1,024 bytes, or its row is left out`() throws {
    func row(_ count: Int) -> [AnswerCell] { [.text(String(repeating: "x", count: count)), .integer(1)] }
    let rows = try Self.rows([row(MetricRows.labelBytesMax), row(MetricRows.labelBytesMax + 1)])
    #expect(MetricRows.labelBytesMax == 1_024 && rows.series == 1 && rows.leftOut == 1)
  }

  @Test func `a metric that fails keeps its value with its age, and is reported once for each reason`() throws {
    let board = MetricBoard()
    let start = ContinuousClock.now
    func text(_ seconds: Int) -> String {
      var families = MetricFamilies()
      board.write(to: &families, at: start + .seconds(seconds))
      return families.text
    }
    let (good, bad) = (Self.metric("good"), Self.metric("bad_total", .counter))
    let row = try Self.rows([[.text("a"), .integer(1)]], of: good)
    #expect(board.set("p", [(good, .rows(row)), (bad, .failed("x"))], at: start).map(\.failure) == ["x"])
    #expect(text(3).contains("good{pipeline=\"p\",room=\"a\"} 1\n"))
    #expect(text(3).contains("afterimage_pipeline_metric_age_seconds{pipeline=\"p\",metric=\"good\"} 3\n"))
    #expect(text(3).contains("afterimage_pipeline_metric_failures_total{pipeline=\"p\",metric=\"bad_total\"} 1\n"))
    // What has no value yet has no samples of its own, and no age.
    #expect(!text(3).contains("\nbad_total{") && !text(3).contains("age_seconds{pipeline=\"p\",metric=\"bad_total\"}"))
    #expect(board.set("p", [(good, .failed("y")), (bad, .failed("x"))], at: start + .seconds(5)).map(\.failure) == ["y"])
    #expect(text(8).contains("good{pipeline=\"p\",room=\"a\"} 1\n"))
    #expect(text(8).contains("age_seconds{pipeline=\"p\",metric=\"good\"} 8\n"))
    #expect(text(8).contains("failures_total{pipeline=\"p\",metric=\"good\"} 1\n"))
    #expect(board.fail("p", "gone", at: start + .seconds(9)).count == 2)
    let again = try Self.rows([[.text("a"), .integer(2)]], of: good)
    let news = board.set("p", [(good, .rows(again)), (bad, .failed("gone"))], at: start + .seconds(10))
    #expect(news.map(\.isMended) == [true] && text(10).contains("good{pipeline=\"p\",room=\"a\"} 2\n"))
    board.hold("p", at: start + .seconds(20))
    #expect(text(21).contains("age_seconds{pipeline=\"p\",metric=\"good\"} 1\n"))
    // A metric that has left the file is gone.
    #expect(board.set("p", [(bad, .failed("gone"))], at: start + .seconds(30)).isEmpty && !text(31).contains("good"))
  }

  @Test func `rows past the bound are reported once, until all fit again`() throws {
    let board = MetricBoard()
    let metric = Self.metric(seriesMax: 1)
    func set(_ names: [String]) throws -> [Int?] {
      let rows = try Self.rows(names.map { [.text($0), .integer(1)] }, of: metric)
      return board.set("p", [(metric, .rows(rows))], at: .now).map(\.leftOut)
    }
    #expect(try set(["a", "b", "c"]) == [2])
    #expect(try set(["a", "b"]) == [])
    #expect(try set(["a"]) == [])
    #expect(try set(["a", "b"]) == [1])
    var families = MetricFamilies()
    board.write(to: &families)
    #expect(families.text.contains("afterimage_pipeline_metric_series_left_out{pipeline=\"p\",metric=\"m\"} 1\n"))
  }

  @Test func `metrics of one name in two pipelines are one family`() throws {
    let board = MetricBoard()
    let metric = Self.metric(labels: [])
    for pipeline in ["b", "a"] {
      var rows = MetricRows(metric, pipeline: pipeline)
      try rows.add([.integer(1)])
      _ = board.set(pipeline, [(metric, .rows(rows))], at: .now)
    }
    var families = MetricFamilies()
    board.write(to: &families)
    #expect(families.text.hasSuffix("# HELP m Help.\n# TYPE m gauge\nm{pipeline=\"a\"} 1\nm{pipeline=\"b\"} 1\n"))
  }
}
