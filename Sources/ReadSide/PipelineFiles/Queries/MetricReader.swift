internal import Pipelines
internal import YAML

/// Reads the metrics: by name a gauge or a counter, each the answer of SQL.
struct MetricReader {
  /// Of a pipeline: each is SQL that runs again and again.
  static let metricsMax = 100
  /// Of a metric.
  static let labelsMax = 10
  /// The column with the number, where `value` does not say another and the answer has several.
  static let valueColumn = "value"

  let projections: CheckedProjections
  /// Nil when SQLite does not start.
  let checker: QueryChecker?

  private var findings: Findings { projections.findings }

  func metrics(_ entries: [YAMLNode.Entry]) -> [PipelineMetric] {
    if entries.count > MetricReader.metricsMax {
      findings.add(
        entries[MetricReader.metricsMax].key.mark,
        "a pipeline has at most \(MetricReader.metricsMax) metrics, and this one has \(entries.count)")
    }
    return entries.compactMap(readMetric)
  }

  private func readMetric(_ entry: YAMLNode.Entry) -> PipelineMetric? {
    let name = entry.key.text
    guard let reader = MappingReader(entry.value, Grammar.metric, findings) else {
      if let problem = MetricNames.problem(name, nil) { findings.add(entry.key.mark, problem) }
      return nil
    }
    let kind = readKind(reader)
    if let problem = MetricNames.problem(name, kind) { findings.add(entry.key.mark, problem) }
    let help = readHelp(reader)
    let labels = readLabels(reader)
    let value = reader.text("value")
    let seriesMax = reader.integer("series", 1...PipelineMetric.seriesLimit) ?? PipelineMetric.seriesDefault
    guard let sql = SQLTexts(reader, findings), projections.isWhole, let labels,
      let checked = checker?.check(sql, parameters: [], declared: []),
      let shape = shape(checked.columns, labels: labels, value: value, sql), let kind, let help
    else { return nil }
    return PipelineMetric(
      name: name, kind: kind, help: help, sql: sql.sql, columns: checked.columns, labels: shape.labels, value: shape.value,
      seriesMax: seriesMax, reads: checked.reads)
  }

  private func readKind(_ reader: MappingReader) -> PipelineMetric.Kind? {
    guard let (text, node) = reader.requireText("type") else { return nil }
    if let kind = PipelineMetric.Kind(rawValue: text) { return kind }
    findings.add(
      node.mark,
      "`\(text)` is not a type of metric\(Suggestion.text(for: text, among: PipelineMetric.Kind.allCases.map(\.rawValue)))")
    return nil
  }

  private func readHelp(_ reader: MappingReader) -> String? {
    guard let (text, node) = reader.requireText("help") else { return nil }
    let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingPrefix { $0.isWhitespace } }
    if lines.isEmpty { findings.add(node.mark, "`help` says what the metric is, and this is empty") }
    return lines.joined(separator: " ")
  }

  /// Nil when one is refused.
  private func readLabels(_ reader: MappingReader) -> [(name: String, node: YAMLNode)]? {
    let nodes = reader.elements("labels")
    if nodes.count > MetricReader.labelsMax {
      findings.add(
        nodes[MetricReader.labelsMax].mark,
        "a metric has at most \(MetricReader.labelsMax) labels, and this one has \(nodes.count)")
    }
    var labels: [(name: String, node: YAMLNode)] = []
    for node in nodes {
      guard let name = findings.text(node, "a label") else { continue }
      if let problem = MetricNames.labelProblem(name) {
        findings.add(node.mark, problem)
      } else if labels.contains(where: { $0.name == name }) {
        findings.add(node.mark, "the label `\(name)` is there twice")
      } else {
        labels.append((name, node))
      }
    }
    return labels.count == nodes.count ? labels : nil
  }

  /// Which columns are labels and which one is the value: every column is one of them. Nil, with a finding, where that does not come out.
  private func shape(
    _ columns: [QueryColumn], labels: [(name: String, node: YAMLNode)], value: (text: String, node: YAMLNode)?, _ sql: SQLTexts
  ) -> (labels: [Int], value: Int)? {
    let names = columns.map(\.name)
    var labelColumns: [Int] = []
    for (name, node) in labels {
      guard let place = names.firstIndex(of: name) else {
        findings.add(node.mark, "the answer has no column `\(name)`\(Suggestion.text(for: name, among: names))")
        return nil
      }
      if columns[place].type == .bytes { findings.add(node.mark, "the label `\(name)` would be bytes, and a label is a text") }
      labelColumns.append(place)
    }
    let mark = value?.node.mark ?? sql.sqlite.node.mark
    let wanted = value?.text ?? (names.count == 1 ? names[0] : MetricReader.valueColumn)
    guard let place = names.firstIndex(of: wanted) else {
      let known = Suggestion.text(for: wanted, among: names)
      findings.add(
        mark,
        value == nil
          ? "which column is the value? Name it `\(MetricReader.valueColumn)`, with AS, or write `value: COLUMN`\(known)"
          : "the answer has no column `\(wanted)`\(known)")
      return nil
    }
    if labelColumns.contains(place) {
      findings.add(mark, "the column `\(wanted)` is a label and the value: it can be one of them")
      return nil
    }
    if let type = columns[place].type, ![.integer, .decimal, .boolean].contains(type) {
      findings.add(mark, "a metric's value is a number, and the column `\(wanted)` is of type \(type.rawValue)")
    }
    if let other = names.indices.first(where: { $0 != place && !labelColumns.contains($0) }) {
      findings.add(
        sql.sqlite.node.mark,
        "the column `\(names[other])` is neither the value nor a label: leave it out, or list it under `labels`")
    }
    return (labelColumns, place)
  }
}
