internal import ChangeRecords
internal import DynamoModel
internal import TableStore

enum GetRecords {
  static let recordsMax = 1000
  static let trimmed = DynamoError(.trimmedDataAccess, "The data you are trying to access has been trimmed")

  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let text = try call.body.string("ShardIterator")
    let limit = try call.body.integer("Limit")
    var constraints = Constraints()
    constraints.required(text != nil, at: "shardIterator")
    constraints.length(text, .shardIterator, at: "shardIterator")
    constraints.range(limit, ModelBounds(min: 1, max: recordsMax), at: "limit")
    try constraints.check()
    guard let iterator = ShardIterator(text ?? "") else { throw .validation("Invalid ShardIterator") }
    let now = call.store.now
    guard iterator.issuedAt > now - ShardIterator.lifetime else {
      throw DynamoError(.expiredIterator, "The provided iterator exceeds the maximum age allowed.")
    }
    let stream = try StreamParameters.stream(call, iterator.arn)
    let shard = try StreamParameters.shard(stream, iterator.shard)
    let batch: StreamBatch
    do throws(StreamReadError) {
      batch = try call.store.read(stream, shard, from: iterator.next, limit: limit ?? recordsMax)
    } catch {
      switch error {
      case .trimmed: throw trimmed
      case .storage(let error): throw error
      }
    }
    var records: [ChangeRecord] = []
    for (position, bytes) in batch.records {
      let decoded = bytes.withUnsafeBytes { raw in
        Result { () throws(RecordError) in
          try StoredRecord.decode(raw, sequence: position.sequence)
        }
      }
      guard case .success(let record) = decoded else {
        throw DynamoError(.internalServer, "A stored record does not decode: run afterimage doctor")
      }
      records.append(record)
    }
    return .answer(
      Outcome.object { writer in
        writer.name("Records")
        writer.beginArray()
        for ((position, _), record) in zip(batch.records, records) {
          RecordJSON.append(record, view: stream.view, position: position, to: &writer)
        }
        writer.endArray()
        if let next = batch.next {
          writer.member("NextShardIterator", ShardIterator(arn: stream.arn, shard: shard.id, next: next, issuedAt: now).text)
        }
      })
  }
}
