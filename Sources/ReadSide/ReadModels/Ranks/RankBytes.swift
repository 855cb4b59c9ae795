internal import DynamoModel
internal import Glibc
internal import Pipelines

/// Bytes that are written again and again in one piece of memory.
struct RankBytes: ~Copyable {
  private var base: UnsafeMutableRawPointer
  private var capacity = 256
  private(set) var count = 0
  /// Where numbers write their ordered form.
  private var digits: [UInt8] = []

  init() { base = .allocate(byteCount: 256, alignment: 16) }

  deinit { base.deallocate() }

  /// Not to be used once more is written.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  mutating func clear() { count = 0 }

  @inline(__always)
  private mutating func reserve(_ more: Int) {
    if count + more > capacity { grow(more) }
  }

  @inline(never)
  private mutating func grow(_ more: Int) {
    let wider = UnsafeMutableRawPointer.allocate(byteCount: max(capacity * 2, count + more), alignment: 16)
    memcpy(wider, base, count)
    base.deallocate()
    base = wider
    capacity = max(capacity * 2, count + more)
  }

  mutating func append(_ byte: UInt8) {
    reserve(1)
    base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    reserve(bytes.count)
    memcpy(base + count, start, bytes.count)
    count += bytes.count
  }

  /// A byte, and after it the low bytes of a number, the highest first; at most 8.
  mutating func append(_ first: UInt8, _ number: UInt64, bytes: Int) {
    reserve(9)
    base.storeBytes(of: first, toByteOffset: count, as: UInt8.self)
    if bytes > 0 {
      base.storeBytes(of: (number << UInt64(64 - 8 * bytes)).bigEndian, toByteOffset: count + 1, as: UInt64.self)
    }
    count += 1 + bytes
  }

  mutating func append(_ number: Number) {
    digits.removeAll(keepingCapacity: true)
    number.appendOrdered(to: &digits)
    digits.withUnsafeBytes { append($0) }
  }

  /// Text with each 00 as 00 FF.
  mutating func appendEscaped(_ text: UnsafeRawBufferPointer) {
    var rest = text
    while let start = rest.baseAddress, rest.count > 0, let zero = memchr(start, 0, rest.count) {
      let length = UnsafeRawPointer(zero) - start + 1
      append(UnsafeRawBufferPointer(rebasing: rest[..<length]))
      append(0xff)
      rest = UnsafeRawBufferPointer(rebasing: rest[length...])
    }
    append(rest)
  }

  /// Turns the bits over, from a place on.
  mutating func complement(from start: Int) {
    for place in start..<count {
      base.storeBytes(of: ~base.load(fromByteOffset: place, as: UInt8.self), toByteOffset: place, as: UInt8.self)
    }
  }
}
