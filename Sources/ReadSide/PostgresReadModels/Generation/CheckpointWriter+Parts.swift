internal import Pipelines

/// Statements of a bounded size: the server takes no parameter of a gigabyte, and keeps each several times while it works on it. What is small, as it
/// mostly is, is one part however many rows there are.
extension CheckpointWriter {
  /// Bytes of one statement's texts and blobs, of what one part holds at most unless a single row holds more.
  static let statementBytesMax = 32 << 20

  /// Cuts rows into parts by the bytes of each, in order.
  func parts<Row>(_ rows: [Row], bytes: (Row) -> Int) -> [ArraySlice<Row>] {
    var parts: [ArraySlice<Row>] = []
    var (start, sum) = (0, 0)
    for index in rows.indices {
      let next = bytes(rows[index])
      if index > start, sum + next > statementBytesMax {
        parts.append(rows[start..<index])
        (start, sum) = (index, 0)
      }
      sum += next
    }
    if start < rows.count { parts.append(rows[start...]) }
    return parts
  }

  /// What a row's values take, roughly.
  static func bytes(_ values: [Value]) -> Int {
    values.reduce(0) { sum, value in
      switch value {
      case .string(let text), .json(let text): sum + text.utf8.count + 8
      case .bytes(let bytes): sum + bytes.count + 8
      case .null, .boolean, .integer, .decimal, .timestamp: sum + 16
      }
    }
  }
}
