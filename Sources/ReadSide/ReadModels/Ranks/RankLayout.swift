internal import ChangeRecords
internal import DynamoModel
internal import Glibc
internal import Pipelines

/// How a member of a board is written: one record of bytes, and records compared byte by byte stand in the order of the
/// ranks.
///
/// Where the first to reach a score is ahead: scores, time, order, member. Otherwise: scores, member, 00, time, order; what
/// comes after the member never decides, since a member stands on a board once. No part is a beginning of another of its
/// kind, the last one excepted, so a record needs no lengths:
///
/// - Values begin with a byte for the type, in the order of `Value`'s ordered form. Integers and timestamps have their length
/// in that byte and only as many bytes as they need; other values are as in the ordered form, but a member's text has no
/// end of its own. A score is complemented where the greatest is the best. Several scores stand one after the other.
/// - A time is twice its milliseconds since 1970, plus 1 where two bytes of microseconds follow. Its first four bits say how
/// many bytes come after the first, whose other four bits are the highest of the number. So is an order. Today's times have
/// 6 bytes, orders below 2^36 at most 5. Neither begins with FF, so the 00 before a time is not taken for one within the
/// member.
struct RankLayout {
  /// A bit for each score, the lowest for the first: whether the greatest is the best.
  private let descending: UInt8
  private let scoreCount: Int
  let timeFirst: Bool

  /// At most 8 directions.
  init(_ directions: some Sequence<Leaderboard.Direction>, timeFirst: Bool) {
    var (descending, count) = (UInt8(0), 0)
    for direction in directions {
      if direction == .descending { descending |= 1 << UInt8(count) }
      count += 1
    }
    self.descending = descending
    scoreCount = count
    self.timeFirst = timeFirst
  }

  /// What the bytes of a score are turned over by.
  private func mask(_ score: Int) -> UInt8 { descending & 1 << UInt8(score) == 0 ? 0 : 0xff }

  private enum Tag {
    static let null: UInt8 = 0x01
    static let no: UInt8 = 0x02
    static let yes: UInt8 = 0x03
    /// The middle of 18 tags: 0 to 8 bytes of a number that is not negative come after it, those of a negative one before.
    static let integer: UInt8 = 0x19
    static let decimal: UInt8 = 0x30
    static let timestamp: UInt8 = 0x49
    static let string: UInt8 = 0x60
    static let bytes: UInt8 = 0x61
    static let json: UInt8 = 0x62
    static let integers = (integer - 9)...(integer + 8)
    static let timestamps = (timestamp - 9)...(timestamp + 8)
  }

  // MARK: Writing

  /// Writes the first score, and those after it.
  func append(score: Value, _ more: [Value] = [], to out: inout RankBytes) {
    append(score, at: 0, to: &out)
    for place in more.indices { append(more[place], at: place + 1, to: &out) }
  }

  private func append(_ score: Value, at place: Int, to out: inout RankBytes) {
    let start = out.count
    append(member: score, to: &out)
    switch score {
    case .string, .bytes, .json:
      out.append(0)
      out.append(0)
    default: break
    }
    if mask(place) != 0 { out.complement(from: start) }
  }

  func append(member: Value, to out: inout RankBytes) {
    switch member {
    case .null: out.append(Tag.null)
    case .boolean(let flag): out.append(flag ? Tag.yes : Tag.no)
    case .integer(let number): append(number, Tag.integer, to: &out)
    case .decimal(let number):
      out.append(Tag.decimal)
      out.append(number)
    case .timestamp(let instant): append(instant.rawValue, Tag.timestamp, to: &out)
    case .string(var text):
      out.append(Tag.string)
      text.withUTF8 { out.appendEscaped(UnsafeRawBufferPointer($0)) }
    case .bytes(let bytes):
      out.append(Tag.bytes)
      bytes.withUnsafeBytes { out.appendEscaped($0) }
    case .json(var text):
      out.append(Tag.json)
      text.withUTF8 { out.appendEscaped(UnsafeRawBufferPointer($0)) }
    }
  }

  private func append(_ number: Int64, _ tag: UInt8, to out: inout RankBytes) {
    let magnitude = UInt64(bitPattern: number < 0 ? ~number : number)
    let bytes = (64 - magnitude.leadingZeroBitCount + 7) / 8
    out.append(number < 0 ? tag - 1 - UInt8(bytes) : tag + UInt8(bytes), UInt64(bitPattern: number), bytes: bytes)
  }

