// Written by `make service-model` from botocore's models of DynamoDB and DynamoDB Streams, not by hand.

/// The requests of the operations, by the service model.
extension RequestShape {
  static let inputs: [String: RequestShape] = [
    "BatchExecuteStatement": batchExecuteStatementInput, "BatchGetItem": batchGetItemInput,
    "BatchWriteItem": batchWriteItemInput, "CreateBackup": createBackupInput, "CreateTable": createTableInput,
    "DeleteBackup": deleteBackupInput, "DeleteItem": deleteItemInput, "DeleteResourcePolicy": deleteResourcePolicyInput,
    "DeleteTable": deleteTableInput, "DescribeBackup": describeBackupInput,
    "DescribeContinuousBackups": describeContinuousBackupsInput,
    "DescribeContributorInsights": describeContributorInsightsInput, "DescribeEndpoints": describeEndpointsRequest,
    "DescribeExport": describeExportInput, "DescribeGlobalTable": describeGlobalTableInput,
    "DescribeGlobalTableSettings": describeGlobalTableSettingsInput, "DescribeImport": describeImportInput,
    "DescribeKinesisStreamingDestination": describeKinesisStreamingDestinationInput,
    "DescribeLimits": describeLimitsInput, "DescribeStream": describeStreamInput, "DescribeTable": describeTableInput,
    "DescribeTimeToLive": describeTimeToLiveInput,
    "DisableKinesisStreamingDestination": kinesisStreamingDestinationInput,
    "EnableKinesisStreamingDestination": kinesisStreamingDestinationInput, "ExecuteStatement": executeStatementInput,
    "ExecuteTransaction": executeTransactionInput, "ExportTableToPointInTime": exportTableToPointInTimeInput,
    "GetItem": getItemInput, "GetRecords": getRecordsInput, "GetResourcePolicy": getResourcePolicyInput,
    "GetShardIterator": getShardIteratorInput, "ImportTable": importTableInput, "ListBackups": listBackupsInput,
    "ListContributorInsights": listContributorInsightsInput, "ListExports": listExportsInput,
    "ListGlobalTables": listGlobalTablesInput, "ListImports": listImportsInput, "ListStreams": listStreamsInput,
    "ListTables": listTablesInput, "ListTagsOfResource": listTagsOfResourceInput, "PutItem": putItemInput,
    "PutResourcePolicy": putResourcePolicyInput, "Query": queryInput,
    "RestoreTableFromBackup": restoreTableFromBackupInput, "RestoreTableToPointInTime": restoreTableToPointInTimeInput,
    "Scan": scanInput, "TagResource": tagResourceInput, "TransactGetItems": transactGetItemsInput,
    "TransactWriteItems": transactWriteItemsInput, "UntagResource": untagResourceInput,
    "UpdateContinuousBackups": updateContinuousBackupsInput,
    "UpdateContributorInsights": updateContributorInsightsInput, "UpdateItem": updateItemInput,
    "UpdateKinesisStreamingDestination": updateKinesisStreamingDestinationInput, "UpdateTable": updateTableInput,
    "UpdateTimeToLive": updateTimeToLiveInput,
  ]

  private static let attributeDefinition = structure(["AttributeName": .string, "AttributeType": .string])

  private static let attributeValueUpdate = structure(["Action": .string, "Value": .attributeValue])

  private static let batchExecuteStatementInput = structure([
    "ReturnConsumedCapacity": .string, "Statements": .list(batchStatementRequest),
  ])

  private static let batchGetItemInput = structure([
    "RequestItems": .map(keysAndAttributes), "ReturnConsumedCapacity": .string,
  ])

  private static let batchStatementRequest = structure([
    "ConsistentRead": .boolean, "Parameters": .list(.attributeValue), "ReturnValuesOnConditionCheckFailure": .string,
    "Statement": .string,
  ])

  private static let batchWriteItemInput = structure([
    "RequestItems": .map(.list(writeRequest)), "ReturnConsumedCapacity": .string,
    "ReturnItemCollectionMetrics": .string,
  ])

  private static let condition = structure(["AttributeValueList": .list(.attributeValue), "ComparisonOperator": .string])

