internal import Foundation
internal import Glibc

/// Where wall and boot time are read; tests bring their own.
package protocol TimeSource: Sendable {
  /// Milliseconds since 1970.
  func wall() -> Int64
  /// Milliseconds since boot, sleep included; never set by anybody.
  func boot() -> Int64
  /// Names the machine's run since it was booted: what was written since then is in its page cache, on disk or not. Nil when unknown.
  func bootName() -> String?
}

/// The machine's clocks.
package struct SystemTime: TimeSource {
  package init() {}

  package func wall() -> Int64 { SystemTime.milliseconds(CLOCK_REALTIME) }
  package func boot() -> Int64 { SystemTime.milliseconds(CLOCK_BOOTTIME) }

  package func bootName() -> String? {
    guard let file = FileHandle(forReadingAtPath: "/proc/sys/kernel/random/boot_id"), let data = try? file.readToEnd() else {
      return nil
    }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func milliseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}

extension TimeSource {
  /// Unknown: a start then goes on from what was synced.
  package func bootName() -> String? { nil }
}
