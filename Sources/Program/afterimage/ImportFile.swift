internal import DynamoModel
internal import Gzip

/// The rows of a file to be imported, by its format.
struct ImportFile {
  enum Format: String, CaseIterable { case tsv, csv, json }

  let format: Format
  let reader: LineReader

  init(path: String, format: Format?) throws {
    let plain = path.hasSuffix(".gz") ? String(path.dropLast(3)) : path
    let ending = plain.split(separator: ".").last.map(String.init) ?? ""
    guard let format = format ?? Format(rawValue: ending == "jsonl" || ending == "ndjson" ? "json" : ending) else {
      throw ImportError("the format of \(path) is not told by its name: give --format tsv, csv or json")
    }
    self.format = format
    reader = try LineReader(path: path)
  }

  /// The fields of the next row; nil at the end. A quoted CSV field may hold line ends.
  func fields() throws -> [String]? {
    guard let line = try reader.next() else { return nil }
    if format == .tsv {
      return line.split(separator: 9, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }
    var text = line
    while text.count(where: { $0 == UInt8(ascii: "\"") }) % 2 == 1 {
      guard let more = try reader.next() else { throw ImportError("line \(reader.lines): a quoted field does not end") }
      text += [10] + more
    }
    return ImportFile.csv(text)
  }

  static func csv(_ bytes: [UInt8]) -> [String] {
    var fields: [String] = []
    var field: [UInt8] = []
    var isQuoted = false
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if isQuoted {
        if byte == UInt8(ascii: "\"") {
          if index + 1 < bytes.count, bytes[index + 1] == byte {
            field.append(byte)
            index += 1
          } else {
            isQuoted = false
          }
        } else {
          field.append(byte)
        }
      } else if byte == UInt8(ascii: "\""), field.isEmpty {
        isQuoted = true
      } else if byte == UInt8(ascii: ",") {
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

  /// The next item of a file of DynamoDB JSON lines, with or without `{"Item": ...}` around it; nil at the end.
  func item() throws -> Item? {
    while let line = try reader.next() {
      if line.allSatisfy({ $0 == 32 || $0 == 9 }) { continue }
      do {
        let tape = try JSONTape(line)
        return try Item(json: tape, tape.member(tape.root, "Item") ?? tape.root)
      } catch let error as DynamoError {
        throw ImportError("line \(reader.lines): \(error.message)")
      } catch {
        throw ImportError("line \(reader.lines): \(error)")
      }
    }
    return nil
  }
}
