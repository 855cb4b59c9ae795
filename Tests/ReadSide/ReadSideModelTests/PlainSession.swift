import DynamoModel
import LiteralTestKit
import Pipelines

/// One session of a projection.
final class PlainSession {
  let key: [Value]
  let started: PlainStamp
  /// The item of the first touch.
  let itemKey: PlainItemKey
  /// When the first touch happened.
  var began: Instant
  var lastTouch: Instant
  var touches: [PlainEntry] = []
  /// Of a session that is an item: the item's inputs as they are.
  var current: [Value] = []
  /// The instant of the item that the pipeline calls the deadline.
  var deadline: Instant?
  /// What one session is live per; nil when that is null.
  var group: [Value]?
  var touched: PlainStamp
  /// The last change of the item, for effects.
  var change: PlainChange
  /// When the session ended, why, and by which change; by the last order of its last instant when the clock ended it.
  var end: (at: Instant, by: SessionEnd, through: PlainStamp)?
  /// Which session of this name it is.
  var ordinal = 1

  init(_ key: [Value], _ change: PlainChange) {
    self.key = key
    started = change.stamp
    itemKey = change.itemKey
    began = change.time
    lastTouch = change.time
    touched = change.stamp
    self.change = change
  }

  /// When the session ends by itself, why, and the last instant at which it is active: that of a gap, the longest time and a deadline is
  /// included, midnight belongs to the next day.
  func due(_ rule: Sessions) -> (at: Instant, by: SessionEnd, through: Instant)? {
    var all: [(at: Instant, by: SessionEnd, through: Instant)] = []
    // Of two that end at one instant the first here is named.
    // One that is past when it comes ends the session with the instant of the change that brings it.
    if let deadline { all.append((deadline, .deadline, max(deadline, change.time))) }
    if case .midnight(let zone) = rule.cut {
      let midnight = CalendarUnit.day.interval(of: started.time, in: zone).upperBound
      all.append((midnight, .cut, midnight - 1))
    }
    if let gap = rule.gap { all.append((lastTouch + gap, .gap, lastTouch + gap)) }
    if let most = rule.max { all.append((started.time + most, .max, started.time + most)) }
    guard let first = all.min(by: { $0.through < $1.through }) else { return nil }
    return (max(first.at, lastTouch), first.by, first.through)
  }
}
