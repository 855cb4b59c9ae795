internal import CSV
internal import DynamoModel
internal import Foundation
internal import Gzip

/// The rows of a file to be imported, by its format.
struct ImportFile {
  enum Format: String, CaseIterable { case tsv, csv, json }

  let format: Format
  private let reader: LineReader
  private let bytes: Int

  init(path: String, format: Format?) throws {
    let plain = path.hasSuffix(".gz") ? String(path.dropLast(3)) : path
    let ending = plain.split(separator: ".").last.map(String.init) ?? ""
    guard let format = format ?? Format(rawValue: ending == "jsonl" || ending == "ndjson" ? "json" : ending) else {
      throw ImportError("the name of \(path) does not say its format: give --format tsv, csv or json")
    }
    self.format = format
    reader = try LineReader(path: path)
    bytes = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
  }

  /// The line that was read last, from 1; 0 before the first.
  var line: Int { reader.lines }

  /// How much of the file was read, from 0 to 1; 1 for one whose size is not known.
  var fractionRead: Double { bytes > 0 ? min(1, Double(reader.compressedBytesRead) / Double(bytes)) : 1 }

  /// The fields of the next row; nil at the end. A quoted CSV field may hold line ends.
  func fields() throws -> [String]? {
    if format == .tsv {
      guard let line = try reader.next() else { return nil }
      return line.split(separator: 9, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }
    return try CSVReader(reader).next()
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
