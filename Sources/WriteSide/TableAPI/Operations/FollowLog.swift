internal import ChangeLog
internal import ChangeRecords
internal import DynamoModel
internal import TableStore

/// Our own operation: a table's change log for another process, such as a relay of its own. `ServedLog` is its client.
///
/// Request: TableName. Answer: TableID, PartitionKey (its name), First and Last (a sequence number for each partition), Retention
/// (milliseconds that records are kept; absent forever).
/// With TableID, Partition, After (a sequence number), Limit, Bytes and WaitMilliseconds it reads, also in the log of a deleted
/// table: Times and Ends (for each record its commit time and the end of its bytes), Bytes (the records as they are stored, in
/// base64, without private attributes), Behind, Watermark. What is wrong with the log is an answer too: Error with Kind, Message.
enum FollowLog {
  static let waitMax = 1000

  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let name = try body.string("TableName") ?? ""
    try call.authorize(name)
    let log = EmbeddedLog(call.store, table: name)
    let (life, after) = (try body.string("TableId"), try body.string("After"))
    let partition = try body.integer("Partition") ?? 0
    let limit = ReadLimit(records: max(1, try body.integer("Limit") ?? 1), bytes: max(1, try body.integer("Bytes") ?? 1))
    let wait = Duration.milliseconds(min(waitMax, max(0, try body.integer("WaitMilliseconds") ?? 0)))
    let store = call.store
    guard let life else {
      return .later { () async throws(DynamoError) in
        do throws(LogError) {
          return try await describe(log, store)
        } catch {
          return failure(error)
        }
      }
    }
    guard let tableID = TableID(life), let sequence = SequenceNumber(after ?? "0") else {
      throw .validation("TableId is 16 hexadecimal digits and After a sequence number")
    }
    return .later { () async throws(DynamoError) in
      do throws(LogError) {
        let cursor = LogCursor(tableID: tableID, sequence: sequence)
        return answer(try await log.read(partition: partition, after: cursor, limit: limit, wait: wait))
      } catch {
        return failure(error)
      }
    }
  }

  private static func describe(_ log: EmbeddedLog, _ store: TableStore) async throws(LogError) -> [UInt8] {
    let description = try await log.describe()
    var bounds: [LogBounds] = []
    for partition in 0..<description.partitions { bounds.append(try await log.bounds(partition: partition)) }
    let key = store.table(log.table)?.definition.key.partition.name ?? ""
    return Outcome.object { writer in
      writer.member("TableId", description.tableID.description)
      writer.member("PartitionKey", key)
      writer.name("First")
      writer.array(bounds) { $0.integer($1.first.rawValue) }
      writer.name("Last")
      writer.array(bounds) { $0.integer($1.last.rawValue) }
      if let retention = description.retention { writer.member("Retention", retention) }
    }
  }

  private static func answer(_ batch: RecordBatch) -> [UInt8] {
    Outcome.object { writer in
      writer.name("Times")
      writer.array(batch.entries) { $0.integer($1.time.rawValue) }
      writer.name("Ends")
      writer.array(batch.entries) { $0.integer($1.end) }
      writer.member("Bytes", Base64.encode(batch.bytes))
      writer.member("Behind", batch.behind)
      writer.member("Watermark", batch.watermark.rawValue)
    }
  }

  private static func failure(_ error: LogError) -> [UInt8] {
    Outcome.object { writer in
      writer.name("Error")
      writer.beginObject()
      writer.member("Kind", error.kind.rawValue)
      writer.member("Message", error.message)
      writer.endObject()
    }
  }
}
