package import ChangeLog

/// Where a lane stands in a read model: committed together with the rows that it made.
package struct LanePosition: Sendable, Equatable {
  package var cursor: LogCursor
  /// The time through which deadlines have fired, in microseconds.
  package var firedThrough: Int64
  /// The time for which the rows hold, in microseconds: no later record of the lane is earlier.
  package var watermark: Int64
  /// A hash of the last record applied: a log that was cut and written again shows another one. Empty before the first.
  package var fingerprint: String
  /// Counts the workers that have had the lane; a worker with an older one commits nothing more.
  package var epoch: Int64

  package init(
    cursor: LogCursor, firedThrough: Int64 = .min, watermark: Int64 = .min, fingerprint: String = "", epoch: Int64 = 0
  ) {
    self.cursor = cursor
    self.firedThrough = firedThrough
    self.watermark = watermark
    self.fingerprint = fingerprint
    self.epoch = epoch
  }
}
