internal import ChangeRecords
internal import DynamoModel

/// The request of an ImportItems, read off its bytes in one pass. What that pass does not know how to read the tape reads, which also names what is wrong.
struct ImportRequest {
  var table: String?
  var tableID: String?
  var name: String?
  var number: Int?
  var rowsBefore: Int?
  var lifts = false
  var forgets = false
  var rows: [Row]?

  struct Row {
    var item: Item
    /// Milliseconds since 1970; nil when the row brings none.
    var time: Int64?
  }

  init(_ bytes: [UInt8]) throws(DynamoError) {
    if let fast = bytes.withUnsafeBytes({ ImportRequest.scan($0) }) {
      self = fast
    } else {
      try self.init(RequestBody(bytes))
    }
    table = table.map(RequestBody.tableName)
  }

  private init() {}

  // MARK: One pass

  private static func scan(_ bytes: UnsafeRawBufferPointer) -> ImportRequest? {
    var cursor = JSONCursor(bytes)
    var request = ImportRequest()
    guard cursor.take(UInt8(ascii: "{")) else { return nil }
    if !cursor.take(UInt8(ascii: "}")) {
      repeat {
        guard let name = cursor.name(), request.take(name, &cursor) else { return nil }
      } while cursor.take(UInt8(ascii: ","))
      guard cursor.take(UInt8(ascii: "}")) else { return nil }
    }
    return cursor.isAtEnd() ? request : nil
  }

  /// Reads the value of a member; false for what is not as usual. A member given twice, or null, is left to the tape.
  private mutating func take(_ name: JSONCursor.Piece, _ cursor: inout JSONCursor) -> Bool {
    if cursor.holds(name, "TableName") { return ImportRequest.take(&table, &cursor) }
    if cursor.holds(name, "TableId") { return ImportRequest.take(&tableID, &cursor) }
    if cursor.holds(name, "Import") { return ImportRequest.take(&self.name, &cursor) }
    if cursor.holds(name, "Batch") { return ImportRequest.take(&number, &cursor) }
    if cursor.holds(name, "RowsBefore") { return ImportRequest.take(&rowsBefore, &cursor) }
    if cursor.holds(name, "Lift") {
      _ = cursor.peek()
      lifts = cursor.take(text: "true")
      return lifts || cursor.take(text: "false")
    }
    guard cursor.holds(name, "Rows"), rows == nil, cursor.take(UInt8(ascii: "[")) else { return false }
    var found: [Row] = []
    if !cursor.take(UInt8(ascii: "]")) {
      repeat {
        guard let row = ImportRequest.row(&cursor) else { return false }
        found.append(row)
      } while cursor.take(UInt8(ascii: ","))
      guard cursor.take(UInt8(ascii: "]")) else { return false }
    }
    rows = found
    return true
  }

  private static func take(_ text: inout String?, _ cursor: inout JSONCursor) -> Bool {
    guard text == nil, let piece = cursor.string(), piece.isPlain else { return false }
    text = String(decoding: cursor.text(piece), as: UTF8.self)
    return true
  }

  private static func take(_ number: inout Int?, _ cursor: inout JSONCursor) -> Bool {
    guard number == nil, let value = cursor.integer() else { return false }
    number = Int(value)
    return true
  }

  private static func row(_ cursor: inout JSONCursor) -> Row? {
    guard cursor.take(UInt8(ascii: "{")) else { return nil }
    var time: Int64?
    var item: Item?
    repeat {
      guard let name = cursor.name() else { return nil }
      if cursor.holds(name, "Item"), item == nil {
        item = cursor.item(only: nil, depth: 0)
        if item == nil { return nil }
      } else if cursor.holds(name, "Time"), time == nil {
        time = cursor.integer()
        if time == nil { return nil }
      } else {
        return nil
      }
    } while cursor.take(UInt8(ascii: ","))
    guard let item, cursor.take(UInt8(ascii: "}")) else { return nil }
    return Row(item: item, time: time)
  }

  // MARK: The tape

  private init(_ body: RequestBody) throws(DynamoError) {
    table = try body.string("TableName")
    tableID = try body.string("TableId")
    name = try body.string("Import")
    number = try body.long("Batch")
    rowsBefore = try body.long("RowsBefore")
    lifts = try body.bool("Lift") ?? false
    forgets = try body.bool("Forget") ?? false
    guard let elements = try body.objects("Rows") else { return }
    var found: [Row] = []
    for (place, element) in elements.enumerated() {
      do throws(DynamoError) {
        guard let item = try element.item("Item") else { throw .validation("Row without Item") }
        found.append(Row(item: item, time: try ImportRequest.time(element)))
      } catch {
        throw error.ofRow(place)
      }
    }
    rows = found
  }

  private static func time(_ row: RequestBody) throws(DynamoError) -> Int64? {
    guard let node = row.member("Time") else { return nil }
    guard row.tape.kind(node) == .number else { throw .unexpectedJSON(row.tape, node, wanted: .long) }
    guard let time = Int64(row.tape.text(node)) else {
      throw .validation("Time is milliseconds since 1970, a whole number: \(row.tape.text(node))")
    }
    return time
  }
}