  private static let conditionCheck = structure([
    "ConditionExpression": .string, "ExpressionAttributeNames": .map(.string),
    "ExpressionAttributeValues": .map(.attributeValue), "Key": .map(.attributeValue),
    "ReturnValuesOnConditionCheckFailure": .string, "TableName": .string,
  ])

  private static let createBackupInput = structure(["BackupName": .string, "TableName": .string])

  private static let createGlobalSecondaryIndexAction = structure([
    "IndexName": .string, "KeySchema": .list(keySchemaElement), "OnDemandThroughput": onDemandThroughput,
    "Projection": projection, "ProvisionedThroughput": provisionedThroughput, "WarmThroughput": warmThroughput,
  ])

  private static let createGlobalTableWitnessGroupMemberAction = structure(["RegionName": .string])

  private static let createReplicationGroupMemberAction = structure([
    "GlobalSecondaryIndexes": .list(replicaGlobalSecondaryIndex), "KMSMasterKeyId": .string,
    "OnDemandThroughputOverride": onDemandThroughputOverride,
    "ProvisionedThroughputOverride": provisionedThroughputOverride, "RegionName": .string,
    "TableClassOverride": .string,
  ])

  private static let createTableInput = structure([
    "AttributeDefinitions": .list(attributeDefinition), "BillingMode": .string, "DeletionProtectionEnabled": .boolean,
    "GlobalSecondaryIndexes": .list(globalSecondaryIndex), "GlobalTableSettingsReplicationMode": .string,
    "GlobalTableSourceArn": .string, "KeySchema": .list(keySchemaElement),
    "LocalSecondaryIndexes": .list(localSecondaryIndex), "OnDemandThroughput": onDemandThroughput,
    "ProvisionedThroughput": provisionedThroughput, "ResourcePolicy": .string, "SSESpecification": sseSpecification,
    "StreamSpecification": streamSpecification, "TableClass": .string, "TableName": .string, "Tags": .list(tag),
    "VectorIndexes": .list(vectorIndex), "WarmThroughput": warmThroughput,
  ])

  private static let createVectorIndexAction = structure([
    "Dimensions": .long, "DistanceFunction": .string, "IndexName": .string, "Projection": projection,
    "SearchSchema": .list(searchSchemaElement), "VectorAttribute": vectorAttributeDefinition,
  ])

  private static let csvOptions = structure(["Delimiter": .string, "HeaderList": .list(.string)])

  private static let delete = structure([
    "ConditionExpression": .string, "ExpressionAttributeNames": .map(.string),
    "ExpressionAttributeValues": .map(.attributeValue), "Key": .map(.attributeValue),
    "ReturnValuesOnConditionCheckFailure": .string, "TableName": .string,
  ])

  private static let deleteBackupInput = structure(["BackupArn": .string])

  private static let deleteGlobalSecondaryIndexAction = structure(["IndexName": .string])

  private static let deleteGlobalTableWitnessGroupMemberAction = structure(["RegionName": .string])

  private static let deleteItemInput = structure([
    "ConditionExpression": .string, "ConditionalOperator": .string, "Expected": .map(expectedAttributeValue),
    "ExpressionAttributeNames": .map(.string), "ExpressionAttributeValues": .map(.attributeValue),
    "Key": .map(.attributeValue), "ReturnConsumedCapacity": .string, "ReturnItemCollectionMetrics": .string,
    "ReturnValues": .string, "ReturnValuesOnConditionCheckFailure": .string, "TableName": .string,
  ])

  private static let deleteReplicationGroupMemberAction = structure(["RegionName": .string])

  private static let deleteRequest = structure(["Key": .map(.attributeValue)])

  private static let deleteResourcePolicyInput = structure(["ExpectedRevisionId": .string, "ResourceArn": .string])

  private static let deleteTableInput = structure(["TableName": .string])

  private static let deleteVectorIndexAction = structure(["IndexName": .string])

  private static let describeBackupInput = structure(["BackupArn": .string])

  private static let describeContinuousBackupsInput = structure(["TableName": .string])

  private static let describeContributorInsightsInput = structure(["IndexName": .string, "TableName": .string])

  private static let describeEndpointsRequest = structure([:])

  private static let describeExportInput = structure(["ExportArn": .string])

  private static let describeGlobalTableInput = structure(["GlobalTableName": .string])

  private static let describeGlobalTableSettingsInput = structure(["GlobalTableName": .string])

