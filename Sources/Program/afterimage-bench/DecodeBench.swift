internal import ChangeRecords
internal import DynamoModel

/// Change records of about 600 bytes to values, three attributes of each image.
enum DecodeBench {
  static let rounds = 400_000

  static func run(_ report: inout Report) async throws {
    let old = SessionBench.item(17, 1)
    let new = SessionBench.item(17, 2)
    let keys: Item = ["user": new["user"] ?? .null]
    var stored: [UInt8] = []
    StoredRecord.append(
      kind: .modify, cause: .user, time: LogTime(rawValue: 1_700_000_000_000), order: .beforeAll, keys: keys.binary,
      old: old.binary,
      new: new.binary,
      to: &stored)
    var json: [UInt8] = []
    let position = Position(tableID: TableID(rawValue: 1), partition: 0, sequence: .first)
    try stored.withUnsafeBytes { try RecordJSON.append(stored: $0, table: "Activity", position: position, to: &json) }
    let names = AttributeNames(["user", "seen", "page"])
    report.add("decode.stored_bytes", Double(stored.count), "bytes")
    report.add("decode.json_bytes", Double(json.count), "bytes")
    var count = 0
    var watch = Stopwatch()
    for _ in 0..<rounds {
      count += try stored.withUnsafeBytes { try StoredRecord.decode($0, sequence: .first, only: names).newImage?.count ?? 0 }
    }
    report.add("decode.stored_per_second", Double(rounds) / watch.seconds, "records/s")
    var reader = RecordJSONReader(only: names)
    watch = Stopwatch()
    for _ in 0..<rounds { count += try json.withUnsafeBytes { try reader.decode($0, sequence: .first).newImage?.count ?? 0 } }
    report.add("decode.json_per_second", Double(rounds) / watch.seconds, "records/s")
    watch = Stopwatch()
    for _ in 0..<rounds {
      json.removeAll(keepingCapacity: true)
      try stored.withUnsafeBytes { try RecordJSON.append(stored: $0, table: "Activity", position: position, to: &json) }
    }
    report.add("decode.transcode_per_second", Double(rounds) / watch.seconds, "records/s")
    precondition(count == 6 * rounds, "the decoded images lack attributes")
  }
}