  /// After the score: the rest of a record. `member` as `append` writes it.
  func append(rest member: UnsafeRawBufferPointer, _ time: Instant, _ order: CommitOrder, to out: inout RankBytes) {
    if !timeFirst {
      out.append(member)
      out.append(0)
    }
    var (milliseconds, rest) = time.rawValue.quotientAndRemainder(dividingBy: 1_000)
    if rest < 0 { (milliseconds, rest) = (milliseconds - 1, rest + 1_000) }
    let number = milliseconds * 2 + (rest == 0 ? 0 : 1)
    let bits = 64 - UInt64(bitPattern: number < 0 ? ~number : number).leadingZeroBitCount
    // At most 55 bits, so 7 bytes.
    let bytes = max(0, bits - 4 + 7) / 8
    append(number < 0 ? 7 - UInt8(bytes) : 8 + UInt8(bytes), UInt64(bitPattern: number), bytes, to: &out)
    if rest != 0 { out.append(UInt8(rest >> 8), UInt64(rest), bytes: 1) }
    let orderBytes = max(0, 64 - order.rawValue.leadingZeroBitCount - 4 + 7) / 8
    append(UInt8(orderBytes), order.rawValue, orderBytes, to: &out)
    if timeFirst { out.append(member) }
  }

  private func append(_ length: UInt8, _ number: UInt64, _ bytes: Int, to out: inout RankBytes) {
    let high = bytes == 8 ? 0 : UInt8(truncatingIfNeeded: number >> UInt64(8 * bytes)) & 15
    out.append(length << 4 | high, number, bytes: bytes)
  }

  // MARK: Reading

  /// How many bytes of a record are its scores.
  func scoreEnd(_ record: UnsafeRawBufferPointer) -> Int {
    var end = RankLayout.end(record, from: 0, mask: mask(0))
    for place in 1..<max(1, scoreCount) { end = RankLayout.end(record, from: end, mask: mask(place)) }
    return end
  }

  /// Where a score ends that begins at a place.
  private static func end(_ record: UnsafeRawBufferPointer, from start: Int, mask: UInt8) -> Int {
    let tag = record[start] ^ mask
    switch tag {
    case Tag.integers: return start + 1 + RankLayout.length(tag, Tag.integer)
    case Tag.decimal:
      let mark = record[start + 1] ^ mask
      if mark == 0x80 { return start + 2 }
      let end = mask ^ (mark == 0x7f ? 0xff : 0)
      var place = start + 3
      while record[place] != end { place += 1 }
      return place + 1
    case Tag.timestamps: return start + 1 + RankLayout.length(tag, Tag.timestamp)
    case Tag.string, Tag.bytes, Tag.json:
      var place = start + 1
      while record[place] != mask || record[place + 1] != mask { place += record[place] == mask ? 2 : 1 }
      return place + 2
    default: return start + 1
    }
  }

  private static func length(_ tag: UInt8, _ middle: UInt8) -> Int { Int(tag >= middle ? tag - middle : middle - 1 - tag) }

  /// A record's member, as `append` writes it.
  func member(_ record: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let start = scoreEnd(record)
    let rest = UnsafeRawBufferPointer(rebasing: record[start...])
    if timeFirst { return UnsafeRawBufferPointer(rebasing: rest[RankLayout.timesEnd(rest)...]) }
    return UnsafeRawBufferPointer(rebasing: rest[..<RankLayout.memberEnd(rest)])
  }

  private static func timesEnd(_ bytes: UnsafeRawBufferPointer) -> Int {
    let sign = Int(bytes[0] >> 4)
    var place = sign >= 8 ? sign - 8 : 7 - sign
    place += bytes[place] & 1 == 0 ? 1 : 3
    return place + 1 + Int(bytes[place] >> 4)
  }

  private static func memberEnd(_ bytes: UnsafeRawBufferPointer) -> Int {
    switch bytes[0] {
    case Tag.integers: return 1 + length(bytes[0], Tag.integer)
    case Tag.decimal:
      if bytes[1] == 0x80 { return 2 }
      let end: UInt8 = bytes[1] == 0x7f ? 0xff : 0
      var place = 3
      while bytes[place] != end { place += 1 }
      return place + 1
    case Tag.timestamps: return 1 + length(bytes[0], Tag.timestamp)
    case Tag.string, Tag.bytes, Tag.json:
      var place = 1
      while bytes[place] != 0 || bytes[place + 1] == 0xff { place += bytes[place] == 0 ? 2 : 1 }
      return place
    default: return 1
    }
  }

