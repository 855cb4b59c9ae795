import DynamoModel
import Foundation
import Testing

@testable import afterimage

@Suite struct ImportFileTests {
  func rows(_ text: String, name: String = "rows.csv", format: ImportFile.Format? = nil) throws -> [[String]] {
    try rows(bytes: Array(text.utf8), name: name, format: format)
  }

  func rows(bytes: [UInt8], name: String = "rows.csv", format: ImportFile.Format? = nil) throws -> [[String]] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "afterimage-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: name)
    try Data(bytes).write(to: path)
    let file = try ImportFile(path: path.path, format: format)
    var all: [[String]] = []
    while let row = try file.fields() { all.append(row) }
    return all
  }

  @Test func `fields of CSV, quoted ones with commas, quotes and line ends`() throws {
    #expect(try rows("a,b,c\n1,,3\n") == [["a", "b", "c"], ["1", "", "3"]])
    #expect(try rows("\"x, y\",\"he said \"\"hi\"\"\"\n") == [["x, y", "he said \"hi\""]])
    #expect(try rows("\"two\nlines\",b\nc,d\n") == [["two\nlines", "b"], ["c", "d"]])
    #expect(try rows("a,b\r\nc,d\r\n") == [["a", "b"], ["c", "d"]])
    #expect(try rows("a,b") == [["a", "b"]])
    #expect(try rows("").isEmpty)
  }

  @Test func `a byte order mark is skipped, and text that is not UTF-8 is refused with its place`() throws {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    #expect(try rows(bytes: mark + Array("id,note\n1,é\n".utf8)) == [["id", "note"], ["1", "é"]])
    #expect(try rows(bytes: mark).map { $0 } == [[""]] || rows(bytes: mark).isEmpty)
    // Only at the start is it a mark.
    #expect(try rows("a\n\u{FEFF}b\n") == [["a"], ["\u{FEFF}b"]])
    for format in [ImportFile.Format.csv, .tsv] {
      #expect { try rows(bytes: Array("a\né b".utf8) + [0xE9] + Array("\n".utf8), format: format) } throws: {
        "\($0)" == "line 2, column 4: the text is not UTF-8: save the file as UTF-8"
      }
    }
    for (bytes, name) in [
      ([0xFF, 0xFE, 0x61, 0, 10, 0], "UTF-16"), ([0xFE, 0xFF, 0, 0x61, 0, 10], "UTF-16"), ([0x61, 0, 0x62, 0, 10, 0], "UTF-16"),
      ([0, 0x61, 0, 0x62, 0, 10], "UTF-16"), ([0xFF, 0xFE, 0, 0, 0x61, 0, 0, 0, 10], "UTF-32"),
      ([0, 0, 0xFE, 0xFF, 0, 0, 0, 0x61], "UTF-32"),
    ] as [([UInt8], String)] {
      #expect { try rows(bytes: bytes) } throws: { "\($0)" == "line 1: the file is \(name): save it as UTF-8" }
    }
    #expect(try rows(bytes: [0x61, 0, 10]) == [["a\0"]], "a zero is a character")
  }

  @Test func `a quote that does not end names its line`() {
    #expect { try rows("a\n\"b\nc\n") } throws: { "\($0)".hasPrefix("line 3: a quoted field does not end") }
  }

  @Test func `a quote within a TSV field is a character`() throws {
    #expect(try rows("a\t\"b\tc\n", name: "rows.tsv") == [["a", "\"b", "c"]])
  }

  @Test func `the format follows from the name, or else is asked for`() throws {
    #expect(try rows("a\tb\n", name: "rows.data", format: .tsv) == [["a", "b"]])
    #expect { try rows("a", name: "rows.data") } throws: { "\($0)".contains("give --format tsv, csv or json") }
  }

  @Test func `a file that is not there is named`() {
    #expect { try ImportFile(path: "/nowhere/rows.csv", format: nil) } throws: {
      "\($0)".hasPrefix("/nowhere/rows.csv cannot be opened")
    }
  }
}