  private static let describeImportInput = structure(["ImportArn": .string])

  private static let describeKinesisStreamingDestinationInput = structure(["TableName": .string])

  private static let describeLimitsInput = structure([:])

  private static let describeStreamInput = structure([
    "ExclusiveStartShardId": .string, "Limit": .integer, "ShardFilter": shardFilter, "StreamArn": .string,
  ])

  private static let describeTableInput = structure(["TableName": .string])

  private static let describeTimeToLiveInput = structure(["TableName": .string])

  private static let disassociateReplicationGroupMemberAction = structure([
    "DisassociationMode": .string, "RegionName": .string,
  ])

  private static let enableKinesisStreamingConfiguration = structure(["ApproximateCreationDateTimePrecision": .string])

  private static let executeStatementInput = structure([
    "ConsistentRead": .boolean, "Limit": .integer, "NextToken": .string, "Parameters": .list(.attributeValue),
    "ReturnConsumedCapacity": .string, "ReturnValuesOnConditionCheckFailure": .string, "Statement": .string,
  ])

  private static let executeTransactionInput = structure([
    "ClientRequestToken": .string, "ReturnConsumedCapacity": .string,
    "TransactStatements": .list(parameterizedStatement),
  ])

  private static let expectedAttributeValue = structure([
    "AttributeValueList": .list(.attributeValue), "ComparisonOperator": .string, "Exists": .boolean,
    "Value": .attributeValue,
  ])

  private static let exportTableToPointInTimeInput = structure([
    "ClientToken": .string, "ExportFormat": .string, "ExportTime": .timestamp, "ExportType": .string,
    "FilterSpecification": filterSpecification, "IncrementalExportSpecification": incrementalExportSpecification,
    "S3Bucket": .string, "S3BucketOwner": .string, "S3Prefix": .string, "S3SseAlgorithm": .string,
    "S3SseKmsKeyId": .string, "TableArn": .string,
  ])

  private static let filterSpecification = structure([
    "ExpressionAttributeNames": .map(.string), "ExpressionAttributeValues": .map(.attributeValue),
    "FilterExpression": .string, "KeyConditionExpression": .string, "ProjectionExpression": .string,
  ])

  private static let get = structure([
    "ExpressionAttributeNames": .map(.string), "Key": .map(.attributeValue), "ProjectionExpression": .string,
    "TableName": .string,
  ])

  private static let getItemInput = structure([
    "AttributesToGet": .list(.string), "ConsistentRead": .boolean, "ExpressionAttributeNames": .map(.string),
    "Key": .map(.attributeValue), "ProjectionExpression": .string, "ReturnConsumedCapacity": .string,
    "TableName": .string,
  ])

  private static let getRecordsInput = structure(["Limit": .integer, "ShardIterator": .string])

  private static let getResourcePolicyInput = structure(["ResourceArn": .string])

  private static let getShardIteratorInput = structure([
    "SequenceNumber": .string, "ShardId": .string, "ShardIteratorType": .string, "StreamArn": .string,
    "Timestamp": .timestamp,
  ])

  private static let globalSecondaryIndex = structure([
    "IndexName": .string, "KeySchema": .list(keySchemaElement), "OnDemandThroughput": onDemandThroughput,
    "Projection": projection, "ProvisionedThroughput": provisionedThroughput, "WarmThroughput": warmThroughput,
  ])

  private static let globalSecondaryIndexUpdate = structure([
    "Create": createGlobalSecondaryIndexAction, "Delete": deleteGlobalSecondaryIndexAction,
    "Update": updateGlobalSecondaryIndexAction,
  ])

  private static let globalTableWitnessGroupUpdate = structure([
    "Create": createGlobalTableWitnessGroupMemberAction, "Delete": deleteGlobalTableWitnessGroupMemberAction,
  ])

  private static let importTableInput = structure([
    "ClientToken": .string, "InputCompressionType": .string, "InputFormat": .string,
    "InputFormatOptions": inputFormatOptions, "S3BucketSource": s3BucketSource,
    "TableCreationParameters": tableCreationParameters,
  ])

  private static let incrementalExportSpecification = structure([
    "ExportFromTime": .timestamp, "ExportToTime": .timestamp, "ExportViewType": .string,
  ])

  private static let inputFormatOptions = structure(["Csv": csvOptions])

