internal import CZlib
internal import Glibc

/// Writes a gzip file piece by piece.
///
/// Not `Sendable`: one thread at a time.
package final class GzipFileWriter {
  private var file: gzFile?
  private let path: String

  package init(path: String) throws(GzipFileError) {
    guard let file = gzopen(path, "wb1") else {
      throw GzipFileError("\(path) cannot be written: \(String(cString: strerror(errno)))")
    }
    self.file = file
    self.path = path
    gzbuffer(file, 1 << 18)
  }

  deinit { if let file { gzclose(file) } }

  package func write(_ bytes: [UInt8]) throws(GzipFileError) {
    guard !bytes.isEmpty else { return }
    guard let file, gzwrite(file, bytes, UInt32(bytes.count)) == Int32(bytes.count) else { throw failure() }
  }

  /// Writes what is left and ends the file. Nothing may be written afterwards.
  package func close() throws(GzipFileError) {
    guard let file else { return }
    self.file = nil
    guard gzclose(file) == Z_OK else { throw failure() }
  }

  private func failure() -> GzipFileError { GzipFileError("\(path) cannot be written: \(String(cString: strerror(errno)))") }
}

/// Why a file cannot be written.
package struct GzipFileError: Error, Sendable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}
