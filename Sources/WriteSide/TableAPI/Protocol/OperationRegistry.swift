internal import AccessKeys
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
  /// Whether it reads the bytes of its requests by itself, because they are large.
  let readsBytes: Bool
  /// Of its requests; nil for our own operations.
  private let shape: RequestShape?
  private let body: Run

  init(
    _ service: Service, _ name: String, _ access: AccessKind?, readsBytes: Bool = false,
    run body: @escaping Run
  ) {
    self.service = service
    self.name = name
    self.access = access
    shape = service == .own ? nil : RequestShape.inputs[name]
    self.readsBytes = readsBytes
    self.body = body
  }

  /// Carries it out. JSON of a wrong type is reported before anything else that is wrong with a request.
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
    .init(.dynamoDB, "BatchExecuteStatement", .write, run: BatchExecuteStatement.run),
    .init(.dynamoDB, "BatchGetItem", .read, run: BatchGetItem.run),
    .init(.dynamoDB, "BatchWriteItem", .write, run: BatchWriteItem.run),
    .init(.dynamoDB, "CreateBackup", .admin, run: CreateBackup.run),
    .init(.dynamoDB, "CreateTable", .admin, run: CreateTable.run),
    .init(.dynamoDB, "DeleteBackup", .admin, run: DeleteBackup.run),
    .init(.dynamoDB, "DeleteItem", .write, run: DeleteItem.run),
    .init(.dynamoDB, "DeleteResourcePolicy", .admin, run: DeleteResourcePolicy.run),
    .init(.dynamoDB, "DeleteTable", .admin, run: DeleteTable.run),
    .init(.dynamoDB, "DescribeBackup", .admin, run: DescribeBackup.run),
    .init(.dynamoDB, "DescribeContinuousBackups", .read, run: DescribeContinuousBackups.run),
    .init(.dynamoDB, "DescribeContributorInsights", .read, run: ContributorInsights.describe),
    .init(.dynamoDB, "DescribeEndpoints", nil, run: DescribeEndpoints.run),
    .init(.dynamoDB, "DescribeExport", .admin, run: DescribeExport.run),
    .init(.dynamoDB, "DescribeGlobalTable", nil, run: GlobalTables.describe),
    .init(.dynamoDB, "DescribeGlobalTableSettings", nil, run: GlobalTables.describe),
    .init(.dynamoDB, "DescribeImport", .admin, run: DescribeImport.run),
    .init(.dynamoDB, "DescribeKinesisStreamingDestination", .read, run: KinesisDestinations.describe),
    .init(.dynamoDB, "DescribeLimits", nil, run: DescribeLimits.run),
    .init(.dynamoDB, "DescribeTable", .read, run: DescribeTable.run),
    .init(.dynamoDB, "DescribeTimeToLive", .read, run: DescribeTimeToLive.run),
    .init(.dynamoDB, "DisableKinesisStreamingDestination", .admin, run: KinesisDestinations.change),
    .init(.dynamoDB, "EnableKinesisStreamingDestination", .admin, run: KinesisDestinations.enable),
    .init(.dynamoDB, "ExecuteStatement", .write, run: ExecuteStatement.run),
    .init(.dynamoDB, "ExecuteTransaction", .write, run: ExecuteTransaction.run),
    .init(.dynamoDB, "ExportTableToPointInTime", .admin, run: ExportTableToPointInTime.run),
    .init(.dynamoDB, "GetItem", .read, run: GetItem.run),
    .init(.dynamoDB, "GetResourcePolicy", .read, run: GetResourcePolicy.run),
    .init(.dynamoDB, "ImportTable", .admin, run: ImportTable.run),
    .init(.dynamoDB, "ListBackups", nil, run: ListBackups.run),
    .init(.dynamoDB, "ListContributorInsights", nil, run: ContributorInsights.list),
    .init(.dynamoDB, "ListExports", nil, run: ListExports.run),
    .init(.dynamoDB, "ListGlobalTables", nil, run: GlobalTables.list),
    .init(.dynamoDB, "ListImports", nil, run: ListImports.run),
    .init(.dynamoDB, "ListTables", nil, run: ListTables.run),
    .init(.dynamoDB, "ListTagsOfResource", .read, run: ListTagsOfResource.run),
    .init(.dynamoDB, "PutItem", .write, run: PutItem.run),
    .init(.dynamoDB, "PutResourcePolicy", .admin, run: PutResourcePolicy.run),
    .init(.dynamoDB, "Query", .read, run: Query.run),
    .init(.dynamoDB, "RestoreTableFromBackup", .admin, run: RestoreTableFromBackup.run),
    .init(.dynamoDB, "RestoreTableToPointInTime", .admin, run: RestoreTableToPointInTime.run),
    .init(.dynamoDB, "Scan", .read, run: Scan.run),
    .init(.dynamoDB, "TagResource", .admin, run: TagResource.run),
    .init(.dynamoDB, "TransactGetItems", .read, run: TransactGetItems.run),
    .init(.dynamoDB, "TransactWriteItems", .write, run: TransactWriteItems.run),
    .init(.dynamoDB, "UntagResource", .admin, run: UntagResource.run),
    .init(.dynamoDB, "UpdateContinuousBackups", .admin, run: UpdateContinuousBackups.run),
    .init(.dynamoDB, "UpdateContributorInsights", .admin, run: ContributorInsights.update),
    .init(.dynamoDB, "UpdateItem", .write, run: UpdateItem.run),
    .init(.dynamoDB, "UpdateKinesisStreamingDestination", .admin, run: KinesisDestinations.change),
    .init(.dynamoDB, "UpdateTable", .admin, run: UpdateTable.run),
    .init(.dynamoDB, "UpdateTimeToLive", .admin, run: UpdateTimeToLive.run),
    .init(.streams, "DescribeStream", .read, run: DescribeStream.run),
    .init(.streams, "GetRecords", .read, run: GetRecords.run),
    .init(.streams, "GetShardIterator", .read, run: GetShardIterator.run),
    .init(.streams, "ListStreams", nil, run: ListStreams.run),
    .init(.own, "AcceptClockJump", .admin, run: AcceptClockJump.run),
    .init(.own, "DescribeServer", nil, run: DescribeServer.run),
    .init(.own, "ExpireItem", .write, run: ExpireItem.run),
    .init(.own, "FollowLog", .read, run: FollowLog.run),
    .init(.own, "ImportItems", .write, readsBytes: true, run: ImportItems.run),
    .init(.own, "ReadLog", .read, run: ReadLog.run),
    .init(.own, "SetTableClock", .admin, run: SetTableClock.run),
    .init(.own, "VerifyTable", .read, run: VerifyTable.run),
  ]

  private static let byTarget = Dictionary(uniqueKeysWithValues: all.map { ("\($0.service.rawValue).\($0.name)", $0) })

  static func operation(_ target: String?) throws(DynamoError) -> Operation {
    guard let target, let operation = byTarget[target] else { throw DynamoError(.unknownOperation, "") }
    return operation
  }
}