  private static let keySchemaElement = structure(["AttributeName": .string, "KeyType": .string])

  private static let keysAndAttributes = structure([
    "AttributesToGet": .list(.string), "ConsistentRead": .boolean, "ExpressionAttributeNames": .map(.string),
    "Keys": .list(.map(.attributeValue)), "ProjectionExpression": .string,
  ])

  private static let kinesisStreamingDestinationInput = structure([
    "EnableKinesisStreamingConfiguration": enableKinesisStreamingConfiguration, "StreamArn": .string,
    "TableName": .string,
  ])

  private static let listBackupsInput = structure([
    "BackupType": .string, "ExclusiveStartBackupArn": .string, "Limit": .integer, "TableName": .string,
    "TimeRangeLowerBound": .timestamp, "TimeRangeUpperBound": .timestamp,
  ])

  private static let listContributorInsightsInput = structure([
    "MaxResults": .integer, "NextToken": .string, "TableName": .string,
  ])

  private static let listExportsInput = structure(["MaxResults": .integer, "NextToken": .string, "TableArn": .string])

  private static let listGlobalTablesInput = structure([
    "ExclusiveStartGlobalTableName": .string, "Limit": .integer, "RegionName": .string,
  ])

  private static let listImportsInput = structure(["NextToken": .string, "PageSize": .integer, "TableArn": .string])

  private static let listStreamsInput = structure([
    "ExclusiveStartStreamArn": .string, "Limit": .integer, "TableName": .string,
  ])

  private static let listTablesInput = structure(["ExclusiveStartTableName": .string, "Limit": .integer])

  private static let listTagsOfResourceInput = structure(["NextToken": .string, "ResourceArn": .string])

  private static let localSecondaryIndex = structure([
    "IndexName": .string, "KeySchema": .list(keySchemaElement), "Projection": projection,
  ])

  private static let onDemandThroughput = structure(["MaxReadRequestUnits": .long, "MaxWriteRequestUnits": .long])

  private static let onDemandThroughputOverride = structure(["MaxReadRequestUnits": .long])

  private static let parameterizedStatement = structure([
    "Parameters": .list(.attributeValue), "ReturnValuesOnConditionCheckFailure": .string, "Statement": .string,
  ])

  private static let pointInTimeRecoverySpecification = structure([
    "PointInTimeRecoveryEnabled": .boolean, "RecoveryPeriodInDays": .integer,
  ])

  private static let projection = structure(["NonKeyAttributes": .list(.string), "ProjectionType": .string])

  private static let provisionedThroughput = structure(["ReadCapacityUnits": .long, "WriteCapacityUnits": .long])

  private static let provisionedThroughputOverride = structure(["ReadCapacityUnits": .long])

  private static let put = structure([
    "ConditionExpression": .string, "ExpressionAttributeNames": .map(.string),
    "ExpressionAttributeValues": .map(.attributeValue), "Item": .map(.attributeValue),
    "ReturnValuesOnConditionCheckFailure": .string, "TableName": .string,
  ])

  private static let putItemInput = structure([
    "ConditionExpression": .string, "ConditionalOperator": .string, "Expected": .map(expectedAttributeValue),
    "ExpressionAttributeNames": .map(.string), "ExpressionAttributeValues": .map(.attributeValue),
    "Item": .map(.attributeValue), "ReturnConsumedCapacity": .string, "ReturnItemCollectionMetrics": .string,
    "ReturnValues": .string, "ReturnValuesOnConditionCheckFailure": .string, "TableName": .string,
  ])

  private static let putRequest = structure(["Item": .map(.attributeValue)])

  private static let putResourcePolicyInput = structure([
    "ConfirmRemoveSelfResourceAccess": .boolean, "ExpectedRevisionId": .string, "Policy": .string,
    "ResourceArn": .string,
  ])

  private static let queryInput = structure([
    "AttributesToGet": .list(.string), "ConditionalOperator": .string, "ConsistentRead": .boolean,
    "ExclusiveStartKey": .map(.attributeValue), "ExpressionAttributeNames": .map(.string),
    "ExpressionAttributeValues": .map(.attributeValue), "FilterExpression": .string, "IndexName": .string,
    "KeyConditionExpression": .string, "KeyConditions": .map(condition), "Limit": .integer,
    "ProjectionExpression": .string, "QueryFilter": .map(condition), "ReturnConsumedCapacity": .string,
    "ScanIndexForward": .boolean, "Select": .string, "TableName": .string,
  ])

