internal import Synchronization

/// What a lane is doing, for `/metrics`, the page and `doctor`.
package struct LaneStatus: Sendable {
  package var table: String
  package var partition: Int
  package var sequence: UInt64 = 0
  /// Records in the log behind the last checkpoint, as far as known.
  package var behind: UInt64 = 0
  /// The time for which the rows hold, in milliseconds.
  package var watermark: Int64 = .min
  package var applied: UInt64 = 0
  package var deadLetters: Int = 0
  package var foreign: Int = 0
  /// Why the lane stands still; nil while it goes on.
  package var stopped: String?
  /// Whether it has been at the log's end since it was started.
  package var hasCaughtUp = false
}

/// The lanes of one generation as they are now. Written by the lanes, read by anybody.
package final class LaneBoard: Sendable {
  private let lanes = Mutex<[String: LaneStatus]>([:])

  package init() {}

  func update(_ table: String, _ partition: Int, _ change: (inout LaneStatus) -> Void) {
    lanes.withLock { lanes in
      var status = lanes["\(table)/\(partition)"] ?? LaneStatus(table: table, partition: partition)
      change(&status)
      lanes["\(table)/\(partition)"] = status
    }
  }

  package var all: [LaneStatus] {
    lanes.withLock { $0.values.sorted { ($0.table, $0.partition) < ($1.table, $1.partition) } }
  }
}
