/// Why a relay stops for good.
package struct RelayError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: String, Sendable {
    /// Another relay publishes this table now.
    case superseded
    /// Topics or settings are not what the table needs.
    case configuration
    /// Records that were never published are no longer kept, or cannot be read.
    case lost
  }

  package let kind: Kind
  package let table: String
  package let message: String

  package var description: String { "relay of \(table): \(message)" }
}
