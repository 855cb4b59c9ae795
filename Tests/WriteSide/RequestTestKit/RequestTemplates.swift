/// Valid requests of every operation, on the tables that `setup` makes: what mutations begin with.
package enum RequestTemplates {
  package struct Template: Sendable {
    package let target: String
    package let body: JSONTree
    /// Makes tables, jobs or files: sent seldom, so that a run does not only make tables.
    package let isHeavy: Bool
  }

  static let definition = """
    "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
    "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"N"},
     {"AttributeName":"g","AttributeType":"S"},{"AttributeName":"r","AttributeType":"N"},{"AttributeName":"b","AttributeType":"B"}],
    "GlobalSecondaryIndexes":[
     {"IndexName":"byG","KeySchema":[{"AttributeName":"g","KeyType":"HASH"},{"AttributeName":"r","KeyType":"RANGE"}],
      "Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["x"]}},
     {"IndexName":"byB","KeySchema":[{"AttributeName":"b","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}],
    "LocalSecondaryIndexes":[{"IndexName":"byR","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},
      {"AttributeName":"r","KeyType":"RANGE"}],"Projection":{"ProjectionType":"KEYS_ONLY"}}],
    "BillingMode":"PAY_PER_REQUEST","StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"}
    """

  static let item = """
    {"pk":{"S":"p1"},"sk":{"N":"1"},"g":{"S":"g1"},"r":{"N":"-1.5e3"},"b":{"B":"AAEC"},"x":{"S":"text"},
     "l":{"L":[{"N":"1"},{"S":"a"},{"L":[{"BOOL":true}]}]},"m":{"M":{"a":{"N":"7"},"deep":{"M":{"b":{"NULL":true}}}}},
     "ss":{"SS":["a","b"]},"ns":{"NS":["1","2.5"]},"bs":{"BS":["AA==","AQ=="]},"due":{"N":"4000000000"}}
    """
  static let key = #"{"pk":{"S":"p1"},"sk":{"N":"1"}}"#
  static let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/T_1"

  /// Sent in this order before anything else, and again when the table has gone.
  package static let setup: [Template] = [
    template("CreateTable", #"{"TableName":"T_1",\#(definition)}"#),
    template("UpdateTimeToLive", #"{"TableName":"T_1","TimeToLiveSpecification":{"AttributeName":"due","Enabled":true}}"#),
    template("PutItem", #"{"TableName":"T_1","Item":\#(item)}"#),
    template(
      "CreateTable",
      #"""
      {"TableName":"H_1","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST",
       "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"B"}],
       "Tags":[{"Key":"afterimage:partitions","Value":"3"}]}
      """#),
    template("PutItem", #"{"TableName":"H_1","Item":{"pk":{"B":"AAEC"},"n":{"N":"1"}}}"#),
  ]

  private static func template(_ target: String, _ body: String, heavy: Bool = false) -> Template {
    let whole = target.contains(".") ? target : "DynamoDB_20120810.\(target)"
    return Template(target: whole, body: JSONTree(body), isHeavy: heavy)
  }

  /// Our own operations, and DynamoDB Streams.
  private static let own = "Afterimage_20261121."
  private static let streams = "DynamoDBStreams_20120810."

  /// `streamARN`, `shard` and `iterator` are such as the server has given; `backup` likewise.
  package static func all(streamARN: String, shard: String, iterator: String) -> [Template] {
    items + reads + partiQL + tables + [
      template(streams + "ListStreams", #"{"TableName":"T_1","Limit":10}"#),
      template(streams + "DescribeStream", #"{"StreamArn":"\#(streamARN)","Limit":10,"ExclusiveStartShardId":"\#(shard)"}"#),
      template(
        streams + "DescribeStream",
        #"{"StreamArn":"\#(streamARN)","ShardFilter":{"Type":"CHILD_SHARDS","ShardId":"\#(shard)"}}"#),
      template(
        streams + "GetShardIterator",
        #"{"StreamArn":"\#(streamARN)","ShardId":"\#(shard)","ShardIteratorType":"TRIM_HORIZON"}"#),
      template(
        streams + "GetShardIterator",
        #"""
        {"StreamArn":"\#(streamARN)","ShardId":"\#(shard)","ShardIteratorType":"AFTER_SEQUENCE_NUMBER",
         "SequenceNumber":"100000000000000000001"}
        """#),
      template(streams + "GetRecords", #"{"ShardIterator":"\#(iterator)","Limit":100}"#),
      template(own + "ReadLog", #"{"TableName":"T_1","Partition":0,"After":"0","Limit":10,"WaitMilliseconds":0}"#),
      template(own + "ReadLog", #"{"TableName":"H_1","Partition":2,"Limit":10}"#),
      template(own + "FollowLog", #"{"TableName":"T_1"}"#),
      template(
        own + "FollowLog",
        #"{"TableName":"T_1","TableId":"0123456789abcdef","Partition":0,"After":"0","Limit":10,"Bytes":1000,"WaitMilliseconds":0}"#
      ),
    ]
  }

  static let items: [Template] = [
    template("GetItem", #"{"TableName":"T_1","Key":\#(key),"ConsistentRead":true,"ReturnConsumedCapacity":"INDEXES"}"#),
    template(
      "GetItem",
      ##"{"TableName":"T_1","Key":\##(key),"ProjectionExpression":"x, m.a, l[0], l[2][0], #n","ExpressionAttributeNames":{"#n":"g"}}"##
    ),
    template("GetItem", #"{"TableName":"H_1","Key":{"pk":{"B":"AAEC"}},"AttributesToGet":["n","pk"]}"#),
    template(
      "PutItem", #"{"TableName":"T_1","Item":\#(item),"ReturnValues":"ALL_OLD","ReturnItemCollectionMetrics":"SIZE"}"#),
    template("PutItem", #"{"TableName":"H_1","Item":{"pk":{"B":"AAEC"},"n":{"N":"1E-5"}}}"#),
    template(
      "PutItem",
      ##"""
      {"TableName":"T_1","Item":\##(item),"ConditionExpression":"attribute_not_exists(#x) OR (size(m) < :n AND NOT contains(ss, :s))",
       "ExpressionAttributeNames":{"#x":"none"},"ExpressionAttributeValues":{":n":{"N":"100"},":s":{"S":"z"}},
       "ReturnValuesOnConditionCheckFailure":"ALL_OLD"}
      """##),
    template(
      "PutItem",
      #"""
      {"TableName":"T_1","Item":\#(item),"Expected":{"x":{"ComparisonOperator":"BETWEEN","AttributeValueList":[{"S":"a"},{"S":"z"}]},
       "m":{"Exists":false}},"ConditionalOperator":"OR"}
      """#),
    template(
      "UpdateItem",
      ##"""
      {"TableName":"T_1","Key":\##(key),"ReturnValues":"UPDATED_NEW",
       "UpdateExpression":"SET #r = if_not_exists(#r, :z) + :n, l = list_append(l, :l), m.a = :n REMOVE m.deep.b ADD ns :ns DELETE ss :ss",
       "ConditionExpression":"sk BETWEEN :z AND :n AND x IN (:s, :t) AND begins_with(x, :s) AND attribute_type(m, :t)",
       "ExpressionAttributeNames":{"#r":"r"},"ExpressionAttributeValues":{":z":{"N":"0"},":n":{"N":"1"},":l":{"L":[{"N":"3"}]},
        ":s":{"S":"text"},":t":{"S":"M"},":ns":{"NS":["9"]},":ss":{"SS":["a"]}}}
      """##),
    template(
      "UpdateItem",
      #"""
      {"TableName":"T_1","Key":\#(key),"UpdateExpression":"SET x = :s, big = :n - :m, o = :o, l[1] = :s REMOVE l[5]",
       "ExpressionAttributeValues":{":s":{"S":"q"},":n":{"N":"1E125"},":m":{"N":"-9E124"},":o":{"M":{"k":{"L":[]}}}},"ReturnValues":"ALL_NEW"}
      """#),
    template(
      "UpdateItem",
      #"""
      {"TableName":"T_1","Key":\#(key),"AttributeUpdates":{"x":{"Action":"PUT","Value":{"S":"v"}},"cnt":{"Action":"ADD","Value":{"N":"1"}},
       "ss":{"Action":"DELETE","Value":{"SS":["a"]}}},"ReturnValues":"ALL_OLD"}
      """#),
    template("DeleteItem", #"{"TableName":"T_1","Key":\#(key),"ReturnValues":"ALL_OLD","ReturnConsumedCapacity":"TOTAL"}"#),
    template(
      "DeleteItem",
      #"{"TableName":"T_1","Key":\#(key),"ConditionExpression":"r <> :v","ExpressionAttributeValues":{":v":{"N":"5"}}}"#),
    template(
      "BatchGetItem",
      #"{"RequestItems":{"T_1":{"Keys":[\#(key),{"pk":{"S":"p2"},"sk":{"N":"2"}}],"ProjectionExpression":"x"},"H_1":{"Keys":[{"pk":{"B":"AAEC"}}]}}}"#
    ),
    template(
      "BatchWriteItem",
      #"{"RequestItems":{"T_1":[{"PutRequest":{"Item":\#(item)}},{"DeleteRequest":{"Key":{"pk":{"S":"p9"},"sk":{"N":"9"}}}}]},"ReturnConsumedCapacity":"INDEXES"}"#
    ),
    template(
      "TransactGetItems",
      #"{"TransactItems":[{"Get":{"TableName":"T_1","Key":\#(key),"ProjectionExpression":"x"}},{"Get":{"TableName":"H_1","Key":{"pk":{"B":"AAEC"}}}}]}"#
    ),
    template(
      "TransactWriteItems",
      #"""
      {"ClientRequestToken":"token-1","TransactItems":[{"Put":{"TableName":"T_1","Item":\#(item)}},
       {"Update":{"TableName":"T_1","Key":{"pk":{"S":"p2"},"sk":{"N":"2"}},"UpdateExpression":"SET x = :x",
        "ExpressionAttributeValues":{":x":{"S":"y"}}}},
       {"Delete":{"TableName":"T_1","Key":{"pk":{"S":"p3"},"sk":{"N":"3"}}}},
       {"ConditionCheck":{"TableName":"H_1","Key":{"pk":{"B":"AAEC"}},"ConditionExpression":"attribute_exists(n)"}}]}
      """#),
    template(
      own + "ExpireItem", #"{"TableName":"T_1","Key":\#(key),"SeenAbsent":["x"],"SeenThrough":"0123456789abcdef:0:1"}"#),
    template(
      own + "ImportItems",
      #"{"TableName":"T_1","Import":"x","Batch":1,"RowsBefore":0,"Lift":true,"Rows":[{"Item":\#(item)},{"Item":\#(item)}]}"#
    ),
    template(own + "ImportItems", #"{"TableName":"T_1","TableId":"0123456789abcdef","Import":"x","Forget":true}"#),
  ]

  static let reads: [Template] = [
    template(
      "Query",
      ##"""
      {"TableName":"T_1","KeyConditionExpression":"pk = :p AND sk BETWEEN :a AND :b","FilterExpression":"attribute_exists(x) AND size(#l) > :a",
       "ProjectionExpression":"pk, sk, #l[0]","ExpressionAttributeNames":{"#l":"l"},
       "ExpressionAttributeValues":{":p":{"S":"p1"},":a":{"N":"0"},":b":{"N":"9"}},"Limit":10,"ScanIndexForward":false,
       "ExclusiveStartKey":{"pk":{"S":"p1"},"sk":{"N":"5"}}}
      """##),
    template(
      "Query",
      #"""
      {"TableName":"T_1","IndexName":"byG","KeyConditionExpression":"g = :g AND r > :r","Select":"COUNT",
       "ExpressionAttributeValues":{":g":{"S":"g1"},":r":{"N":"-99999"}},
       "ExclusiveStartKey":{"pk":{"S":"p1"},"sk":{"N":"5"},"g":{"S":"g1"},"r":{"N":"0"}}}
      """#),
    template(
      "Query",
      #"""
      {"TableName":"T_1","IndexName":"byR","ConsistentRead":true,"KeyConditions":{"pk":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"p1"}]},
       "r":{"ComparisonOperator":"LE","AttributeValueList":[{"N":"0"}]}},"QueryFilter":{"x":{"ComparisonOperator":"NOT_NULL"}}}
      """#),
    template(
      "Query",
      #"{"TableName":"T_1","IndexName":"byB","KeyConditionExpression":"b = :b","ExpressionAttributeValues":{":b":{"B":"AAEC"}}}"#),
    template("Scan", #"{"TableName":"T_1","Segment":3,"TotalSegments":7,"Limit":5,"ReturnConsumedCapacity":"TOTAL"}"#),
    template(
      "Scan",
      #"""
      {"TableName":"T_1","IndexName":"byG","FilterExpression":"x = :x OR due >= :n","Select":"ALL_PROJECTED_ATTRIBUTES",
       "ExpressionAttributeValues":{":x":{"S":"text"},":n":{"N":"1"}}}
      """#),
    template(
      "Scan",
      #"{"TableName":"T_1","ScanFilter":{"x":{"ComparisonOperator":"BEGINS_WITH","AttributeValueList":[{"S":"t"}]}},"ExclusiveStartKey":\#(key)}"#
    ),
  ]

  static let partiQL: [Template] = [
    template(
      "ExecuteStatement",
      #"""
      {"Statement":"SELECT x, m.a, l[0] FROM \"T_1\" WHERE pk = ? AND sk BETWEEN 0 AND ? AND (attribute_type(x, 'S') OR NOT size(l) > 3)",
       "Parameters":[{"S":"p1"},{"N":"9"}],"Limit":5,"ConsistentRead":true}
      """#),
    template(
      "ExecuteStatement", #"{"Statement":"SELECT * FROM T_1.byG WHERE g IN ['g1', 'g2'] ORDER BY r DESC","NextToken":"AAAA"}"#),
    template(
      "ExecuteStatement",
      #"{"Statement":"SELECT x FROM T_1 WHERE ((pk = 'p1' OR pk = 'p2') OR pk IN ['p3', 'p1']) AND (sk > 0 OR x IS MISSING)"}"#),
    template(
      "ExecuteStatement",
      #"{"Statement":"INSERT INTO T_1 VALUE {'pk': 'p1', 'sk': 1e2, 'l': [1, true, null, <<1, 2>>], 'm': {'a': -5}}"}"#),
    template(
      "ExecuteStatement",
      #"{"Statement":"UPDATE T_1 SET x = ? SET l = list_append(l, [1]) REMOVE m.a WHERE pk = 'p1' AND sk = 1 RETURNING ALL NEW *","Parameters":[{"S":"z"}]}"#
    ),
    template(
      "ExecuteStatement", #"{"Statement":"DELETE FROM T_1 WHERE pk = 'p1' AND sk = 1 AND x <> 'it''s' RETURNING ALL OLD *"}"#),
    template(
      "BatchExecuteStatement",
      #"{"Statements":[{"Statement":"SELECT * FROM T_1 WHERE pk = 'p1' AND sk = 1"},{"Statement":"SELECT * FROM H_1 WHERE pk = ?","Parameters":[{"B":"AAEC"}]}]}"#
    ),
    template(
      "ExecuteTransaction",
      #"{"ClientRequestToken":"t","TransactStatements":[{"Statement":"INSERT INTO T_1 VALUE {'pk':'p5','sk':5}"},{"Statement":"UPDATE T_1 SET x = 1 WHERE pk = 'p1' AND sk = 1"}]}"#
    ),
    template(
      "ExecuteTransaction",
      #"{"TransactStatements":[{"Statement":"EXISTS(SELECT * FROM T_1 WHERE pk = 'p1' AND sk = 1 AND x = 'text')"},{"Statement":"DELETE FROM T_1 WHERE pk = 'p7' AND sk = 7"}]}"#
    ),
  ]

  static let tables: [Template] = [
    template("ListTables", #"{"Limit":10,"ExclusiveStartTableName":"A_1"}"#),
    template("DescribeTable", #"{"TableName":"T_1"}"#),
    template("DescribeTable", #"{"TableName":"\#(arn)"}"#),
    template("DescribeTimeToLive", #"{"TableName":"T_1"}"#),
    template("DescribeLimits", "{}"),
    template("DescribeEndpoints", "{}"),
    template("DescribeContinuousBackups", #"{"TableName":"T_1"}"#),
    template("DescribeContributorInsights", #"{"TableName":"T_1"}"#),
    template("DescribeKinesisStreamingDestination", #"{"TableName":"T_1"}"#),
    template("DescribeGlobalTable", #"{"GlobalTableName":"T_1"}"#),
    template("ListGlobalTables", #"{"Limit":5}"#),
    template(
      "ListBackups", #"{"TableName":"T_1","Limit":5,"TimeRangeLowerBound":1.5e9,"TimeRangeUpperBound":1.9e9,"BackupType":"USER"}"#
    ),
    template("ListExports", #"{"TableArn":"\#(arn)","MaxResults":5}"#),
    template("ListImports", #"{"PageSize":5}"#),
    template("ListContributorInsights", #"{"MaxResults":5}"#),
    template(
      "UpdateContributorInsights",
      #"{"TableName":"T_1","ContributorInsightsAction":"ENABLE","ContributorInsightsMode":"THROTTLED_KEYS"}"#),
    template("ListTagsOfResource", #"{"ResourceArn":"\#(arn)"}"#),
    template("TagResource", #"{"ResourceArn":"\#(arn)","Tags":[{"Key":"k","Value":"v"}]}"#),
    template("UntagResource", #"{"ResourceArn":"\#(arn)","TagKeys":["k"]}"#),
    template("GetResourcePolicy", #"{"ResourceArn":"\#(arn)"}"#),
    template("PutResourcePolicy", #"{"ResourceArn":"\#(arn)","Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[]}"}"#),
    template("DeleteResourcePolicy", #"{"ResourceArn":"\#(arn)"}"#),
    template(
      "UpdateTimeToLive", #"{"TableName":"H_1","TimeToLiveSpecification":{"AttributeName":"n","Enabled":true}}"#, heavy: true),
    template(
      "UpdateContinuousBackups",
      #"{"TableName":"T_1","PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":true,"RecoveryPeriodInDays":7}}"#),
    template(
      "CreateTable",
      #"{"TableName":"S_1",\#(definition),"Tags":[{"Key":"afterimage:partitions","Value":"2"},{"Key":"afterimage:private","Value":"x"}],"SSESpecification":{"Enabled":true},"TableClass":"STANDARD","DeletionProtectionEnabled":false}"#,
      heavy: true),
    template("DeleteTable", #"{"TableName":"S_1"}"#, heavy: true),
    template(
      "UpdateTable",
      #"""
      {"TableName":"H_1","BillingMode":"PROVISIONED","ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":5},
       "AttributeDefinitions":[{"AttributeName":"n","AttributeType":"N"}],
       "GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"byN","KeySchema":[{"AttributeName":"n","KeyType":"HASH"}],
        "Projection":{"ProjectionType":"ALL"},"ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":1}}}]}
      """#, heavy: true),
    template("UpdateTable", #"{"TableName":"H_1","GlobalSecondaryIndexUpdates":[{"Delete":{"IndexName":"byN"}}]}"#, heavy: true),
    template(
      "UpdateTable", #"{"TableName":"H_1","StreamSpecification":{"StreamEnabled":true,"StreamViewType":"KEYS_ONLY"}}"#,
      heavy: true),
    template("UpdateTable", #"{"TableName":"H_1","StreamSpecification":{"StreamEnabled":false}}"#, heavy: true),
    template("CreateBackup", #"{"TableName":"H_1","BackupName":"b-1"}"#, heavy: true),
    template("DescribeBackup", #"{"BackupArn":"\#(arn)/backup/01700000000000-00000001"}"#),
    template("DeleteBackup", #"{"BackupArn":"\#(arn)/backup/01700000000000-00000001"}"#),
    template(
      "RestoreTableFromBackup", #"{"TargetTableName":"R_1","BackupArn":"\#(arn)/backup/01700000000000-00000001"}"#, heavy: true),
    template(
      "RestoreTableToPointInTime",
      #"{"SourceTableName":"T_1","TargetTableName":"S_1","RestoreDateTime":1700000000.5}"#,
      heavy: true),
    template(
      "ExportTableToPointInTime", #"{"TableArn":"\#(arn)","S3Bucket":"bucket","S3Prefix":"p","ExportTime":1700000000.25}"#,
      heavy: true),
    template("DescribeExport", #"{"ExportArn":"\#(arn)/export/01700000000000-00000001"}"#),
    template(
      "ImportTable",
      #"""
      {"S3BucketSource":{"S3Bucket":"bucket","S3KeyPrefix":"p"},"InputFormat":"CSV","InputFormatOptions":{"Csv":{"Delimiter":";","HeaderList":["pk"]}},
       "InputCompressionType":"NONE","TableCreationParameters":{"TableName":"S_1",\#(definition)}}
      """#, heavy: true),
    template("DescribeImport", #"{"ImportArn":"\#(arn)/import/01700000000000-00000001"}"#),
    template("EnableKinesisStreamingDestination", #"{"TableName":"T_1","StreamArn":"\#(arn)"}"#),
    template(own + "DescribeServer", "{}"),
    template(own + "SetTableClock", #"{"TableName":"T_1","Clock":"live"}"#),
    template(own + "VerifyTable", #"{"TableName":"H_1"}"#, heavy: true),
  ]
}

extension RequestTemplates {
  /// Every template, without a server that would have given streams and iterators.
  package static var seeds: [(body: [UInt8], tree: JSONTree)] {
    all(streamARN: arn + "/stream/2026-01-01T00:00:00.000", shard: "shardId-00000000000000000000-00000000", iterator: "a|1|AAAA")
      .map { ($0.body.bytes, $0.body) }
  }
}

extension RawRequests {
  /// The bytes of so many connections.
  package static func seeds(_ count: Int) -> [[UInt8]] {
    var requests = RawRequests(seed: 1)
    return (0..<count).map { _ in Array(requests.next().pieces.joined().prefix(8192)) }
  }
}

extension JSONTree {
  /// Every string that is a member of this name, anywhere in the tree.
  package func strings(named name: String) -> [String] {
    switch self {
    case .object(let members):
      members.flatMap { member -> [String] in
        if member.name == name, case .string(let text) = member.value { return [text] }
        return member.value.strings(named: name)
      }
    case .array(let elements): elements.flatMap { $0.strings(named: name) }
    default: []
    }
  }
}
