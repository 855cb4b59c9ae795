internal import Glibc

/// The disk of a directory.
struct DiskSpace: Sendable {
  let path: String

  /// Its size, and what a process without privileges may still write, in bytes; nil when the system does not say.
  func now() -> (free: UInt64, size: UInt64)? {
    var found = statvfs()
    guard statvfs(path, &found) == 0 else { return nil }
    let block = UInt64(found.f_frsize)
    return (UInt64(found.f_bavail) * block, UInt64(found.f_blocks) * block)
  }
}
