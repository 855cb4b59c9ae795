internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import TableStore

/// Our own operation: reads one partition of a table's change log, for people and scripts. Images come without private attributes.
///
/// Request: TableName, Partition (0), After (a sequence number; without it the last Limit records), Limit (100), WaitMilliseconds (0).
/// Answer: TableID, Partitions, Partition, Records (as DynamoDB Streams shows them, with ours beside), End (to be the next
/// After), Behind (how many more there are), Watermark (milliseconds; no later record carries an earlier time).
enum ReadLog {
  static let limitMax = 1000
  static let limitDefault = 100
  static let waitMax = 1000

  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let name = try body.tableName()
    let partition = try body.integer("Partition") ?? 0
    let after = try body.string("After")
    let limit = try body.integer("Limit") ?? limitDefault
    let wait = try body.integer("WaitMilliseconds") ?? 0
    var constraints = Constraints()
    constraints.name(name, at: "tableName")
    try constraints.check()
    let table = try call.controlTable(name ?? "")
    guard (1...limitMax).contains(limit) else { throw .validation("Limit is a number from 1 to \(limitMax): \(limit)") }
    guard (0...waitMax).contains(wait) else { throw .validation("WaitMilliseconds is a number from 0 to \(waitMax): \(wait)") }
    var cursor: SequenceNumber?
    if let after {
      guard let sequence = SequenceNumber(after) else { throw .validation("After is not a sequence number: \(after)") }
      cursor = sequence
    }
    let log = EmbeddedLog(call.store, table: table.definition.name)
    let asked = cursor
    return .later { () async throws(DynamoError) in
      do throws(LogError) {
        let description = try await log.describe()
        let bounds = try await log.bounds(partition: partition)
        let tail = max(bounds.first.previous, bounds.last.earlier(by: UInt64(limit)))
        let from = LogCursor(tableID: description.tableID, sequence: asked ?? tail)
        let batch = try await log.read(
          partition: partition, after: from, limit: ReadLimit(records: limit, bytes: ReadLimit.standard.bytes),
          wait: .milliseconds(wait))
        return try answer(batch, table.definition.name, description)
      } catch {
        throw ReadLog.error(error)
      }
    }
  }

  private static func answer(_ batch: RecordBatch, _ table: String, _ description: LogDescription) throws(LogError) -> [UInt8] {
    var records: [[UInt8]] = []
    for entry in batch.entries {
      let position = Position(tableID: description.tableID, partition: batch.partition, sequence: entry.sequence)
      var json: [UInt8] = []
      let result = batch.bytes.withUnsafeBytes { bytes in
        Result { () throws(RecordError) in
          try RecordJSON.append(
            stored: UnsafeRawBufferPointer(rebasing: bytes[entry.start..<entry.end]), table: table, position: position, to: &json)
        }
      }
      if case .failure(let error) = result {
        throw LogError(.corrupt, table: table, partition: batch.partition, "record \(entry.sequence): \(error.reason)")
      }
      records.append(json)
    }
    return Outcome.object { writer in
      writer.member("TableId", description.tableID.description)
      writer.member("Partitions", description.partitions)
      writer.member("Partition", batch.partition)
      writer.name("Records")
      writer.array(records) { $0.raw($1) }
      writer.member("End", "\(batch.end.sequence)")
      writer.member("Behind", batch.behind)
      writer.member("Watermark", batch.watermark.rawValue)
    }
  }

  private static func error(_ error: LogError) -> DynamoError {
    switch error.kind {
    case .configuration, .trimmed, .denied: .validation(error.description)
    case .recreated: DynamoError(.resourceNotFound, error.description)
    case .corrupt: DynamoError(.internalServer, error.description)
    case .retry: DynamoError(.serviceUnavailable, error.description)
    }
  }
}
