package import Pipelines

/// An extreme over changes: what it is compared by, what it says, and the change that brought it.
package struct Best: Sendable, Equatable {
  /// The value itself of `min` and `max`, the order of `first(x by t)`; null where the stamp alone decides.
  package var rank: Value
  package var value: Value
  package var stamp: Stamp

  package init(rank: Value, value: Value, stamp: Stamp) {
    self.rank = rank
    self.value = value
    self.stamp = stamp
  }

  /// Whether this one takes the place of `other` under a function. Of equal ranks `last` takes the later change, every other function the
  /// earlier.
  package func beats(_ other: Best?, _ function: GroupPlan.Function) -> Bool {
    guard let other else { return true }
    if rank != other.rank { return (rank > other.rank) == function.seeksGreatest }
    return (stamp > other.stamp) == (function == .last) && stamp != other.stamp
  }
}