  private static let replicaGlobalSecondaryIndex = structure([
    "IndexName": .string, "OnDemandThroughputOverride": onDemandThroughputOverride,
    "ProvisionedThroughputOverride": provisionedThroughputOverride,
  ])

  private static let replicationGroupUpdate = structure([
    "Create": createReplicationGroupMemberAction, "Delete": deleteReplicationGroupMemberAction,
    "Disassociate": disassociateReplicationGroupMemberAction, "Update": updateReplicationGroupMemberAction,
  ])

  private static let restoreTableFromBackupInput = structure([
    "BackupArn": .string, "BillingModeOverride": .string, "GlobalSecondaryIndexOverride": .list(globalSecondaryIndex),
    "LocalSecondaryIndexOverride": .list(localSecondaryIndex), "OnDemandThroughputOverride": onDemandThroughput,
    "ProvisionedThroughputOverride": provisionedThroughput, "SSESpecificationOverride": sseSpecification,
    "TargetTableName": .string, "VectorIndexOverride": .list(vectorIndex),
  ])

  private static let restoreTableToPointInTimeInput = structure([
    "BillingModeOverride": .string, "GlobalSecondaryIndexOverride": .list(globalSecondaryIndex),
    "LocalSecondaryIndexOverride": .list(localSecondaryIndex), "OnDemandThroughputOverride": onDemandThroughput,
    "ProvisionedThroughputOverride": provisionedThroughput, "RestoreDateTime": .timestamp,
    "SSESpecificationOverride": sseSpecification, "SourceTableArn": .string, "SourceTableName": .string,
    "TargetTableName": .string, "UseLatestRestorableTime": .boolean, "VectorIndexOverride": .list(vectorIndex),
  ])

  private static let s3BucketSource = structure(["S3Bucket": .string, "S3BucketOwner": .string, "S3KeyPrefix": .string])

  private static let sseSpecification = structure(["Enabled": .boolean, "KMSMasterKeyId": .string, "SSEType": .string])

  private static let scanInput = structure([
    "AttributesToGet": .list(.string), "ConditionalOperator": .string, "ConsistentRead": .boolean,
    "ExclusiveStartKey": .map(.attributeValue), "ExpressionAttributeNames": .map(.string),
    "ExpressionAttributeValues": .map(.attributeValue), "FilterExpression": .string, "IndexName": .string,
    "Limit": .integer, "ProjectionExpression": .string, "ReturnConsumedCapacity": .string,
    "ScanFilter": .map(condition), "Segment": .integer, "Select": .string, "TableName": .string,
    "TotalSegments": .integer,
  ])

  private static let searchSchemaElement = structure(["AttributeName": .string, "SearchSchemaElementType": .string])

  private static let shardFilter = structure(["ShardId": .string, "Type": .string])

  private static let streamSpecification = structure(["StreamEnabled": .boolean, "StreamViewType": .string])

  private static let tableCreationParameters = structure([
    "AttributeDefinitions": .list(attributeDefinition), "BillingMode": .string,
    "GlobalSecondaryIndexes": .list(globalSecondaryIndex), "KeySchema": .list(keySchemaElement),
    "OnDemandThroughput": onDemandThroughput, "ProvisionedThroughput": provisionedThroughput,
    "SSESpecification": sseSpecification, "TableName": .string, "VectorIndexes": .list(vectorIndex),
  ])

  private static let tag = structure(["Key": .string, "Value": .string])

  private static let tagResourceInput = structure(["ResourceArn": .string, "Tags": .list(tag)])

  private static let timeToLiveSpecification = structure(["AttributeName": .string, "Enabled": .boolean])

  private static let transactGetItem = structure(["Get": get])

  private static let transactGetItemsInput = structure([
    "ReturnConsumedCapacity": .string, "TransactItems": .list(transactGetItem),
  ])

  private static let transactWriteItem = structure([
    "ConditionCheck": conditionCheck, "Delete": delete, "Put": put, "Update": update,
  ])

