internal import ChangeRecords
internal import DynamoModel
internal import TableStore

enum DescribeStream {
  static let shardsMax = 100

  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    let body = call.body
    let arn = try body.string("StreamArn")
    let limit = try body.integer("Limit")
    let after = try body.string("ExclusiveStartShardId")
    let filter = try body.object("ShardFilter")
    let filterType = try filter?.string("Type")
    let filterShard = try filter?.string("ShardId")
    var constraints = Constraints()
    StreamParameters.checkARN(arn, at: "streamArn", &constraints)
    constraints.range(limit, ModelBounds(min: 1, max: shardsMax), at: "limit")
    StreamParameters.checkShard(after, at: "exclusiveStartShardId", isRequired: false, &constraints)
    constraints.oneOf(filterType, .shardFilterType, at: "shardFilter.type")
    StreamParameters.checkShard(filterShard, at: "shardFilter.shardId", isRequired: false, &constraints)
    try constraints.check()
    let stream = try StreamParameters.stream(call, arn ?? "")
    if filter != nil, filterType == nil || filterShard == nil {
      throw .validation("ShardFilter must have both Type and ShardId")
    }
    let shards = stream.shards.filter { shard in
      (filterShard == nil || shard.parent == filterShard) && (after.map { Text.less($0, shard.id) } ?? true)
    }
    let shown = Array(shards.prefix(limit ?? shardsMax))
    return .answer(
      Outcome.object { writer in
        writer.name("StreamDescription")
        writer.stream(stream, shown, more: shards.count > shown.count)
      })
  }
}

extension JSONWriter {
  fileprivate mutating func stream(_ stream: StreamDescription, _ shards: [StreamShard], more: Bool) {
    beginObject()
    name("CreationRequestDateTime")
    seconds(stream.createdAt)
    name("KeySchema")
    keySchema(stream.table.key)
    if more, let last = shards.last { member("LastEvaluatedShardId", last.id) }
    name("Shards")
    array(shards) { $0.shard($1) }
    member("StreamArn", stream.arn)
    member("StreamLabel", stream.label)
    member("StreamStatus", stream.isEnabled ? "ENABLED" : "DISABLED")
    member("StreamViewType", stream.view.rawValue)
    member("TableName", stream.table.name)
    endObject()
  }

  private mutating func shard(_ shard: StreamShard) {
    beginObject()
    if let parent = shard.parent { member("ParentShardId", parent) }
    name("SequenceNumberRange")
    beginObject()
    member("StartingSequenceNumber", Position.streamSequenceNumber(shard.first))
    if let last = shard.last {
      // A shard that was closed without a record ends where it would have begun.
      member("EndingSequenceNumber", Position.streamSequenceNumber(max(last, shard.first)))
    }
    endObject()
    member("ShardId", shard.id)
    endObject()
  }
}
