import DynamoModel
import RandomTestKit
import RecordLiteralTestKit
import Testing

@testable import ChangeRecords

/// The one pass over a record's JSON against the tape, which is the independent reader.
struct RecordScanningTests {
  private static let texts = [
    "", "a", "seven77", "exactly8", "a text that is longer than sixteen bytes", "quote \" and \\ slash", "tab\tnewline\n",
    "größe",
    "日本語のテキスト", "\u{1F600} beyond", "ends in é", "\u{7f}\u{80}", String(repeating: "x", count: 100) + "\"",
  ]

  private func value(_ random: inout SeededGenerator, depth: Int = 0) -> AttributeValue {
    switch Int.random(in: 0..<(depth < 3 ? 10 : 6), using: &random) {
    case 0, 1: .string(Self.texts.randomElement(using: &random)!)
    case 2: .number(Number(Int64.random(in: -1_000_000...1_000_000, using: &random)))
    case 3: .bool(Bool.random(using: &random))
    case 4: .null
    case 5: .binary((0..<Int.random(in: 0..<9, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
    case 6: .list((0..<Int.random(in: 0..<4, using: &random)).map { _ in value(&random, depth: depth + 1) })
    case 7: .stringSet(["a", "b", "ü"])
    case 8: .numberSet([Number(1), Number(20)])
    default: .map(item(&random, depth: depth + 1))
    }
  }

  private func item(_ random: inout SeededGenerator, depth: Int = 0) -> Item {
    var item = Item()
    for name in ["user", "seen", "page", "größe", "", "a \"quoted\" name", "zz"] where Bool.random(using: &random) {
      item[name] = value(&random, depth: depth)
    }
    return item
  }

  private func record(_ random: inout SeededGenerator) -> [UInt8] {
    let kinds: [ChangeRecord.Kind] = [.insert, .modify, .remove, .truncate, .snapshot]
    let record = ChangeRecord(
      kind: kinds.randomElement(using: &random)!, cause: Int.random(in: 0..<10, using: &random) == 0 ? .service : .user,
      time: LogTime(rawValue: Int64.random(in: 0...4_000_000_000_000, using: &random)),
      order: CommitOrder(rawValue: UInt64.random(in: 0...(1 << 53), using: &random)), sequence: 7, keys: ["user": .string("ana")],
      oldImage: Bool.random(using: &random) ? item(&random) : nil, newImage: Bool.random(using: &random) ? item(&random) : nil)
    var json: [UInt8] = []
    let position = Position(tableID: TableID(rawValue: 5), partition: 1, sequence: 7)
    RecordJSON.append(record, table: "Tab\u{e9}", position: position, to: &json)
    return json
  }

  @Test func `a stored record's JSON is that of the decoded one, and a cut one gives none`() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    let position = Position(tableID: TableID(rawValue: .random(in: 0 ... .max, using: &random)), partition: 3, sequence: 12_345)
    for _ in 0..<2_000 {
      let keys: Item = ["user": .string("ana"), "n": .number(Number(Int64.random(in: -99...99, using: &random)))]
      let (old, new) = (item(&random), item(&random))
      var stored: [UInt8] = []
      StoredRecord.append(
        kind: [.insert, .modify, .remove, .truncate].randomElement(using: &random)!,
        cause: Bool.random(using: &random) ? .user : .service,
        time: LogTime(rawValue: .random(in: 0...(1 << 42), using: &random)),
        order: CommitOrder(rawValue: .random(in: 0 ... .max, using: &random)), keys: keys.binary,
        old: Bool.random(using: &random) ? old.binary : nil, new: Bool.random(using: &random) ? new.binary : nil, to: &stored)
      let record = try stored.withUnsafeBytes { try StoredRecord.decode($0, sequence: 12_345) }
      var expected: [UInt8] = []
      RecordJSON.append(record, table: "T", position: position, to: &expected)
      var json: [UInt8] = []
      try stored.withUnsafeBytes { try RecordJSON.append(stored: $0, table: "T", position: position, to: &json) }
      #expect(json == expected, "seed \(seed): \(String(decoding: json, as: UTF8.self))")
      let cut = stored.prefix(Int.random(in: 0..<stored.count, using: &random))
      #expect(throws: RecordError.self, "seed \(seed)") {
        try cut.withUnsafeBytes { try RecordJSON.append(stored: $0, table: "T", position: position, to: &json) }
      }
    }
  }

  /// What the tape says: the record, or that there is none.
  private func byTape(_ json: [UInt8], _ names: AttributeNames?) -> ChangeRecord? {
    var reader = RecordJSONReader(only: names)
    return json.withUnsafeBytes { try? reader.decodeByTape($0, sequence: 7) }
  }

  private func scanned(_ json: [UInt8], _ names: AttributeNames?) -> ChangeRecord? {
    json.withUnsafeBytes { RecordJSONReader(only: names).scan($0, sequence: 7) }
  }

  @Test(arguments: [nil, AttributeNames(["user", "page", "größe", "absent"])])
  func `a record as our relay writes it is the one that the tape gives, whole or spoilt`(names: AttributeNames?) {
    var random = SeededGenerator(seed: 12)
    var taken = 0
    for round in 0..<4_000 {
      var json = record(&random)
      if round % 2 == 1 { json[Int.random(in: json.indices, using: &random)] = UInt8.random(in: 32..<127, using: &random) }
      let found = json.withUnsafeBytes { RecordJSONReader(only: names).scanOurs($0, sequence: 7) }
      guard let found else { continue }
      taken += 1
      #expect(found == byTape(json, names), "\(String(decoding: json, as: UTF8.self))")
    }
    #expect(taken > 200, "of 4,000 records it has taken \(taken)")
  }

  /// 32 lists and maps in one another were once taken: 33 levels.
  @Test(arguments: [nil, AttributeNames(["page"])], [(32, true), (33, false)])
  func `a record may have a level more than an item now`(names: AttributeNames?, levels: (count: Int, isRead: Bool)) {
    let deep = (0..<levels.count).reduce(AttributeValue.string("x")) { value, _ in .list([value]) }
    let record = ChangeRecord(
      kind: .insert, cause: .user, time: LogTime(rawValue: 1_000), order: CommitOrder(rawValue: 9), sequence: 7,
      keys: ["user": .string("ana")],
      oldImage: nil,
      newImage: ["user": .string("ana"), "page": deep])
    var json: [UInt8] = []
    RecordJSON.append(
      record, table: "T", position: Position(tableID: TableID(rawValue: 5), partition: 1, sequence: 7), to: &json)
    #expect((byTape(json, names)?.newImage?["page"] == deep) == levels.isRead)
    #expect((json.withUnsafeBytes { RecordJSONReader(only: names).scanOurs($0, sequence: 7) } != nil) == levels.isRead)
  }

  @Test func `of old images fewer attributes may be wanted`() {
    var random = SeededGenerator(seed: 13)
    let few = AttributeNames(["user"])
    for _ in 0..<500 {
      let json = record(&random)
      let reader = RecordJSONReader(only: nil, old: few)
      guard let record = json.withUnsafeBytes({ reader.scanOurs($0, sequence: 7) }), let old = record.oldImage else { continue }
      #expect(record.newImage == byTape(json, nil)?.newImage && old == byTape(json, few)?.oldImage)
    }
  }

  @Test(arguments: [nil, AttributeNames(["user", "page", "größe", "absent"])])
  func `one pass gives the record that the tape gives`(names: AttributeNames?) {
    var random = SeededGenerator(seed: 11)
    var taken = 0
    for _ in 0..<2_000 {
      let json = record(&random)
      guard let record = scanned(json, names) else { continue }
      taken += 1
      #expect(record == byTape(json, names), "\(String(decoding: json, as: UTF8.self))")
    }
    #expect(taken > 500, "of 2,000 records one pass has taken \(taken)")
  }

  @Test func `a plain record is taken in one pass`() throws {
    var json: [UInt8] = []
    let record = ChangeRecord(
      kind: .modify, cause: .user, time: LogTime(rawValue: 1_700_000_000_123), order: CommitOrder(rawValue: 9), sequence: 7,
      keys: ["user": .string("ana")],
      oldImage: ["user": .string("ana"), "seen": .number(Number(1))],
      newImage: ["user": .string("ana"), "seen": .number(Number(2))])
    let position = Position(tableID: TableID(rawValue: 5), partition: 1, sequence: 7)
    RecordJSON.append(record, table: "T", position: position, to: &json)
    #expect(scanned(json, nil) == record)
  }

  @Test func `whatever one pass takes of damaged bytes the tape takes too`() {
    var random = SeededGenerator(seed: 12)
    for _ in 0..<20_000 {
      var json = record(&random)
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<json.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: json[place] = UInt8.random(in: 0...255, using: &random)
        case 1: json.remove(at: place)
        default: json.insert([0x22, 0x2c, 0x5c, 0x7b, 0x7d, 0x20, 0xc3].randomElement(using: &random)!, at: place)
        }
      }
      guard let record = scanned(json, nil) else { continue }
      #expect(record == byTape(json, nil), "\(String(decoding: json, as: UTF8.self))")
    }
  }
}
