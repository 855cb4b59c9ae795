package import DynamoModel

/// Reads or writes the files of an export or import: the caller's, who knows formats and places.
package protocol TableFiles: Sendable {
  /// Writes a table's items, or what became of them. `lines` calls its closure with each; what either throws ends the export:
  /// `TableFilesError` for good, anything else to be tried again.
  func export(_ job: TableJob, lines: ((ExportLine) throws -> Void) throws -> Void) throws
  /// Calls `put` with each item that the files hold, and `skip` for each that is none.
  func read(_ job: TableJob, put: (Item) throws -> Void, skip: (String) -> Void) throws
}

/// What an export says of one item.
package enum ExportLine: Sendable {
  /// As it was at the export's time.
  case item(Item)
  /// What it was before the export's time span and at its end, nil for not there, and when it was changed last.
  case change(keys: Item, old: Item?, new: Item?, time: Int64)
}

/// Why files cannot be written or read, for good.
package struct TableFilesError: Error, Sendable {
  package let reason: String

  package init(_ reason: String) { self.reason = reason }
}
