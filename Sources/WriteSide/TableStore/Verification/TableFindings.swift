package import DynamoModel

/// What `TableStore.verify` looked at, and what does not agree.
package struct TableFindings: Sendable {
  /// What two parts of the store disagree about.
  package enum Kind: String, Sendable {
    case itemDamaged = "ItemDamaged"
    /// An item that belongs into an index has no entry there.
    case indexEntryMissing = "IndexEntryMissing"
    /// An entry without its item, of another item, or of an index that does not exist.
    case indexEntryStale = "IndexEntryStale"
    case timeToLiveEntryMissing = "TimeToLiveEntryMissing"
    case timeToLiveEntryStale = "TimeToLiveEntryStale"
    /// A sequence number is missing, or stands where none should be.
    case logGap = "LogGap"
    case recordDamaged = "RecordDamaged"
    /// A record does not follow from the one before it: its old image, its kind, its time, its partition.
    case recordOutOfLine = "RecordOutOfLine"
    /// The log, folded, gives another item than the one that is there.
    case itemDiffersFromLog = "ItemDiffersFromLog"
    case itemWithoutRecord = "ItemWithoutRecord"
    /// The log, folded, gives an item that is not there.
    case itemMissing = "ItemMissing"
    case countDiffers = "CountDiffers"
  }

  /// One disagreement.
  package struct Difference: Sendable {
    package let kind: Kind
    /// The item's key; nil when it is not about one item, or the item is not known.
    package let key: Item?
    package let index: String?
    package let text: String
  }

  /// So many differences are named; all are counted.
  package static let differencesMax = 20

  package internal(set) var items = 0
  package internal(set) var indexEntries = 0
  package internal(set) var timeToLiveEntries = 0
  package internal(set) var records = 0
  /// True when the beginning of the log was trimmed: what came before its first record is then taken as it is.
  package internal(set) var isTrimmed = false
  /// Indexes that are being filled: entries that are not there yet are not a difference.
  package internal(set) var filling: [String] = []
  package private(set) var differences: [Difference] = []
  package private(set) var differenceCount = 0

  mutating func add(_ kind: Kind, key: Item? = nil, index: String? = nil, _ text: String) {
    differenceCount += 1
    guard differences.count < TableFindings.differencesMax else { return }
    differences.append(Difference(kind: kind, key: key, index: index, text: text))
  }
}
