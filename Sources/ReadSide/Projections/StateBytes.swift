internal import ChangeRecords
internal import DynamoModel
internal import Pipelines

/// Writes and reads the state of groups and sessions beside their rows: varints, signed numbers zigzagged, values in their ordered
/// form. The layout belongs to the engine's fingerprint: a change of it makes a new generation.
struct StateWriter {
  var bytes: [UInt8] = []
  /// The last stamp that was written whole.
  private var known = Stamp.none
  /// What the next time of a stamp is written as a difference to.
  private var base: Int64 = 0

  /// Most states are not longer.
  private static let usualBytes = 192

  init() { bytes.reserveCapacity(StateWriter.usualBytes) }

  /// Goes on behind bytes that are there.
  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func unsigned(_ value: Int) { Varint.append(value, to: &bytes) }

  mutating func signed(_ value: Int64) {
    let zigzag = UInt64(bitPattern: (value << 1) ^ (value >> 63))
    var rest = zigzag
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func instant(_ value: Instant) { signed(value.rawValue) }
  /// The next stamp's time is probably near this one, which the reader knows as well.
  mutating func near(_ instant: Instant) { base = instant.rawValue }
  mutating func blob(_ value: [UInt8]) { Varint.appendBytes(value, to: &bytes) }
  mutating func text(_ value: String) { Varint.appendBytes(value.utf8, to: &bytes) }
  mutating func value(_ value: Value) { value.appendOrdered(to: &bytes) }
  mutating func number(_ value: Number) { value.appendOrdered(to: &bytes) }

  mutating func optional<Wrapped>(_ value: Wrapped?, _ write: (inout StateWriter, Wrapped) -> Void) {
    unsigned(value == nil ? 0 : 1)
    if let value { write(&self, value) }
  }

  /// The stamps of one state are often one and the same, and mostly of one partition: what the last one says is not written again.
  mutating func stamp(_ stamp: Stamp) {
    if stamp == known { return bytes.append(StampForm.known.rawValue) }
    if stamp == .none { return bytes.append(StampForm.none.rawValue) }
    let isOfSamePartition = stamp.tableID == known.tableID && stamp.partition == known.partition
    bytes.append((isOfSamePartition ? StampForm.samePartition : .whole).rawValue)
    if !isOfSamePartition {
      signed(Int64(bitPattern: stamp.tableID.rawValue))
      unsigned(stamp.partition)
    }
    signed(stamp.time.rawValue &- base)
    base = stamp.time.rawValue
    signed(Int64(bitPattern: stamp.order.rawValue))
    signed(Int64(bitPattern: stamp.sequence.rawValue))
    known = stamp
  }

  mutating func values(_ values: [Value]) {
    unsigned(values.count)
    for value in values { self.value(value) }
  }

  mutating func sum(_ sum: ExactSum) {
    let parts = sum.stored
    unsigned(parts.count)
    for part in parts { signed(part) }
  }

  mutating func names(_ names: [TextKey: Int]) {
    unsigned(names.count)
    for (name, count) in names.sorted(by: { Text.less($0.key.text, $1.key.text) }) {
      text(name.text)
      unsigned(count)
    }
  }

  mutating func few(_ few: FewValues) {
    unsigned(few.count)
    few.forEach { key, kept, count in
      blob(key)
      self.kept(kept)
      signed(count)
    }
  }

  private mutating func blob(_ value: UnsafeRawBufferPointer) {
    unsigned(value.count)
    bytes.append(contentsOf: value)
  }

  /// What is kept with a value: an ordered stamp, which the state has mostly said already, or other bytes.
  private mutating func kept(_ bytes: UnsafeRawBufferPointer) {
    let stamp = Stamp(ordered: bytes)
    self.bytes.append(stamp == nil ? 0 : 1)
    if let stamp { self.stamp(stamp) } else { blob(bytes) }
  }

  mutating func best(_ best: Best) {
    value(best.rank)
    blob(best.itemKey)
    value(best.value)
    stamp(best.stamp)
  }
}

/// What follows of a stamp.
private enum StampForm: UInt8 {
  /// Nothing: it is the last one that was written with numbers.
  case known
  /// Nothing: it is `Stamp.none`.
  case none
  /// Time (less the last one), order and sequence number; table id and partition are those of the last one.
  case samePartition
  case whole
}

struct StateReader {
  private let bytes: UnsafeRawBufferPointer
  private var known = Stamp.none
  private var base: Int64 = 0
  private var index = 0

