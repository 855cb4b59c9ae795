internal import ChangeRecords
internal import DynamoModel
internal import TableStore

/// Our own operation: what `afterimage doctor` asks of a running table server.
///
/// Request: empty. Answer: Tables (each with name, clock, partitions, items), ClockJump (milliseconds that the wall clock ran ahead
/// and that nobody accepted; writes wait while it is not 0).
enum DescribeServer {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let store = call.store
    let tables = store.tableNames(after: nil, limit: .max, where: call.sees).names.compactMap { store.table($0)?.description }
    return .answer(
      Outcome.object { writer in
        writer.member("ClockJump", store.clockJump)
        writer.name("Tables")
        writer.array(tables) { writer, table in
          writer.beginObject()
          writer.member("TableName", table.definition.name)
          writer.member("Clock", table.clock.rawValue)
          writer.member("Partitions", table.definition.partitions)
          writer.member("ItemCount", table.itemCount)
          writer.member("TableId", table.tableID.description)
          writer.name("PrivateAttributes")
          writer.array(table.definition.privateAttributes) { $0.string($1) }
          writer.endObject()
        }
      })
  }
}
