internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import Pipelines
internal import Projections

/// The engine alone: change records as a relay writes them, from memory, to sessions of 20,000 users; nothing is written.
enum FoldBench {
  static let records = 200_000

  static func run(_ report: inout Report) async throws {
    let tableID = TableID(rawValue: 7)
    var batches: [RecordBatch] = []
    var latest: [Int: Item] = [:]
    var next: UInt64 = 1
    var sequence = SequenceNumber.beforeAll
    for n in 0..<records {
      if n % 1024 == 0 {
        batches.append(
          RecordBatch(
            partition: 0, format: .json, end: LogCursor(tableID: tableID, sequence: sequence), watermark: .zero, behind: 1))
      }
      sequence = sequence.next
      next = next &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let user = Int(next >> 33) % SessionBench.users
      let item = KafkaBench.item(user, n)
      let old = latest.updateValue(item, forKey: user)
      let time = LogTime(rawValue: 1_700_000_000_000 + Int64(n / 10) * 100)
      let record = ChangeRecord(
        kind: old == nil ? .insert : .modify, cause: .user, time: time, order: CommitOrder(rawValue: UInt64(n + 1)),
        sequence: sequence, keys: ["user": item["user"] ?? .null], oldImage: old, newImage: item)
      let last = batches.count - 1
      let start = batches[last].bytes.count
      RecordJSON.append(
        record, table: "Activity", position: Position(tableID: tableID, partition: 0, sequence: sequence),
        to: &batches[last].bytes)
      batches[last].entries.append(.init(sequence: sequence, time: time, start: start, end: batches[last].bytes.count))
      batches[last].watermark = time
    }
    var rates: [Double] = []
    for _ in 0..<5 {
      var engine = LaneEngine(
        pipeline: try SessionBench.pipeline(), table: TableIndex(rawValue: 0), partition: 0, tableID: tableID,
        sequence: .beforeAll, firedThrough: .distantPast, stored: [:], activations: [:])
      let watch = Stopwatch()
      for batch in batches { try engine.apply(batch) }
      rates.append(Double(records) / watch.cpuSeconds)
    }
    report.add("fold.json_per_cpu_second", rates.sorted()[2], "records/cpu-s")
  }
}
