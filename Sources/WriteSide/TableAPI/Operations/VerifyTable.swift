internal import Dispatch
internal import DynamoModel
internal import TableStore

/// Our own operation: compares a table's items, index entries, TTL entries, records and counts with one another, on one snapshot while
/// writes go on.
///
/// Request: TableName. Answer, when the whole table has been walked over: TableName, Items, IndexEntries, TimeToLiveEntries, Records,
/// LogIsTrimmed, Filling (indexes that are being filled), DifferenceCount (0 when all agrees), and the first Differences with Kind,
/// Text, and where they are known Key and IndexName.
enum VerifyTable {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let name = try call.body.tableName()
    var constraints = Constraints()
    constraints.name(name, at: "tableName")
    try constraints.check()
    let table = try call.controlTable(name ?? "").definition.name
    let (store, queue) = (call.store, call.api.verifications)
    return .later { () async throws(DynamoError) in
      let result: Result<TableFindings, DynamoError> = await withCheckedContinuation { continuation in
        queue.async {
          continuation.resume(returning: Result { () throws(DynamoError) in try store.verify(table) })
        }
      }
      return answer(table, try result.get())
    }
  }

  private static func answer(_ table: String, _ findings: TableFindings) -> [UInt8] {
    Outcome.object { writer in
      writer.member("TableName", table)
      writer.member("Items", findings.items)
      writer.member("IndexEntries", findings.indexEntries)
      writer.member("TimeToLiveEntries", findings.timeToLiveEntries)
      writer.member("Records", findings.records)
      writer.member("LogIsTrimmed", findings.isTrimmed)
      writer.name("Filling")
      writer.array(findings.filling) { $0.string($1) }
      writer.member("DifferenceCount", findings.differenceCount)
      writer.name("Differences")
      writer.array(findings.differences) { writer, difference in
        writer.beginObject()
        writer.member("Kind", difference.kind.rawValue)
        if let key = difference.key {
          writer.name("Key")
          writer.item(key)
        }
        if let index = difference.index { writer.member("IndexName", index) }
        writer.member("Text", difference.text)
        writer.endObject()
      }
    }
  }
}
