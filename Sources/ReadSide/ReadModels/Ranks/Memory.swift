internal import Glibc

/// Zeroed memory that is given back to the machine when it is freed.
///
/// Large pieces are mapped: nothing of them is kept by the allocator, and what was never written takes no memory. Those of 2
/// MB and more begin where a large page may begin, which spares a random read most of its page walk.
enum Memory {
  private static let mappedMin = 1 << 18
  private static let largePage = 1 << 21
  private static let page = 4096

  /// Aligned to 64 bytes.
  static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
    guard bytes >= mappedMin else {
      var memory: UnsafeMutableRawPointer?
      guard posix_memalign(&memory, 64, bytes) == 0, let memory else { preconditionFailure("no memory for \(bytes) bytes") }
      memset(memory, 0, bytes)
      return memory
    }
    let size = mappedSize(bytes)
    let spare = size >= largePage ? largePage : 0
    guard let mapped = mmap(nil, size + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), mapped != MAP_FAILED
    else { preconditionFailure("no memory for \(bytes) bytes") }
    guard spare > 0 else { return mapped }
    let before = (largePage - Int(bitPattern: mapped) % largePage) % largePage
    if before > 0 { munmap(mapped, before) }
    if before < spare { munmap(mapped + before + size, spare - before) }
    madvise(mapped + before, size, MADV_HUGEPAGE)
    return mapped + before
  }

  /// `bytes` as they were allocated.
  static func deallocate(_ memory: UnsafeMutableRawPointer, _ bytes: Int) {
    if bytes < mappedMin { free(memory) } else { munmap(memory, mappedSize(bytes)) }
  }

  private static func mappedSize(_ bytes: Int) -> Int { (bytes + page - 1) / page * page }
}