  /// When a record's score was reached, and the order of that change.
  func reached(_ record: UnsafeRawBufferPointer) -> (time: Instant, order: CommitOrder) {
    var place = scoreEnd(record)
    if !timeFirst { place += RankLayout.memberEnd(UnsafeRawBufferPointer(rebasing: record[place...])) + 1 }
    let sign = Int(record[place] >> 4)
    let bytes = sign >= 8 ? sign - 8 : 7 - sign
    let bits = RankLayout.number(record, &place, bytes)
    let number = sign >= 8 ? Int64(bitPattern: bits) : Int64(bitPattern: bits | ~0 << UInt64(8 * bytes + 4))
    var rest: Int64 = 0
    if number & 1 != 0 {
      rest = Int64(record[place]) << 8 | Int64(record[place + 1])
      place += 2
    }
    // The earliest instant's milliseconds are below what its microseconds can be counted from.
    let time = (number >> 1).multipliedReportingOverflow(by: 1_000).partialValue &+ rest
    return (Instant(rawValue: time), CommitOrder(rawValue: RankLayout.number(record, &place, Int(record[place] >> 4))))
  }

  private static func number(_ bytes: UnsafeRawBufferPointer, _ place: inout Int, _ count: Int) -> UInt64 {
    var number = UInt64(bytes[place] & 15)
    for offset in 0..<count { number = number << 8 | UInt64(bytes[place + 1 + offset]) }
    place += 1 + count
    return number
  }

  /// The first score of a record, and those after it.
  func scores(_ record: UnsafeRawBufferPointer) -> (first: Value, more: [Value]) {
    var end = 0
    let first = score(record, 0, &end)
    if scoreCount == 1 { return (first, []) }
    return (first, (1..<scoreCount).map { score(record, $0, &end) })
  }

  /// The score at a place, which begins at `start`; sets that to where it ends.
  private func score(_ record: UnsafeRawBufferPointer, _ place: Int, _ start: inout Int) -> Value {
    let mask = mask(place)
    let end = RankLayout.end(record, from: start, mask: mask)
    let hasEnd: Int
    switch record[start] ^ mask {
    case Tag.string, Tag.bytes, Tag.json: hasEnd = 2
    default: hasEnd = 0
    }
    let score = UnsafeRawBufferPointer(rebasing: record[start..<(end - hasEnd)])
    start = end
    guard mask != 0 else { return RankLayout.value(score) }
    return withUnsafeTemporaryAllocation(byteCount: score.count, alignment: 1) { plain in
      for place in 0..<score.count { plain[place] = ~score[place] }
      return RankLayout.value(UnsafeRawBufferPointer(plain))
    }
  }

  /// The value of bytes as `append(member:)` writes them.
  static func value(_ bytes: UnsafeRawBufferPointer) -> Value {
    let tag = bytes[0]
    switch tag {
    case Tag.null: return .null
    case Tag.no, Tag.yes: return .boolean(tag == Tag.yes)
    case Tag.integers: return .integer(integer(bytes, Tag.integer))
    case Tag.decimal:
      var place = 1
      guard let number = Number(ordered: bytes, at: &place) else { preconditionFailure("the bytes were made from a number") }
      return .decimal(number)
    case Tag.timestamps: return .timestamp(Instant(rawValue: integer(bytes, Tag.timestamp)))
    case Tag.string: return .string(text(bytes))
    case Tag.bytes: return .bytes(plain(bytes))
    case Tag.json: return .json(text(bytes))
    default: preconditionFailure("the bytes were made from a value")
    }
  }

  private static func integer(_ bytes: UnsafeRawBufferPointer, _ middle: UInt8) -> Int64 {
    var number: UInt64 = bytes[0] >= middle ? 0 : .max
    for place in 1..<bytes.count { number = number << 8 | UInt64(bytes[place]) }
    return Int64(bitPattern: number)
  }

  private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    guard bytes.count > 1, let start = bytes.baseAddress, memchr(start, 0, bytes.count) != nil else {
      return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[1...]), as: UTF8.self)
    }
    return String(decoding: plain(bytes), as: UTF8.self)
  }

  private static func plain(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var plain: [UInt8] = []
    plain.reserveCapacity(bytes.count)
    var place = 1
    while place < bytes.count {
      plain.append(bytes[place])
      place += bytes[place] == 0 ? 2 : 1
    }
    return plain
  }
}
