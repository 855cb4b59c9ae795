package import ChangeRecords
package import DynamoModel

/// Carries out what effects ask for in the write store. Called with the same arguments again after a crash: what it does is done
/// once, because what was seen no longer holds the second time.
package protocol EffectSink: Sendable {
  /// Deletes an item with the service's identity if the attributes in `seen` are still so and it was not written after the record
  /// at `seenThrough`. Answers whether it was there and deleted.
  func deleteItem(table: String, key: Item, seen: Item, seenThrough: Position) async throws -> Bool
}
