/// A rule that turns records into rows of one SQL table.
package struct Projection: Sendable {
  package let name: String
  package let about: String
  package let kind: Kind
  /// The table of its rows.
  package let table: SQLTable
  /// SHA-256 in hexadecimal of what decides this projection's rows: the tables, items and the projection itself.
  package let fingerprint: String

  /// Each property by its name.
  package init(name: String, about: String, kind: Kind, table: SQLTable, fingerprint: String) {
    self.name = name
    self.about = about
    self.kind = kind
    self.table = table
    self.fingerprint = fingerprint
  }

  /// The projection proper.
  package enum Kind: Sendable {
    case collection(Collection)
    case aggregate(Aggregate)
    case sessions(Sessions)
    case leaderboard(Leaderboard)
    case history(History)
  }

  /// Every source that feeds it.
  package var sources: [Source] {
    switch kind {
    case .collection(let collection): collection.sources
    case .aggregate(let aggregate): aggregate.sources
    case .sessions(let sessions): sessions.sources
    case .leaderboard(let leaderboard): leaderboard.sources
    case .history(let history): history.sources
    }
  }

  /// The other projections of which its answers show rows.
  package var shows: [ProjectionID] {
    if case .leaderboard(let leaderboard) = kind, let show = leaderboard.show { [show.projection] } else { [] }
  }

  /// Whether its rows follow from the items that exist now; otherwise they count what happened, and only the whole log
  /// gives them.
  package var isOverItems: Bool {
    switch kind {
    case .collection: true
    case .aggregate(let aggregate): aggregate.isOverItems
    case .sessions, .history: false
    case .leaderboard(let leaderboard): leaderboard.isOverItems
    }
  }
}

/// A row for each item that exists now. SQL columns: the inputs in order, then `_item`, `_at`, `_order`, `_position`.
///
/// Inputs: the declared key, then the other columns. The row is stored under its declared key and the item's key (`_item`: the
/// item's key as bytes that the engine chooses), so two items with one declared key are two rows. An item of which a key column is
/// null has no row.
///
/// With `latestBy` the declared key alone names a row: that of the item for which this input is greatest, of equals the one with the greater
/// item key. The others count as soon as it goes. An item of which the input is null has no row.
package struct Collection: Sendable {
  package let sources: [Source]
  /// How many inputs, from the first on, are the declared key.
  package let keyCount: Int
  /// Whether the rows of an item stay as they are while its image cannot be taken; otherwise they go.
  package let keepsUnreadable: Bool
  /// How many inputs after the key are columns.
  package let columnCount: Int
  /// The input that says which of the items with one declared key has the row; nil when each has one.
  package let latestBy: Int?

  /// Each property by its name.
  package init(sources: [Source], keyCount: Int, keepsUnreadable: Bool, columnCount: Int, latestBy: Int?) {
    self.sources = sources
    self.keyCount = keyCount
    self.keepsUnreadable = keepsUnreadable
    self.columnCount = columnCount
    self.latestBy = latestBy
  }

  /// The table that its items are of; nil when they are of several.
  package var table: TableIndex? {
    sources.allSatisfy { $0.table == sources[0].table } ? sources[0].table : nil
  }
}

/// A row for each group, holding what merges in any order. SQL columns: the group, the columns, `_at`, `_order`,
/// `_position`.
///
/// Inputs: the group, then what the columns read. An image of which a group column is null contributes nothing. Over
/// items a group without items has no row.
package struct Aggregate: Sendable {
  package let isOverItems: Bool
  package let sources: [Source]
  /// How many inputs, from the first on, are the group.
  package let keyCount: Int
  package let columns: [AggregateColumn]

  /// Each property by its name.
  package init(isOverItems: Bool, sources: [Source], keyCount: Int, columns: [AggregateColumn]) {
    self.isOverItems = isOverItems
    self.sources = sources
    self.keyCount = keyCount
    self.columns = columns
  }
}

/// A column of an aggregate, of a leaderboard or of a session.
package struct AggregateColumn: Sendable {
  /// How a column's value is made of its contributions.
  package enum Function: String, Sendable {
    case count, sum, min, max, distinct, first, last
    /// The mean of the values, to 38 digits.
    case avg
    /// Sessions only: whole seconds, or milliseconds, from the first touch to the last.
    case duration
    case durationMilliseconds
    /// Sessions that are items only: the item's value as it is while the session is active, null when the item has none.
    case current

    /// Whether it may have a value that does not fit where it is shown.
    package var canMisfit: Bool { self == .sum || self == .avg }
  }

  package let name: String
  package let function: Function
  /// The type of the column: integer for count, distinct and durations, decimal for avg, else the input's.
  package let type: ValueType
  /// What it is computed of; nil for count and durations. A null input does not take part.
  package let input: Int?
  /// For `first` and `last`: the input they are ordered by, before the item's key in byte order; nil is the commit time.
  package let order: Int?

  /// Each property by its name.
  package init(name: String, function: Function, type: ValueType, input: Int?, order: Int?) {
    self.name = name
    self.function = function
    self.type = type
    self.input = input
    self.order = order
  }
}
