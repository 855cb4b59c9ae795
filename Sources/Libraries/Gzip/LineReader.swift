internal import CZlib
internal import Glibc

/// The lines of a text file, gzip or plain, one after another with bounded memory. The text is UTF-8, with or without a byte order mark, which is
/// skipped; anything else is refused with its place.
///
/// Not `Sendable`: one thread at a time.
package final class LineReader {
  package static let lineBytesMax = 16 << 20

  private let file: gzFile
  private var buffer = [UInt8](repeating: 0, count: 1 << 18)
  private var start = 0
  private var end = 0
  private var isAtEnd = false
  /// Lines given so far.
  package private(set) var lines = 0
  /// Bytes of the file as it lies on disk that were read, for progress.
  package var compressedBytesRead: Int { Int(gzoffset(file)) }

  package init(path: String) throws(LineReaderError) {
    guard let file = gzopen(path, "rb") else {
      throw LineReaderError("\(path) cannot be opened: \(String(cString: strerror(errno)))")
    }
    self.file = file
    gzbuffer(file, 1 << 18)
  }

  deinit { gzclose(file) }

  /// The next line without its end (LF or CRLF); nil after the last.
  package func next() throws(LineReaderError) -> [UInt8]? {
    var line: [UInt8] = []
    while true {
      if start == end {
        if isAtEnd { return line.isEmpty ? nil : try finished(line) }
        try fill()
        continue
      }
      if let newline = buffer[start..<end].firstIndex(of: 10) {
        line.append(contentsOf: buffer[start..<newline])
        start = newline + 1
        return try finished(line)
      }
      line.append(contentsOf: buffer[start..<end])
      start = end
      guard line.count <= LineReader.lineBytesMax else {
        throw LineReaderError("line \(lines + 1) is longer than \(LineReader.lineBytesMax) bytes")
      }
    }
  }

  private func finished(_ bytes: [UInt8]) throws(LineReaderError) -> [UInt8] {
    lines += 1
    var line = bytes
    if line.last == 13 { line.removeLast() }
    if lines == 1 {
      if let name = LineReader.wideEncoding(bytes) { throw LineReaderError("line 1: the file is \(name): save it as UTF-8") }
      if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
    }
    if let column = LineReader.columnNotUTF8(line) {
      throw LineReaderError("line \(lines), column \(column): the text is not UTF-8: save the file as UTF-8")
    }
    return line
  }

  /// UTF-16 or UTF-32, by the mark at the start or, for UTF-16 without one, by every other byte of some being zero, as text of Latin letters has
  /// it; nil for anything else.
  private static func wideEncoding(_ line: [UInt8]) -> String? {
    if line.starts(with: [0xFF, 0xFE, 0, 0]) || line.starts(with: [0, 0, 0xFE, 0xFF]) { return "UTF-32" }
    if line.starts(with: [0xFF, 0xFE]) || line.starts(with: [0xFE, 0xFF]) { return "UTF-16" }
    let pairs = min(line.count / 2, 32)
    guard pairs >= 2 else { return nil }
    let isWide = (0...1).contains { zero in (0..<pairs).allSatisfy { line[$0 * 2 + zero] == 0 && line[$0 * 2 + 1 - zero] != 0 } }
    return isWide ? "UTF-16" : nil
  }

  /// The first character that is not UTF-8, counted from 1; nil when all are.
  private static func columnNotUTF8(_ line: [UInt8]) -> Int? {
    if line.allSatisfy({ $0 < 0x80 }) || String(validating: line, as: UTF8.self) != nil { return nil }
    var decoder = UTF8()
    var bytes = line.makeIterator()
    var column = 1
    while case .scalarValue = decoder.decode(&bytes) { column += 1 }
    return column
  }

  private func fill() throws(LineReaderError) {
    let count = gzread(file, &buffer, UInt32(buffer.count))
    guard count >= 0 else {
      var code: Int32 = 0
      let reason = gzerror(file, &code).map { String(cString: $0) } ?? "unknown"
      throw LineReaderError("after line \(lines): the file cannot be read: \(reason)")
    }
    start = 0
    end = Int(count)
    isAtEnd = count == 0
  }
}

/// Why a file of lines cannot be read.
package struct LineReaderError: Error, Sendable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
