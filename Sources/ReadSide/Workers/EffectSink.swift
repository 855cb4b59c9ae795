package import ChangeRecords
package import DynamoModel
package import Pipelines

/// Carries out what effects ask for: in the write store, and out in the world. Called with the same arguments again after a crash.
package protocol EffectSink: Sendable {
  /// Deletes an item with the service's identity if the attributes in `seen` are still so and it was not written after the record
  /// at `seenThrough`. Answers whether it was there and deleted. A second time changes nothing: what was seen does not hold any more.
  func deleteItem(table: String, key: Item, seen: Item, seenThrough: Position) async throws -> Bool
  /// Writes an item, or sends a message under an idempotency key, by which a receiver knows it again. Throws `EffectRefusal` where another attempt cannot
  /// go better. Answers what became of it, for the log.
  func carryOut(_ action: ResolvedAction, idempotencyKey: String) async throws -> String
}

/// Why an effect is given up without another attempt: what it needs is not there or not allowed until somebody changes a setting.
package struct EffectRefusal: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
