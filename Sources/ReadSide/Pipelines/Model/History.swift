/// A row for each change of an item, or for each element that a change added to a list of the item or removed from it. SQL columns: the key, `time`,
/// `event`, `cause`, `ordinal` (of elements), the columns, `_at`, `_order`, `_position`.
///
/// A row is stored under its position, one of an element with its event and ordinal: nothing is merged, however close two changes are. Inputs: the key,
/// then the columns. A change of which a key column is null has no row.
package struct History: Sendable {
  /// What happened: the texts of `event`.
  package enum Event: String, Sendable, CaseIterable {
    case inserted, changed
    /// Of an item, or of an element of its list.
    case removed
    /// An item was removed by its TTL, or by an effect that expires it.
    case expired
    /// An element came into the list.
    case added
    /// The list became another one, which does not go on where it ended before.
    case rewritten
  }

  /// The most rows of a key that `keep` may name.
  package static let keepMax = 100_000_000

  /// In the file's order: of changes, or all of elements of one list. Of those of changes the first that fits a change gives its row.
  package let sources: [Source]
  /// How many inputs, from the first on, are the key.
  package let keyCount: Int
  /// Whether rows are of elements, and have an ordinal.
  package let hasElements: Bool
  /// How many rows of a key are kept, the latest; nil keeps all. All rows of a key then come from one lane.
  package let keepRows: Int?
  /// Microseconds: a row goes when the log's clock has passed its time by more; nil keeps it.
  package let keepFor: Int64?

  /// Each property by its name.
  package init(sources: [Source], keyCount: Int, hasElements: Bool, keepRows: Int?, keepFor: Int64?) {
    self.sources = sources
    self.keyCount = keyCount
    self.hasElements = hasElements
    self.keepRows = keepRows
    self.keepFor = keepFor
  }

  /// The columns beside the key and the declared ones, in the table's order.
  package static func ownColumns(hasElements: Bool) -> [SQLColumn] {
    let all = [
      SQLColumn(name: "time", type: .timestamp, isNullable: false), SQLColumn(name: "event", type: .string, isNullable: false),
      SQLColumn(name: "cause", type: .string, isNullable: false),
    ]
    return hasElements ? all + [SQLColumn(name: "ordinal", type: .integer, isNullable: false)] : all
  }

  /// The columns by which the rows of a key are in order, of a table with this projection's columns: time, order, and of elements ordinal and event.
  package func orderColumns(of table: SQLTable) -> [Int] {
    let order = table.columns.count - 2
    return hasElements ? [keyCount, order, keyCount + 3, keyCount + 1] : [keyCount, order]
  }
}
