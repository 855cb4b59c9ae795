internal import ChangeRecords
internal import DynamoModel

/// A row of a file, as it goes into the table.
struct ImportRow {
  let item: Item
  let time: LogTime?
  /// Where it begins in the file, from 1.
  let line: Int

  var fingerprint: ImportFingerprint { .row(item.binary, at: time) }
}

/// The rows of a file, in its order, made into items.
struct ImportRows {
  /// DynamoDB's limit. What is larger might not fit into a request either.
  static let itemBytesMax = 400 << 10

  let file: ImportFile
  /// Nil for a file of items.
  var mapping: ImportMapping?
  /// Fields that a row must have.
  var columns = 0
  /// The column with each row's time.
  var history: Int?
  var times = ImportTimes()

  init(_ file: ImportFile) { self.file = file }

  /// The next row; nil at the file's end. Blank lines are passed over. An error names the line.
  mutating func next() throws -> ImportRow? {
    guard let row = try read() else { return nil }
    let size = row.item.size
    guard size <= ImportRows.itemBytesMax else {
      throw ImportError("line \(row.line): the item has \(size) bytes, and \(ImportRows.itemBytesMax) are the most")
    }
    return row
  }

  private mutating func read() throws -> ImportRow? {
    guard let mapping else {
      return try file.item().map { ImportRow(item: $0, time: nil, line: file.line) }
    }
    while true {
      let line = file.line + 1
      guard let fields = try file.fields() else { return nil }
      if fields.count == 1, fields[0].isEmpty { continue }
      guard fields.count == columns else {
        throw ImportError("line \(line): \(fields.count) fields, and \(columns) columns are named")
      }
      do throws(ImportError) {
        var time: LogTime?
        if let history { time = LogTime(rawValue: try times.milliseconds(fields[history])) }
        return ImportRow(item: try mapping.item(fields, line: line), time: time, line: line)
      } catch {
        throw ImportError("line \(line): \(error)")
      }
    }
  }
}
