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
  /// Nil before a broker has said what is published.
  private let published = Mutex<RelayState?>(nil)

  init(_ source: any ChangeLog, _ gauge: Metrics.Cell) {
    self.source = source
    self.gauge = gauge
  }

  func published(_ state: RelayState) { published.withLock { $0 = state } }

  /// Sets the gauge. One question to the log for each partition; a log that does not answer leaves the gauge as it is.
  func refresh() async {
    guard let state = published.withLock({ $0 }) else { return }
    var waiting: UInt64 = 0
    for (number, partition) in state.partitions.enumerated() {
      guard let bounds = try? await source.bounds(partition: number) else { return }
      waiting += bounds.last.records(after: partition.sequence)
    }
    gauge.set(Int64(clamping: waiting))
  }

  /// Somebody else publishes the table: what waits is not known here.
  func forget() {
    published.withLock { $0 = nil }
    gauge.set(0)
  }
}
