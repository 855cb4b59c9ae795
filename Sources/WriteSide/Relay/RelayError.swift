/// Why a relay stands still: for good, or until the brokers allow what they refuse.
package struct RelayError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: String, Sendable {
    /// Another relay publishes this table now.
    case superseded
    /// Topics or settings are not what the table needs.
    case configuration
    /// Records that were never published are no longer kept, or cannot be read.
    case lost
    /// The brokers do not allow what the relay needs: it tries again until they do.
    case refused
  }

  package let kind: Kind
  package let table: String
  package let message: String

  package var description: String { "relay of \(table): \(message)" }
}
