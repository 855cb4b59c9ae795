package import ChangeRecords

/// A table as a recovery leaves it.
package struct RecoveredTable: Sendable, Equatable {
  package let name: String
  /// The table id that the table had before; a recovery gives it another.
  package let tableID: TableID
  /// By partition: the sequence number of the last record that is kept.
  package let last: [SequenceNumber]
}
