internal import ChangeRecords
internal import DynamoModel
internal import TableStore

/// What the operations of DynamoDB Streams share: the checks of ARNs, shard ids and sequence numbers, and the look-ups.
enum StreamParameters {
  static func checkARN(_ arn: String?, at path: String, isRequired: Bool = true, _ constraints: inout Constraints) {
    if isRequired { constraints.required(arn != nil, at: path) }
    constraints.length(arn, .streamArn, at: path)
  }

  static func checkShard(_ id: String?, at path: String, isRequired: Bool = true, _ constraints: inout Constraints) {
    if isRequired { constraints.required(id != nil, at: path) }
    constraints.length(id, .shardId, at: path)
  }

  /// Throws for what is not the ARN of a stream, whether it is there or not.
  static func check(arn: String) throws(DynamoError) {
    guard isARN(arn) else { throw .validation("Invalid StreamArn") }
  }

  static func stream(_ call: Call, _ arn: String) throws(DynamoError) -> StreamDescription {
    try check(arn: arn)
    try call.authorize(String(arn.split(separator: "/")[1]))
    guard let stream = call.store.stream(arn: arn) else {
      throw DynamoError(.resourceNotFound, "Requested resource not found: Stream: \(arn) not found")
    }
    return stream
  }

  static func shard(_ stream: StreamDescription, _ id: String) throws(DynamoError) -> StreamShard {
    guard let shard = stream.shard(id) else {
      throw DynamoError(.resourceNotFound, "Requested resource not found: Shard does not exist")
    }
    return shard
  }

  /// `arn:aws:dynamodb:region:account:table/name/stream/label`.
  private static func isARN(_ arn: String) -> Bool {
    let parts = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
    guard parts.count == 6, parts[0] == "arn", parts[2] == "dynamodb" else { return false }
    let names = parts[5].split(separator: "/", omittingEmptySubsequences: false)
    return names.count == 4 && names[0] == "table" && !names[1].isEmpty && names[2] == "stream" && !names[3].isEmpty
  }
}
