internal import DynamoModel

/// An operation of the protocol: its name, what a key must be allowed for it, and what carries it out.
struct Operation: Sendable {
  typealias Run = @Sendable (Call) throws(DynamoError) -> Outcome

  /// What stands before the name in X-Amz-Target.
  enum Service: String, Sendable {
    case dynamoDB = "DynamoDB_20120810"
    case streams = "DynamoDBStreams_20120810"
    /// Our own operations, for the outbox of the workers and for the command line.
    case own = "Afterimage_20261121"
  }

  let service: Service
  let name: String
  /// The access to each table that the operation looks at; nil when any key will do.
  let access: AccessKind?
  /// Nil when requests are not held against a shape.
  private let shape: RequestShape?
  private let body: Run

  init(_ service: Service, _ name: String, _ access: AccessKind?, shape: RequestShape? = nil, _ body: @escaping Run) {
    self.service = service
    self.name = name
    self.access = access
    self.shape = shape
    self.body = body
  }

  /// Carries it out. JSON of a wrong type is told before anything else that is wrong with a request.
  func run(_ call: Call) throws(DynamoError) -> Outcome {
    do throws(DynamoError) {
      return try body(call)
    } catch {
      try shape?.check(call.body.tape, call.body.node)
      throw error
    }
  }
}

