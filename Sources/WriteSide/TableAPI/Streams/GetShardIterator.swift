internal import ChangeRecords
internal import DynamoModel
internal import TableStore

enum GetShardIterator {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let arn = try body.string("StreamArn")
    let id = try body.string("ShardId")
    let type = try body.string("ShardIteratorType")
    let sequence = try body.string("SequenceNumber")
    let time = try body.milliseconds("Timestamp")
    var constraints = Constraints()
    StreamParameters.checkARN(arn, at: "streamArn", &constraints)
    StreamParameters.checkShard(id, at: "shardId", &constraints)
    constraints.required(type != nil, at: "shardIteratorType")
    constraints.oneOf(type, .shardIteratorType, at: "shardIteratorType")
    constraints.length(sequence, .sequenceNumber, at: "sequenceNumber")
    try constraints.check()
    let kind = type ?? ""
    try check(kind, sequence: sequence, time: time)
    let stream = try StreamParameters.stream(call, arn ?? "")
    let shard = try StreamParameters.shard(stream, id ?? "")
    let next = try start(call, stream, shard, type: kind, sequence: sequence, time: time)
    let iterator = ShardIterator(arn: stream.arn, shard: shard.id, next: next, issuedAt: call.store.now)
    return .answer(
      Outcome.object { writer in
        writer.member("ShardIterator", iterator.text)
      })
  }

  private static func check(_ type: String, sequence: String?, time: Int64?) throws(DynamoError) {
    let needsSequence = type == "AT_SEQUENCE_NUMBER" || type == "AFTER_SEQUENCE_NUMBER"
    if needsSequence, sequence == nil {
      throw .validation("SequenceNumber must be specified when ShardIteratorType is \(type)")
    }
    if !needsSequence, sequence != nil {
      throw .validation("SequenceNumber cannot be specified when ShardIteratorType is \(type)")
    }
    if type == "AT_TIMESTAMP", time == nil { throw .validation("Timestamp must be specified when ShardIteratorType is \(type)") }
    if type != "AT_TIMESTAMP", time != nil {
      throw .validation("Timestamp cannot be specified when ShardIteratorType is \(type)")
    }
  }

  private static func start(
    _ call: Call, _ stream: StreamDescription, _ shard: StreamShard, type: String, sequence: String?, time: Int64?
  ) throws(DynamoError) -> SequenceNumber {
    switch type {
    case "LATEST": return call.store.streamEnd(stream, shard)
    case "TRIM_HORIZON": return try call.store.streamHorizon(stream, shard)
    case "AT_TIMESTAMP":
      let time = time ?? 0
      guard time <= call.store.now else { throw .validation("Timestamp must not lie in the future: \(time)") }
      return max(
        try call.store.streamHorizon(stream, shard), try call.store.streamSequence(stream, shard, time: LogTime(rawValue: time)))
    default:
      let text = sequence ?? ""
      guard let given = Position.sequence(ofStream: text), given >= shard.first,
        given <= max(shard.first, call.store.streamEnd(stream, shard))
      else { throw .validation("Invalid SequenceNumber: \(text) is not of shard \(shard.id)") }
      let next = type == "AFTER_SEQUENCE_NUMBER" ? given.next : given
      guard next >= (try call.store.streamHorizon(stream, shard)) else { throw GetRecords.trimmed }
      return next
    }
  }
}
