/// The shapes of the operations on tables, of statements, and of streams: of what the operations look at.
extension RequestShape {
  static let createTable = structure(
    table.and(capacity).and([
      "AttributeDefinitions": attributeDefinitions, "KeySchema": keySchema, "BillingMode": .string,
      "GlobalSecondaryIndexes": .list(index),
      "LocalSecondaryIndexes": .list(index), "StreamSpecification": stream, "SSESpecification": encryption, "Tags": tags,
      "TableClass": .string, "DeletionProtectionEnabled": .boolean, "ResourcePolicy": .string,
    ]))
  static let updateTable = structure(
    table.and(capacity).and([
      "AttributeDefinitions": attributeDefinitions, "BillingMode": .string, "StreamSpecification": stream,
      "SSESpecification": encryption, "TableClass": .string, "DeletionProtectionEnabled": .boolean,
      "GlobalSecondaryIndexUpdates": .list(.structure(["Create": index, "Update": index, "Delete": index])),
    ]))
  static let tableOnly = structure(table)
  static let listTables = structure(["ExclusiveStartTableName": .string, "Limit": .integer])
  static let updateTimeToLive = structure(
    table.and(["TimeToLiveSpecification": .structure(["AttributeName": .string, "Enabled": .boolean])]))
  static let tagging = structure([
    "ResourceArn": .string, "Tags": tags, "TagKeys": .list(.string), "NextToken": .string,
  ])

  static let executeStatement = structure(
    statement.and(["NextToken": .string, "ReturnConsumedCapacity": .string, "Limit": .integer]))
  static let batchExecuteStatement = structure([
    "Statements": .list(.structure(statement)), "ReturnConsumedCapacity": .string,
  ])
  static let executeTransaction = structure([
    "TransactStatements": .list(.structure(statement)), "ClientRequestToken": .string, "ReturnConsumedCapacity": .string,
  ])

  static let listStreams = structure(table.and(["Limit": .integer, "ExclusiveStartStreamArn": .string]))
  static let describeStream = structure([
    "StreamArn": .string, "Limit": .integer, "ExclusiveStartShardId": .string,
    "ShardFilter": .structure(["Type": .string, "ShardId": .string]),
  ])
  static let getShardIterator = structure([
    "StreamArn": .string, "ShardId": .string, "ShardIteratorType": .string, "SequenceNumber": .string,
  ])
  static let getRecords = structure(["ShardIterator": .string, "Limit": .integer])

  private static let table: [String: RequestShape] = ["TableName": .string]
  private static let attributeDefinitions = list(structure(["AttributeName": .string, "AttributeType": .string]))
  private static let keySchema = list(structure(["AttributeName": .string, "KeyType": .string]))
  private static let stream = structure(["StreamEnabled": .boolean, "StreamViewType": .string])
  private static let encryption = structure(["Enabled": .boolean, "SSEType": .string, "KMSMasterKeyId": .string])
  private static let tags = list(structure(["Key": .string, "Value": .string]))
  private static let capacity: [String: RequestShape] = [
    "ProvisionedThroughput": .structure(["ReadCapacityUnits": .long, "WriteCapacityUnits": .long]),
    "OnDemandThroughput": .structure(["MaxReadRequestUnits": .long, "MaxWriteRequestUnits": .long]),
    "WarmThroughput": .structure(["ReadUnitsPerSecond": .long, "WriteUnitsPerSecond": .long]),
  ]
  private static let index = structure(
    capacity.and([
      "IndexName": .string, "KeySchema": keySchema,
      "Projection": .structure(["ProjectionType": .string, "NonKeyAttributes": .list(.string)]),
    ]))
  private static let statement: [String: RequestShape] = [
    "Statement": .string, "Parameters": .list(.attributeValue), "ConsistentRead": .boolean,
    "ReturnValuesOnConditionCheckFailure": .string,
  ]
}
