internal import Synchronization

/// How often a measure fell below each of some bounds, with the sum of all. An observation takes a lock for some ten instructions: for work that is
/// done some hundred times a second, not for every record.
package final class Histogram: Sendable {
  /// Of work in seconds, from a millisecond on.
  package static let workBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
  /// Of waits in seconds.
  package static let waitBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

  private struct State {
    /// Between a bound and the one before it; the last is past all.
    var counts: [UInt64]
    var sum = 0.0
  }

  private let bounds: [Double]
  private let state: Mutex<State>

  /// `bounds` rise; each counts what is at most so much.
  package init(bounds: [Double]) {
    self.bounds = bounds
    state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
  }

  package func observe(_ value: Double) {
    let place = bounds.firstIndex { value <= $0 } ?? bounds.count
    state.withLock { state in
      state.counts[place] += 1
      state.sum += value
    }
  }

  package func observe(_ duration: Duration) { observe(duration / .seconds(1)) }

  /// The lines of a family of this name: `_bucket`, `_sum` and `_count`, all of one moment.
  func lines(_ name: String, _ labels: MetricFamilies.Labels) -> String {
    let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
    var out = ""
    var below: UInt64 = 0
    for (bound, count) in zip(bounds + [.infinity], counts) {
      below += count
      var labels = labels
      labels.append("le", MetricFamilies.text(bound))
      out += "\(name)_bucket\(labels.braced) \(below)\n"
    }
    return out + "\(name)_sum\(labels.braced) \(MetricFamilies.text(sum))\n\(name)_count\(labels.braced) \(below)\n"
  }
}