  /// The bytes must outlive the reader.
  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func unsigned() throws(StateError) -> Int {
    guard let value = Varint.read(bytes, &index) else { throw StateError() }
    return value
  }

  mutating func signed() throws(StateError) -> Int64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while index < bytes.count, shift < 64 {
      let byte = bytes[index]
      index += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
      shift += 7
    }
    throw StateError()
  }

  mutating func instant() throws(StateError) -> Instant { Instant(rawValue: try signed()) }

  mutating func near(_ instant: Instant) { base = instant.rawValue }

  mutating func blob() throws(StateError) -> [UInt8] {
    Array(try raw())
  }

  mutating func text() throws(StateError) -> String { String(decoding: try blob(), as: UTF8.self) }

  mutating func value() throws(StateError) -> Value {
    guard let value = Value(ordered: bytes, at: &index) else { throw StateError() }
    return value
  }

  mutating func number() throws(StateError) -> Number {
    guard let value = Number(ordered: bytes, at: &index) else { throw StateError() }
    return value
  }

  mutating func optional<Wrapped>(
    _ read: (inout StateReader) throws(StateError) -> Wrapped
  ) throws(StateError) -> Wrapped? {
    try unsigned() == 0 ? nil : try read(&self)
  }

  mutating func stamp() throws(StateError) -> Stamp {
    guard index < bytes.count, let form = StampForm(rawValue: bytes[index]) else { throw StateError() }
    index += 1
    var stamp = known
    switch form {
    case .known: return known
    case .none: return .none
    case .samePartition: break
    case .whole:
      stamp.tableID = TableID(rawValue: UInt64(bitPattern: try signed()))
      stamp.partition = try unsigned()
    }
    stamp.time = Instant(rawValue: base &+ (try signed()))
    base = stamp.time.rawValue
    stamp.order = CommitOrder(rawValue: UInt64(bitPattern: try signed()))
    stamp.sequence = SequenceNumber(rawValue: UInt64(bitPattern: try signed()))
    known = stamp
    return stamp
  }

  mutating func values() throws(StateError) -> [Value] {
    var values: [Value] = []
    for _ in 0..<(try count()) { values.append(try value()) }
    return values
  }

  mutating func sum() throws(StateError) -> ExactSum {
    var parts: [Int64] = []
    for _ in 0..<(try count()) { parts.append(try signed()) }
    guard let sum = ExactSum(stored: parts) else { throw StateError() }
    return sum
  }

  mutating func names() throws(StateError) -> [TextKey: Int] {
    var names: [TextKey: Int] = [:]
    for _ in 0..<(try count()) {
      let name = TextKey(try text())
      names[name] = try unsigned()
    }
    return names
  }

  mutating func best() throws(StateError) -> Best {
    Best(rank: try value(), itemKey: try blob(), value: try value(), stamp: try stamp())
  }

  /// Bytes in place.
  private mutating func raw() throws(StateError) -> UnsafeRawBufferPointer {
    guard let value = Varint.readBytes(bytes, &index) else { throw StateError() }
    return value
  }

  mutating func few() throws(StateError) -> FewValues {
    let count = try count()
    var few = FewValues(capacity: min(count, 16))
    for _ in 0..<count {
      let key = try raw()
      guard index < bytes.count, bytes[index] < 2 else { throw StateError() }
      index += 1
      if bytes[index - 1] == 1 {
        let stamp = try stamp()
        few.append(key, count: try signed()) { stamp.appendOrdered(to: &$0) }
      } else {
        let kept = try raw()
        few.append(key, count: try signed()) { $0.append(contentsOf: kept) }
      }
    }
    return few
  }

  /// A number of things that follow, each of at least one byte.
  mutating func count() throws(StateError) -> Int {
    let count = try unsigned()
    guard count >= 0, count <= bytes.count - index else { throw StateError() }
    return count
  }

  /// Nothing may follow.
  func end() throws(StateError) {
    guard index == bytes.count else { throw StateError() }
  }
}

/// The state beside a row does not decode: the read model is damaged.
package struct StateError: Error, Sendable, CustomStringConvertible {
  package init() {}

  package var description: String { "the state beside a row does not decode: rebuild the pipeline from the log" }
}
