internal import DynamoModel

/// X-Amz-Target and Content-Type: which operation a request is for.
enum RequestTarget {
  typealias Operation = @Sendable (Call) throws(DynamoError) -> Outcome

  static let service = "DynamoDB_20120810."
  static let streamsService = "DynamoDBStreams_20120810."
  /// Our own operations, for the outbox of the workers and for the command line.
  static let ownService = "Afterimage_20261121."

  /// Everything that is not here answers UnknownOperationException.
  private static let operations: [String: Operation] = [
    service + "BatchExecuteStatement": BatchExecuteStatement.run,
    service + "BatchGetItem": BatchGetItem.run,
    service + "BatchWriteItem": BatchWriteItem.run,
    service + "CreateTable": CreateTable.run,
    service + "DeleteItem": DeleteItem.run,
    service + "DeleteTable": DeleteTable.run,
    service + "DeleteResourcePolicy": DeleteResourcePolicy.run,
    service + "DescribeEndpoints": DescribeEndpoints.run,
    service + "DescribeLimits": DescribeLimits.run,
    service + "DescribeTable": DescribeTable.run,
    service + "DescribeTimeToLive": DescribeTimeToLive.run,
    service + "ExecuteStatement": ExecuteStatement.run,
    service + "ExecuteTransaction": ExecuteTransaction.run,
    service + "GetItem": GetItem.run,
    service + "GetResourcePolicy": GetResourcePolicy.run,
    service + "ListTables": ListTables.run,
    service + "ListTagsOfResource": ListTagsOfResource.run,
    service + "PutItem": PutItem.run,
    service + "PutResourcePolicy": PutResourcePolicy.run,
    service + "Query": Query.run,
    service + "Scan": Scan.run,
    service + "TagResource": TagResource.run,
    service + "TransactGetItems": TransactGetItems.run,
    service + "TransactWriteItems": TransactWriteItems.run,
    service + "UntagResource": UntagResource.run,
    service + "UpdateItem": UpdateItem.run,
    service + "UpdateTable": UpdateTable.run,
    service + "UpdateTimeToLive": UpdateTimeToLive.run,
    streamsService + "DescribeStream": DescribeStream.run,
    streamsService + "GetRecords": GetRecords.run,
    streamsService + "GetShardIterator": GetShardIterator.run,
    streamsService + "ListStreams": ListStreams.run,
    ownService + "AcceptClockJump": AcceptClockJump.run,
    ownService + "DescribeServer": DescribeServer.run,
    ownService + "ExpireItem": ExpireItem.run,
    ownService + "FollowLog": FollowLog.run,
    ownService + "ReadLog": ReadLog.run,
    ownService + "SetTableClock": SetTableClock.run,
  ]

  static func operation(_ target: String?) throws(DynamoError) -> Operation {
    guard let target, let operation = operations[target] else { throw DynamoError(.unknownOperation, "") }
    return operation
  }

  static func takes(contentType: String?) -> Bool {
    guard let contentType else { return false }
    let type = contentType.prefix { $0 != ";" }.lowercased()
    return type == "application/x-amz-json-1.0" || type == "application/x-amz-json-1.1" || type == "application/json"
  }
}
