internal import Glibc

/// Blocks of 1,024 bytes by their numbers, which run from 0 without a gap.
///
/// The first blocks stand in one piece that doubles up to 2 MB; after that each 2 MB are a piece of their own, so that
/// growing copies nothing and what is emptied at the end goes back to the machine. Whoever gives a block up moves the last
/// one into its place first.
struct Blocks: ~Copyable {
  static let size = 1024
  /// One less than the largest number that three bytes hold.
  static let countMax = (1 << 24) - 1
  private static let pieceShift = 11
  private static let pieceBlocks = 1 << pieceShift
  /// Blocks that stay free at the end before a piece is given back, so that a change there and back does not map it each
  /// time.
  private static let spare = 128

  private var pieces: UnsafeMutablePointer<UnsafeMutableRawPointer>
  private var piecesCount = 1
  private var piecesCapacity = 1
  /// Blocks in all pieces; only a single piece is smaller than 2 MB.
  private var capacity = 1
  private(set) var count = 0
  private let touched: UnsafeMutablePointer<UInt64>

  init() {
    touched = .allocate(capacity: 1)
    pieces = .allocate(capacity: 1)
    pieces[0] = Memory.allocate(Blocks.size)
  }

  deinit {
    for piece in 0..<piecesCount { Memory.deallocate(pieces[piece], min(capacity, Blocks.pieceBlocks) * Blocks.size) }
    pieces.deallocate()
    touched.deallocate()
  }

  /// What the blocks take, used or not.
  var bytes: Int { capacity * Blocks.size + piecesCapacity * MemoryLayout<UnsafeMutableRawPointer>.stride }

  /// Not to be used once a block was made or removed.
  subscript(number: Int32) -> UnsafeMutableRawPointer {
    @inline(__always) get {
      assert(number >= 0 && Int(number) < count, "block \(number) of \(count)")
      let number = Int(truncatingIfNeeded: number)
      return pieces[number >> Blocks.pieceShift] + (number & (Blocks.pieceBlocks - 1)) * Blocks.size
    }
  }

  /// Asks memory for all of a part of a block at once: its lines come side by side, where a search by halves would wait for
  /// one after the other. A random search takes half as long by it.
  @inline(__always)
  func touch(_ number: Int32, _ part: Range<Int>) {
    let base = self[number]
    var bits: UInt64 = 0
    for line in (part.lowerBound / 64)..<((part.upperBound + 63) / 64) {
      bits |= base.load(fromByteOffset: 64 * line, as: UInt64.self)
    }
    // Or the compiler leaves the reads out.
    touched.pointee = bits
  }

  /// The number of one block more, whose bytes are whatever they are.
  mutating func make() -> Int32 {
    precondition(count < Blocks.countMax, "a board takes up to 16 GB")
    if count == capacity {
      if capacity < Blocks.pieceBlocks { resizeFirst(capacity * 2) } else { addPiece() }
    }
    count += 1
    return Int32(count - 1)
  }

  mutating func removeLast() {
    count -= 1
    if piecesCount > 1 {
      guard count + Blocks.spare <= capacity - Blocks.pieceBlocks else { return }
      piecesCount -= 1
      capacity -= Blocks.pieceBlocks
      Memory.deallocate(pieces[piecesCount], Blocks.pieceBlocks * Blocks.size)
    } else if count * 4 <= capacity, capacity > 1 {
      resizeFirst(capacity / 2)
    }
  }

  private mutating func resizeFirst(_ blocks: Int) {
    let memory = Memory.allocate(blocks * Blocks.size)
    memcpy(memory, pieces[0], count * Blocks.size)
    Memory.deallocate(pieces[0], capacity * Blocks.size)
    pieces[0] = memory
    capacity = blocks
  }

  private mutating func addPiece() {
    if piecesCount == piecesCapacity {
      let wider = UnsafeMutablePointer<UnsafeMutableRawPointer>.allocate(capacity: piecesCapacity * 2)
      wider.update(from: pieces, count: piecesCount)
      pieces.deallocate()
      pieces = wider
      piecesCapacity *= 2
    }
    pieces[piecesCount] = Memory.allocate(Blocks.pieceBlocks * Blocks.size)
    piecesCount += 1
    capacity += Blocks.pieceBlocks
  }
}
