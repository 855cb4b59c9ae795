package import ChangeRecords
package import DynamoModel

/// One row of an import, made ready on any thread so that the committer has little left to do.
package struct ImportRow: Sendable {
  let item: Item
  let key: Item
  let itemKey: [UInt8]
  let hash: UInt64
  /// The item in its stored form.
  let bytes: [UInt8]
  /// As given.
  let time: LogTime?
  let fingerprint: ImportFingerprint
}

/// Some rows of an import, which come after those of the batches with lower numbers.
package struct ImportBatch: Sendable {
  /// The table that the rows were made ready for.
  let table: StoredTable
  package let name: String
  package let number: Int
  /// Whether a time before its predecessor, or before the table's clock, is lifted to that instead of being refused.
  let liftsTimes: Bool
  /// Rows of the import before these, as the client counts them; nil when it does not say.
  let rowsBefore: Int?
  let rows: [ImportRow]

  /// `name`: of the import, 1 to `ImportBatch.nameBytesMax` bytes. `number`: 1, 2, 3, ... At least one row.
  package init(table: TableHandle, name: String, number: Int, rowsBefore: Int? = nil, liftsTimes: Bool = false, rows: [ImportRow])
  {
    self.table = table.stored
    self.name = name
    self.number = number
    self.rowsBefore = rowsBefore
    self.liftsTimes = liftsTimes
    self.rows = rows
  }

  package static let nameBytesMax = 255
}

/// What became of a batch that is applied, now or before.
package struct ImportOutcome: Sendable {
  package let progress: ImportProgress
  /// Of each partition in which the batch left records, the last; none when it was applied before.
  package let positions: [Position]
}

extension TableHandle {
  /// A row ready to be applied. Throws what a put of the item would be refused with; the keys of indexes are checked when the row is applied.
  package func importRow(_ item: Item, at time: LogTime?) throws(DynamoError) -> ImportRow {
    let key = try key(ofPut: item)
    guard item.size <= TableHandle.itemBytesMax else { throw .itemTooLarge }
    let (itemKey, hash) = stored.itemKey(key)
    let bytes = item.binary
    return ImportRow(
      item: item, key: key, itemKey: itemKey, hash: hash, bytes: bytes, time: time, fingerprint: .row(bytes, at: time))
  }
}

extension DynamoError {
  /// A batch that came before its predecessor; `applied` is the last that is.
  package static func importOutOfStep(_ batch: ImportBatch, _ table: TableHandle, applied: Int) -> DynamoError {
    DynamoError(
      .importOutOfStep,
      "Import \(batch.name) of table \(table.definition.name) stands at batch \(applied): batch \(batch.number) cannot be applied before "
        + "batch \(applied + 1)")
  }

  static func importMismatch(_ batch: ImportBatch) -> DynamoError {
    DynamoError(
      .importMismatch,
      "Import \(batch.name) of table \(batch.table.definition.name) was given other rows under, or before, batch \(batch.number): give these an "
        + "import of another name, or let that one be forgotten")
  }
}
