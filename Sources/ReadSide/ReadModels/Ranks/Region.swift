internal import Glibc

/// One piece of memory for values of one fixed size, by index: no reference counts, no checks of bounds, so whoever uses it knows what
/// it has reserved. Grows by half; what was reserved and never written takes no memory of the machine.
struct Region<Element: BitwiseCopyable>: ~Copyable {
  private(set) var base: UnsafeMutablePointer<Element>
  private(set) var capacity: Int

  init(capacity: Int) {
    self.capacity = max(1, capacity)
    base = Region.memory(nil, self.capacity)
  }

  deinit { free(base) }

  /// Room for this many values, keeping what there is.
  mutating func reserve(_ count: Int) {
    guard count > capacity else { return }
    capacity = max(count, capacity + capacity / 2)
    base = Region.memory(base, capacity)
  }

  private static func memory(_ old: UnsafeMutablePointer<Element>?, _ capacity: Int) -> UnsafeMutablePointer<Element> {
    guard let memory = realloc(old, capacity * MemoryLayout<Element>.stride) else {
      preconditionFailure("no memory for \(capacity) values of \(MemoryLayout<Element>.stride) bytes")
    }
    return memory.assumingMemoryBound(to: Element.self)
  }

  subscript(index: Int) -> Element {
    @inline(__always) get { base[index] }
    @inline(__always) nonmutating set { base[index] = newValue }
  }

  subscript(index: Int32) -> Element {
    @inline(__always) get { base[Int(index)] }
    @inline(__always) nonmutating set { base[Int(index)] = newValue }
  }

  /// The first values in place; not to be used once the region has grown or is gone.
  func buffer(_ count: Int) -> UnsafeMutableBufferPointer<Element> { UnsafeMutableBufferPointer(start: base, count: count) }

  /// Moves values within the region; the places may overlap.
  func move(_ from: Int, to: Int, count: Int) {
    if count > 0 { memmove(base + to, base + from, count * MemoryLayout<Element>.stride) }
  }
}
