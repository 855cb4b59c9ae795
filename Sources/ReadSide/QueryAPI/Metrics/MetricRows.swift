internal import DynamoModel
internal import Pipelines
internal import ReadModels
internal import Telemetry

/// The series of a metric, made from the rows of its answer, as a value: which rows are kept, and what is wrong with one.
///
/// A row whose value is null is left out. Of the others the first `seriesMax` are kept, in the order of the SQL; what is past them is counted, and so
/// is a row with a label that is too long.
struct MetricRows: Sendable {
  /// Bytes of a label's value.
  static let labelBytesMax = 1_024

  /// Why an answer gives no series. It names no value of a row: they are the users'.
  struct Fault: Error, Sendable, Equatable, CustomStringConvertible {
    /// From 1.
    let row: Int
    let reason: String

    var description: String { "row \(row) of its answer \(reason)" }
  }

  private let metric: PipelineMetric
  private let base: MetricFamilies.Labels
  private var rows = 0
  private var seen: Set<TextKey> = []
  /// The samples, a line for each.
  private(set) var lines = ""
  /// Rows that are not shown.
  private(set) var leftOut = 0

  init(_ metric: PipelineMetric, pipeline: String) {
    self.metric = metric
    base = ["pipeline": pipeline]
  }

  var series: Int { seen.count }

  /// Takes the next row. Throws what is wrong with it.
  mutating func add(_ cells: [AnswerCell]) throws(Fault) {
    rows += 1
    guard let number = try number(cells[metric.value]) else { return }
    guard seen.count < metric.seriesMax else {
      leftOut += 1
      return
    }
    var labels = base
    for column in metric.labels {
      let text = try label(cells[column], metric.columns[column])
      guard text.utf8.count <= MetricRows.labelBytesMax else {
        leftOut += 1
        return
      }
      labels.append(metric.columns[column].name, text)
    }
    guard seen.insert(TextKey(labels.braced)).inserted else { throw Fault(row: rows, reason: "has the labels of an earlier row") }
    lines += "\(metric.name)\(labels.braced) \(number)\n"
  }

  /// As Prometheus reads it; nil for null. Decimals are texts, and of columns whose type is not known whole numbers may be.
  private func number(_ cell: AnswerCell) throws(Fault) -> String? {
    switch cell {
    case .null: return nil
    case .integer(let whole): return "\(whole)"
    case .real(let real) where real.isFinite: return MetricFamilies.text(real)
    case .text(let text): if let number = try? Number(text) { return number.description }
    case .real, .blob: break
    }
    throw Fault(row: rows, reason: "has a value that is not a number, in the column `\(metric.columns[metric.value].name)`")
  }

  /// Null is the empty text.
  private func label(_ cell: AnswerCell, _ column: QueryColumn) throws(Fault) -> String {
    switch cell {
    case .null: return ""
    case .integer(let whole): return column.type == .boolean ? (whole == 0 ? "false" : "true") : "\(whole)"
    case .real(let real): return MetricFamilies.text(real)
    case .text(let text): return text
    case .blob: throw Fault(row: rows, reason: "has bytes in the label `\(column.name)`")
    }
  }
}
