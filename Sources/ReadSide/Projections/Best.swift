internal import DynamoModel
package import Pipelines

/// An extreme over changes: what it is compared by, what it says, and the change that brought it.
package struct Best: Sendable, Equatable {
  /// The value itself of `min` and `max`, the order of `first(x by t)`; null where the stamp alone decides.
  package var rank: Value
  /// Decides between equal ranks of `first(x by t)`: the item's key, whose bytes compare as the keys do. Empty where it does not count.
  package var itemKey: [UInt8]
  package var value: Value
  package var stamp: Stamp

  package init(rank: Value, itemKey: [UInt8] = [], value: Value, stamp: Stamp) {
    self.rank = rank
    self.itemKey = itemKey
    self.value = value
    self.stamp = stamp
  }

  /// Whether this one takes the place of `other` under a function. Of equal ranks the item's key decides, and of one item `last` takes the
  /// later change, every other function the earlier.
  package func beats(_ other: Best?, _ function: GroupPlan.Function) -> Bool {
    guard let other else { return true }
    if rank != other.rank { return (rank > other.rank) == function.seeksGreatest }
    if itemKey != other.itemKey { return (Bytes.compare(itemKey, other.itemKey) > 0) == function.seeksGreatest }
    // Elements of one change's list come in its order.
    return function == .last ? stamp >= other.stamp : stamp < other.stamp
  }
}