/// Every operation that there is; what is not here answers UnknownOperationException.
enum OperationRegistry {
  static let all: [Operation] = [
    .init(.dynamoDB, "BatchExecuteStatement", .write, shape: .batchExecuteStatement, BatchExecuteStatement.run),
    .init(.dynamoDB, "BatchGetItem", .read, shape: .batchGetItem, BatchGetItem.run),
    .init(.dynamoDB, "BatchWriteItem", .write, shape: .batchWriteItem, BatchWriteItem.run),
    .init(.dynamoDB, "CreateBackup", .admin, CreateBackup.run),
    .init(.dynamoDB, "CreateTable", .admin, shape: .createTable, CreateTable.run),
    .init(.dynamoDB, "DeleteBackup", .admin, DeleteBackup.run),
    .init(.dynamoDB, "DeleteItem", .write, shape: .deleteItem, DeleteItem.run),
    .init(.dynamoDB, "DeleteResourcePolicy", .admin, DeleteResourcePolicy.run),
    .init(.dynamoDB, "DeleteTable", .admin, shape: .tableOnly, DeleteTable.run),
    .init(.dynamoDB, "DescribeBackup", .admin, DescribeBackup.run),
    .init(.dynamoDB, "DescribeContinuousBackups", .read, DescribeContinuousBackups.run),
    .init(.dynamoDB, "DescribeContributorInsights", .read, ContributorInsights.describe),
    .init(.dynamoDB, "DescribeEndpoints", nil, DescribeEndpoints.run),
    .init(.dynamoDB, "DescribeExport", .admin, DescribeExport.run),
    .init(.dynamoDB, "DescribeGlobalTable", nil, GlobalTables.describe),
    .init(.dynamoDB, "DescribeGlobalTableSettings", nil, GlobalTables.describe),
    .init(.dynamoDB, "DescribeImport", .admin, DescribeImport.run),
    .init(.dynamoDB, "DescribeKinesisStreamingDestination", .read, KinesisDestinations.describe),
    .init(.dynamoDB, "DescribeLimits", nil, DescribeLimits.run),
    .init(.dynamoDB, "DescribeTable", .read, shape: .tableOnly, DescribeTable.run),
    .init(.dynamoDB, "DescribeTimeToLive", .read, shape: .tableOnly, DescribeTimeToLive.run),
    .init(.dynamoDB, "DisableKinesisStreamingDestination", .admin, KinesisDestinations.change),
    .init(.dynamoDB, "EnableKinesisStreamingDestination", .admin, KinesisDestinations.enable),
    .init(.dynamoDB, "ExecuteStatement", .write, shape: .executeStatement, ExecuteStatement.run),
    .init(.dynamoDB, "ExecuteTransaction", .write, shape: .executeTransaction, ExecuteTransaction.run),
    .init(.dynamoDB, "ExportTableToPointInTime", .admin, ExportTableToPointInTime.run),
    .init(.dynamoDB, "GetItem", .read, shape: .getItem, GetItem.run),
    .init(.dynamoDB, "GetResourcePolicy", .read, GetResourcePolicy.run),
    .init(.dynamoDB, "ImportTable", .admin, ImportTable.run),
    .init(.dynamoDB, "ListBackups", nil, ListBackups.run),
    .init(.dynamoDB, "ListContributorInsights", nil, ContributorInsights.list),
    .init(.dynamoDB, "ListExports", nil, ListExports.run),
    .init(.dynamoDB, "ListGlobalTables", nil, GlobalTables.list),
    .init(.dynamoDB, "ListImports", nil, ListImports.run),
    .init(.dynamoDB, "ListTables", nil, shape: .listTables, ListTables.run),
    .init(.dynamoDB, "ListTagsOfResource", .read, shape: .tagging, ListTagsOfResource.run),
    .init(.dynamoDB, "PutItem", .write, shape: .putItem, PutItem.run),
    .init(.dynamoDB, "PutResourcePolicy", .admin, PutResourcePolicy.run),
    .init(.dynamoDB, "Query", .read, shape: .query, Query.run),
    .init(.dynamoDB, "RestoreTableFromBackup", .admin, RestoreTableFromBackup.run),
    .init(.dynamoDB, "RestoreTableToPointInTime", .admin, RestoreTableToPointInTime.run),
    .init(.dynamoDB, "Scan", .read, shape: .scan, Scan.run),
    .init(.dynamoDB, "TagResource", .admin, shape: .tagging, TagResource.run),
    .init(.dynamoDB, "TransactGetItems", .read, shape: .transactGetItems, TransactGetItems.run),
    .init(.dynamoDB, "TransactWriteItems", .write, shape: .transactWriteItems, TransactWriteItems.run),
    .init(.dynamoDB, "UntagResource", .admin, shape: .tagging, UntagResource.run),
    .init(.dynamoDB, "UpdateContinuousBackups", .admin, UpdateContinuousBackups.run),
    .init(.dynamoDB, "UpdateContributorInsights", .admin, ContributorInsights.update),
    .init(.dynamoDB, "UpdateItem", .write, shape: .updateItem, UpdateItem.run),
    .init(.dynamoDB, "UpdateKinesisStreamingDestination", .admin, KinesisDestinations.change),
    .init(.dynamoDB, "UpdateTable", .admin, shape: .updateTable, UpdateTable.run),
    .init(.dynamoDB, "UpdateTimeToLive", .admin, shape: .updateTimeToLive, UpdateTimeToLive.run),
    .init(.streams, "DescribeStream", .read, shape: .describeStream, DescribeStream.run),
    .init(.streams, "GetRecords", .read, shape: .getRecords, GetRecords.run),
    .init(.streams, "GetShardIterator", .read, shape: .getShardIterator, GetShardIterator.run),
    .init(.streams, "ListStreams", nil, shape: .listStreams, ListStreams.run),
    .init(.own, "AcceptClockJump", .admin, AcceptClockJump.run),
    .init(.own, "DescribeServer", nil, DescribeServer.run),
    .init(.own, "ExpireItem", .write, ExpireItem.run),
    .init(.own, "FollowLog", .read, FollowLog.run),
    .init(.own, "ReadLog", .read, ReadLog.run),
    .init(.own, "SetTableClock", .admin, SetTableClock.run),
    .init(.own, "VerifyTable", .read, VerifyTable.run),
  ]

  private static let byTarget = Dictionary(uniqueKeysWithValues: all.map { ("\($0.service.rawValue).\($0.name)", $0) })

  static func operation(_ target: String?) throws(DynamoError) -> Operation {
    guard let target, let operation = byTarget[target] else { throw DynamoError(.unknownOperation, "") }
    return operation
  }
}
