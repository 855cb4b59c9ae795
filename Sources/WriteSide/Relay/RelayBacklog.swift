internal import ChangeLog
internal import ChangeRecords
internal import KafkaLog
internal import Synchronization
internal import Telemetry

/// How many records of a table wait to be published: what its log holds beyond the last transaction. Asked for from time to time, also while the
/// relay cannot publish or has stopped, for then it counts most.
final class RelayBacklog: Sendable {
  private let source: any ChangeLog
  private let gauge: Metrics.Cell
  private enum Known {
    /// No broker has said yet what is published.
    case nothing
    case published(RelayState)
    /// The relay has stopped before it published anything: all that the log keeps counts, also what another relay may have published.
    case allWaits
  }

  private let known = Mutex(Known.nothing)

  init(_ source: any ChangeLog, _ gauge: Metrics.Cell) {
    self.source = source
    self.gauge = gauge
  }

  func published(_ state: RelayState) { known.withLock { $0 = .published(state) } }

  /// The relay has stopped. What it published in this process still counts.
  func stopped() {
    known.withLock { known in
      if case .nothing = known { known = .allWaits }
    }
  }

  /// Sets the gauge. One question to the log for each partition; a log that does not answer leaves the gauge as it is.
  func refresh() async {
    var state: RelayState?
    switch known.withLock({ $0 }) {
    case .nothing: return
    case .published(let published): state = published
    case .allWaits: break
    }
    guard let log = try? await source.describe() else { return }
    var waiting: UInt64 = 0
    for number in 0..<(state?.partitions.count ?? log.partitions) {
      guard let bounds = try? await source.bounds(partition: number) else { return }
      waiting += bounds.last.records(after: state?.partitions[number].sequence ?? bounds.first.previous)
    }
    gauge.set(Int64(clamping: waiting))
  }

  /// Somebody else publishes the table: what waits is not known here.
  func forget() {
    known.withLock { $0 = .nothing }
    gauge.set(0)
  }
}
