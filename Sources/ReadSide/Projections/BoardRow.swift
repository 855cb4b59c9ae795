internal import ChangeRecords
package import Pipelines

/// What a member's row says, for every store.
extension Leaderboard {
  /// Gives `body` the values between the row's key and its last change, in the order of the columns.
  package func forEachCell(
    of shown: GroupState.Shown, closedAt: Instant?, _ body: (Value) throws -> Void
  ) rethrows {
    try body(shown.values[0])
    try body(.timestamp(shown.reached.time))
    try body(.integer(Int64(bitPattern: shown.reached.order.rawValue)))
    if !windows.isEmpty { try body(closedAt.map { .timestamp($0) } ?? .null) }
    for place in 1..<shown.values.count { try body(shown.values[place]) }
  }

  /// Where a member stands on its board: bytes that compare as the places do.
  package func place(of member: Value, _ shown: GroupState.Shown) -> [UInt8] {
    var bytes: [UInt8] = []
    for (score, value) in zip(scores, shown.values) {
      let start = bytes.count
      value.appendOrdered(to: &bytes)
      if score.direction == .descending { for place in start..<bytes.count { bytes[place] = ~bytes[place] } }
    }
    if ties == .firstToReach { bytes += shown.reached.ordered }
    member.appendOrdered(to: &bytes)
    return bytes
  }
}
