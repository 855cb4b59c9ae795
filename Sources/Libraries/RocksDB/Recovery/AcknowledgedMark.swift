internal import Glibc
internal import Synchronization

/// The number of the last change that was acknowledged, in the file `acknowledged` beside the database's own.
///
/// A file that was cut at the border of two records looks whole; this number shows that records are missing. It is written after the
/// write-ahead log was synced and is not synced itself: after a kill it is exact, after a power failure it may be an older one, never one
/// that the log does not have. One write of 16 bytes in place: the number, and what it must be equal to when it is inverted.
final class AcknowledgedMark: Sendable {
  static let fileName = "acknowledged"

  private let descriptor: Int32
  private let state: Mutex<UInt64>

  /// Opens or makes the file in `directory`. Without it (a disk that takes none) nothing is noted, and a start checks less.
  init(_ directory: String) {
    descriptor = Glibc.open(directory + "/" + AcknowledgedMark.fileName, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    state = Mutex(AcknowledgedMark.read(directory) ?? 0)
  }

  deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

  /// The number in the file of `directory`; nil when there is none, or it is damaged: then nothing is known.
  static func read(_ directory: String) -> UInt64? {
    let descriptor = Glibc.open(directory + "/" + fileName, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { Glibc.close(descriptor) }
    var numbers: (UInt64, UInt64) = (0, 0)
    guard pread(descriptor, &numbers, 16, 0) == 16, numbers.0 == ~numbers.1 else { return nil }
    return UInt64(littleEndian: numbers.0)
  }

  /// Notes that every change up to `number` is on disk. A failure leaves the number before, which is safe.
  func note(_ number: UInt64) {
    state.withLock { last in
      guard number > last, descriptor >= 0 else { return }
      var numbers = (number.littleEndian, ~number.littleEndian)
      if pwrite(descriptor, &numbers, 16, 0) == 16 { last = number }
    }
  }

  /// After a recovery that gave up what is lost: the number is `number` from now on.
  static func reset(_ directory: String, to number: UInt64) {
    unlink(directory + "/" + fileName)
    AcknowledgedMark(directory).note(number)
  }
}
