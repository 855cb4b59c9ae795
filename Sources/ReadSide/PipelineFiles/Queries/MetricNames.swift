internal import Pipelines

/// Which words may name metrics and their labels: Prometheus' rules, and what nobody else gives a name.
enum MetricNames {
  /// Bytes.
  static let lengthMax = 100
  /// What Prometheus adds to every series, what it keeps for histograms, and what is added here.
  static let reservedLabels: Set<String> = ["pipeline", "job", "instance", "le", "quantile"]
  /// What this program's own metrics and those that Prometheus makes of every scrape begin with.
  static let reservedPrefixes = ["afterimage_", "scrape_"]
  /// Ends that belong to the parts of a histogram or a summary.
  private static let reservedEndings = ["_bucket", "_sum", "_count", "_info"]
  static let counterEnding = "_total"

  /// What is wrong with a metric's name; nil when nothing is.
  static func problem(_ name: String, _ kind: PipelineMetric.Kind?) -> String? {
    if !isPlain(name) { return "`\(name)` cannot be a metric's name: use a small letter, then small letters, digits and `_`" }
    if let problem = length(name, "a metric's name") { return problem }
    if let prefix = reservedPrefixes.first(where: { name.hasPrefix($0) }) {
      return "names that begin with `\(prefix)` are not a pipeline's to give: choose another name"
    }
    if name == "up" { return "Prometheus gives every scrape a metric `up`: choose another name" }
    if let ending = reservedEndings.first(where: { name.hasSuffix($0) }) {
      return "`\(name)` ends in `\(ending)`, as parts of other kinds of metric do: choose another name"
    }
    switch kind {
    case .counter where !name.hasSuffix(counterEnding):
      return "a counter's name ends in `\(counterEnding)`: write `\(name)\(counterEnding)`"
    case .gauge where name.hasSuffix(counterEnding):
      return "`\(name)` ends in `\(counterEnding)`, as counters do: choose another name, or say `type: counter`"
    default: return nil
    }
  }

  /// The same of a label's.
  static func labelProblem(_ name: String) -> String? {
    if !isPlain(name) {
      return "`\(name)` cannot be a label's name: use a small letter, then small letters, digits and `_`; AS names a column"
    }
    if let problem = length(name, "a label's name") { return problem }
    guard reservedLabels.contains(name) else { return nil }
    return "the label `\(name)` is not a pipeline's to give: name the column otherwise, with AS"
  }

  private static func length(_ name: String, _ what: String) -> String? {
    let count = name.utf8.count
    return count > lengthMax ? "`\(name)` has \(count) bytes, and \(what) has at most \(lengthMax)" : nil
  }

  private static func isPlain(_ name: String) -> Bool {
    guard let first = name.utf8.first, isSmall(first) else { return false }
    return name.utf8.allSatisfy { isSmall($0) || ($0 >= 48 && $0 <= 57) || $0 == UInt8(ascii: "_") }
  }

  private static func isSmall(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") }
}