  private static let transactWriteItemsInput = structure([
    "ClientRequestToken": .string, "ReturnConsumedCapacity": .string, "ReturnItemCollectionMetrics": .string,
    "TransactItems": .list(transactWriteItem),
  ])

  private static let untagResourceInput = structure(["ResourceArn": .string, "TagKeys": .list(.string)])

  private static let update = structure([
    "ConditionExpression": .string, "ExpressionAttributeNames": .map(.string),
    "ExpressionAttributeValues": .map(.attributeValue), "Key": .map(.attributeValue),
    "ReturnValuesOnConditionCheckFailure": .string, "TableName": .string, "UpdateExpression": .string,
  ])

  private static let updateContinuousBackupsInput = structure([
    "PointInTimeRecoverySpecification": pointInTimeRecoverySpecification, "TableName": .string,
  ])

  private static let updateContributorInsightsInput = structure([
    "ContributorInsightsAction": .string, "ContributorInsightsMode": .string, "IndexName": .string,
    "TableName": .string,
  ])

  private static let updateGlobalSecondaryIndexAction = structure([
    "IndexName": .string, "OnDemandThroughput": onDemandThroughput, "ProvisionedThroughput": provisionedThroughput,
    "WarmThroughput": warmThroughput,
  ])

  private static let updateItemInput = structure([
    "AttributeUpdates": .map(attributeValueUpdate), "ConditionExpression": .string, "ConditionalOperator": .string,
    "Expected": .map(expectedAttributeValue), "ExpressionAttributeNames": .map(.string),
    "ExpressionAttributeValues": .map(.attributeValue), "Key": .map(.attributeValue), "ReturnConsumedCapacity": .string,
    "ReturnItemCollectionMetrics": .string, "ReturnValues": .string, "ReturnValuesOnConditionCheckFailure": .string,
    "TableName": .string, "UpdateExpression": .string,
  ])

  private static let updateKinesisStreamingConfiguration = structure(["ApproximateCreationDateTimePrecision": .string])

  private static let updateKinesisStreamingDestinationInput = structure([
    "StreamArn": .string, "TableName": .string,
    "UpdateKinesisStreamingConfiguration": updateKinesisStreamingConfiguration,
  ])

  private static let updateReplicationGroupMemberAction = structure([
    "GlobalSecondaryIndexes": .list(replicaGlobalSecondaryIndex), "KMSMasterKeyId": .string,
    "OnDemandThroughputOverride": onDemandThroughputOverride,
    "ProvisionedThroughputOverride": provisionedThroughputOverride, "RegionName": .string,
    "TableClassOverride": .string,
  ])

  private static let updateTableInput = structure([
    "AttributeDefinitions": .list(attributeDefinition), "BillingMode": .string, "DeletionProtectionEnabled": .boolean,
    "DisassociationProtectionEnabled": .boolean, "GlobalSecondaryIndexUpdates": .list(globalSecondaryIndexUpdate),
    "GlobalTableSettingsReplicationMode": .string, "GlobalTableWitnessUpdates": .list(globalTableWitnessGroupUpdate),
    "MultiRegionConsistency": .string, "OnDemandThroughput": onDemandThroughput,
    "ProvisionedThroughput": provisionedThroughput, "ReplicaUpdates": .list(replicationGroupUpdate),
    "SSESpecification": sseSpecification, "StreamSpecification": streamSpecification, "TableClass": .string,
    "TableName": .string, "VectorIndexUpdates": .list(vectorIndexUpdate), "WarmThroughput": warmThroughput,
  ])

  private static let updateTimeToLiveInput = structure([
    "TableName": .string, "TimeToLiveSpecification": timeToLiveSpecification,
  ])

  private static let vectorAttributeDefinition = structure(["AttributeName": .string])

  private static let vectorIndex = structure([
    "Dimensions": .long, "DistanceFunction": .string, "IndexName": .string, "Projection": projection,
    "SearchSchema": .list(searchSchemaElement), "VectorAttribute": vectorAttributeDefinition,
  ])

  private static let vectorIndexUpdate = structure(["Create": createVectorIndexAction, "Delete": deleteVectorIndexAction])

  private static let warmThroughput = structure(["ReadUnitsPerSecond": .long, "WriteUnitsPerSecond": .long])

  private static let writeRequest = structure(["DeleteRequest": deleteRequest, "PutRequest": putRequest])
}
