package import ChangeLog
package import Pipelines

/// Where a lane stands in a read model: committed together with the rows that it made.
package struct LanePosition: Sendable, Equatable {
  package var cursor: LogCursor
  /// The time through which deadlines have fired.
  package var firedThrough: Instant
  /// The time for which the rows hold: no later record of the lane is earlier.
  package var watermark: Instant
  /// A hash of the last record applied: a log that was cut and written again shows another one. Empty before the first.
  package var fingerprint: String
  /// Of the worker that has the lane.
  package var epoch: Epoch

  package init(
    cursor: LogCursor, firedThrough: Instant = .distantPast, watermark: Instant = .distantPast, fingerprint: String = "",
    epoch: Epoch = .none
  ) {
    self.cursor = cursor
    self.firedThrough = firedThrough
    self.watermark = watermark
    self.fingerprint = fingerprint
    self.epoch = epoch
  }
}
