internal import Synchronization

/// What a process counts: counters, gauges and histograms by name and labels. Made once, changed from any thread, printed by every scrape.
package final class Metrics: Sendable {
  /// A number that is set or added to, without a lock.
  package final class Cell: Sendable {
    private let value = Atomic<Int64>(0)

    package func add(_ amount: Int64 = 1) { value.wrappingAdd(amount, ordering: .relaxed) }
    package func set(_ amount: Int64) { value.store(amount, ordering: .relaxed) }
    package var current: Int64 { value.load(ordering: .relaxed) }
  }

  package enum Kind: Sendable { case counter, gauge }

  private enum Source {
    case cell(Cell)
    case histogram(Histogram)
  }

  private struct Family {
    let kind: MetricFamilies.Kind
    let help: String
    /// By the text of their labels.
    var sources: [String: (labels: MetricFamilies.Labels, source: Source)] = [:]
  }

  private let families = Mutex<[String: Family]>([:])

  package init() {}

  /// The cell of a name and its labels; the same one for the same labels. `name` ends in `_total` for counters.
  package func cell(_ kind: Kind, _ name: String, help: String, labels: MetricFamilies.Labels = [:]) -> Cell {
    let source = source(kind == .counter ? .counter : .gauge, name, help: help, labels: labels) { .cell(Cell()) }
    guard case .cell(let cell) = source else { return Cell() }
    return cell
  }

  /// The histogram of a name and its labels; the same one for the same labels. `name` ends in its unit, `_seconds`.
  package func histogram(
    _ name: String, help: String, bounds: [Double] = Histogram.workBounds, labels: MetricFamilies.Labels = [:]
  ) -> Histogram {
    let source = source(.histogram, name, help: help, labels: labels) { .histogram(Histogram(bounds: bounds)) }
    guard case .histogram(let histogram) = source else { return Histogram(bounds: bounds) }
    return histogram
  }

  private func source(
    _ kind: MetricFamilies.Kind, _ name: String, help: String, labels: MetricFamilies.Labels, _ make: () -> Source
  ) -> Source {
    families.withLock { families in
      if let known = families[name]?.sources[labels.text] { return known.source }
      let made = make()
      families[name, default: Family(kind: kind, help: help)].sources[labels.text] = (labels, made)
      return made
    }
  }

  /// Adds everything to what a scrape answers, labels in order.
  package func write(to out: inout MetricFamilies) {
    let all = families.withLock { $0 }
    for (name, family) in all {
      for (labels, source) in family.sources.sorted(by: { $0.key < $1.key }).map(\.value) {
        switch source {
        case .cell(let cell): out.add(family.kind, name, help: family.help, labels: labels, value: Double(cell.current))
        case .histogram(let histogram): out.add(family.kind, name, help: family.help, lines: histogram.lines(name, labels))
        }
      }
    }
  }

  /// Everything in Prometheus' text format.
  package var text: String {
    var out = MetricFamilies()
    write(to: &out)
    return out.text
  }
}
