package import Gzip

/// The rows of a file of fields with a delimiter between them (RFC 4180: a field in quotes may hold delimiters, line ends, and
/// doubled quotes), plain or gzip.
///
/// Not `Sendable`: one thread at a time.
package final class CSVReader {
  private let reader: LineReader
  private let delimiter: UInt8

  /// Lines read so far.
  package var lines: Int { reader.lines }

  package init(_ reader: LineReader, delimiter: UInt8 = UInt8(ascii: ",")) {
    self.reader = reader
    self.delimiter = delimiter
  }

  /// The fields of the next row; nil at the end.
  package func next() throws(LineReaderError) -> [String]? {
    guard let line = try reader.next() else { return nil }
    var text = line
    while text.count(where: { $0 == UInt8(ascii: "\"") }) % 2 == 1 {
      guard let more = try reader.next() else { throw LineReaderError("line \(reader.lines): a quoted field does not end") }
      text += [10] + more
    }
    return CSVReader.fields(text, delimiter: delimiter)
  }

  /// The fields of one row, given without its line end; never none: an empty row has one empty field. A quote that does not end takes
  /// the rest.
  package static func fields(_ bytes: [UInt8], delimiter: UInt8 = UInt8(ascii: ",")) -> [String] {
    var fields: [String] = []
    var field: [UInt8] = []
    var isQuoted = false
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if isQuoted {
        if byte != UInt8(ascii: "\"") {
          field.append(byte)
        } else if index + 1 < bytes.count, bytes[index + 1] == byte {
          field.append(byte)
          index += 1
        } else {
          isQuoted = false
        }
      } else if byte == UInt8(ascii: "\""), field.isEmpty {
        isQuoted = true
      } else if byte == delimiter {
        fields.append(String(decoding: field, as: UTF8.self))
        field = []
      } else {
        field.append(byte)
      }
      index += 1
    }
    fields.append(String(decoding: field, as: UTF8.self))
    return fields
  }
}
