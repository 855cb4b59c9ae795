internal import ChangeRecords
internal import DynamoModel

/// A request of ImportItems while rows are added to it.
struct ImportBatch: Sendable {
  /// A row is not added to a batch that has so many bytes: with the largest row, whose item has 400 KB and some times that as JSON, it stays well
  /// below the 16 MB of a request. Smaller ones are slower for their syncs, larger ones keep other writers waiting for longer.
  static let bytesMax = 1 << 20

  let number: Int
  private let start: [UInt8]
  private var writer: JSONWriter
  /// Where each row ends in what is written.
  private var ends: [Int] = []
  /// The line of each row.
  private var lines: [Int] = []

  /// `rowsBefore`: of the import.
  init(_ server: ImportServer, tableID: String, number: Int, rowsBefore: Int, liftsTimes: Bool) {
    self.number = number
    writer = JSONWriter(capacity: ImportBatch.bytesMax + ImportBatch.bytesMax / 8)
    writer.beginObject()
    writer.member("TableName", server.table)
    writer.member("TableId", tableID)
    writer.member("Import", server.name)
    writer.member("Batch", number)
    writer.member("RowsBefore", rowsBefore)
    if liftsTimes { writer.member("Lift", true) }
    writer.name("Rows")
    writer.beginArray()
    start = writer.bytes
  }

  var rows: Int { lines.count }
  var isFull: Bool { writer.bytes.count >= ImportBatch.bytesMax }

  mutating func add(_ row: ImportRow) {
    writer.beginObject()
    if let time = row.time { writer.member("Time", time.rawValue) }
    writer.name("Item")
    writer.item(row.item)
    writer.endObject()
    ends.append(writer.bytes.count)
    lines.append(row.line)
  }

  /// The whole request.
  var body: [UInt8] { writer.bytes + Array("]}".utf8) }

  func line(of row: Int) -> Int? { lines.indices.contains(row) ? lines[row] : nil }

  /// The same batch with the rows before one of its rows.
  func cut(before row: Int) -> ImportBatch {
    var part = self
    part.writer = JSONWriter(continuing: Array(writer.bytes[..<(row == 0 ? start.count : ends[row - 1])]))
    part.ends = Array(ends[..<row])
    part.lines = Array(lines[..<row])
    return part
  }
}
