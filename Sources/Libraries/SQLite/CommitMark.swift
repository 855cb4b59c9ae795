internal import Synchronization

/// What tells whether anything was committed to a database file in WAL mode, without asking SQLite: the header of the write-ahead log's index,
/// which lies in memory that all connections to the file share.
///
/// SQLite's documentation gives its place and size (walformat.html, "WAL-Index Header"): 48 bytes at the beginning, and the same 48 bytes again.
/// Whoever commits writes the second, then the first, before the commit returns. They hold a counter of the transactions, the log's last frame and
/// its checksum, so two headers are equal only when what they stand for is.
package struct CommitMark: Equatable, Sendable {
  private static let words = 6
  fileprivate static let framesPlace = 16
  fileprivate static let movedPlace = 96

  private let header: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

  /// Nil while somebody writes the header.
  fileprivate init?(_ index: UnsafeRawPointer) {
    let first = CommitMark.read(index)
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    let second = CommitMark.read(index + CommitMark.words * MemoryLayout<UInt64>.size)
    guard first == second else { return nil }
    header = first
  }

  private static func read(_ place: UnsafeRawPointer) -> (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) {
    let words = place.assumingMemoryBound(to: UInt64.self)
    return (words[0], words[1], words[2], words[3], words[4], words[5])
  }

  package static func == (left: CommitMark, right: CommitMark) -> Bool { left.header == right.header }
}

extension Connection {
  /// The file's mark at this moment. A mark that was taken before a transaction began and equals one that is taken now: nothing was committed since.
  /// A commit that has returned, in whatever process, is in the mark. Nil when there is none: until the connection has read something, for a file
  /// that is not in WAL mode, and while somebody commits. No system call, no lock of the file.
  package var commitMark: CommitMark? {
    guard let file = database.flatMap({ CheckedFile.of($0) }), let index = file.pointee.logIndex else { return nil }
    return CommitMark(index)
  }

  /// How many pages the write-ahead log has, and how many of them are in the file already (the same index's "mxFrame" and "nBackfill"), as of now. Nil
  /// for a file without a mark.
  package var logPages: (all: Int, moved: Int)? {
    guard let index = database.flatMap({ CheckedFile.of($0) })?.pointee.logIndex else { return nil }
    func number(_ place: Int) -> Int { Int(index.load(fromByteOffset: place, as: UInt32.self)) }
    return (number(CommitMark.framesPlace), number(CommitMark.movedPlace))
  }
}
