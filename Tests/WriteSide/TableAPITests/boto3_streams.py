"""DynamoDB Streams through unmodified boto3."""

import re
import time

import boto3

from boto3_kit import check, config, db, equal, fails, run, table
import sys

streams = boto3.client("dynamodbstreams", endpoint_url=sys.argv[1], config=config)


def stream(view="NEW_AND_OLD_IMAGES", **more):
    made = table(sort=False, StreamSpecification={"StreamEnabled": True, "StreamViewType": view}, **more)
    return made, db.describe_table(TableName=made.name)["Table"]["LatestStreamArn"]


def shards(arn, **more):
    return streams.describe_stream(StreamArn=arn, **more)["StreamDescription"]["Shards"]


def iterator(arn, shard, kind="TRIM_HORIZON", **more):
    return streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType=kind, **more)["ShardIterator"]


def records(arn, kind="TRIM_HORIZON", **more):
    found = []
    for shard in shards(arn):
        found += streams.get_records(ShardIterator=iterator(arn, shard["ShardId"], kind, **more))["Records"]
    return found


@check
def a_record_is_as_aws_writes_it():
    made, arn = stream()
    assert re.fullmatch(r"arn:aws:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[^/]+/stream/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", arn), arn
    made.put_item(Item={"pk": "1", "Message": "New item!"})
    made.put_item(Item={"pk": "1", "Message": "New item!"})
    made.put_item(Item={"pk": "1", "Message": "This item has changed"})
    made.delete_item(Key={"pk": "1"})
    made.delete_item(Key={"pk": "1"})
    found = records(arn)
    equal([record["eventName"] for record in found], ["INSERT", "MODIFY", "REMOVE"])
    first, second, third = [record["dynamodb"] for record in found]
    equal(first["Keys"], {"pk": {"S": "1"}})
    equal(first["NewImage"], {"pk": {"S": "1"}, "Message": {"S": "New item!"}})
    equal("OldImage" in first, False)
    equal(second["OldImage"], first["NewImage"])
    equal("NewImage" in third, False)
    equal((first["SizeBytes"], third["SizeBytes"]), (3 + 19, 3 + 31))
    for record in found:
        equal((record["eventVersion"], record["eventSource"]), ("1.1", "aws:dynamodb"))
        equal("userIdentity" in record, False)
        equal(record["dynamodb"]["StreamViewType"], "NEW_AND_OLD_IMAGES")
        equal(record["dynamodb"]["ApproximateCreationDateTime"].microsecond, 0)
        assert re.fullmatch("[0-9a-f]{32}", record["eventID"]), record
        assert re.fullmatch("[0-9]{21,40}", record["dynamodb"]["SequenceNumber"]), record
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in found]
    assert numbers == sorted(set(numbers)), numbers
    equal([record["eventID"] for record in records(arn)], [record["eventID"] for record in found])


@check
def views_show_what_they_say():
    for view, new, old in [("KEYS_ONLY", 0, 0), ("NEW_IMAGE", 1, 0), ("OLD_IMAGE", 0, 1), ("NEW_AND_OLD_IMAGES", 1, 1)]:
        made, arn = stream(view)
        made.put_item(Item={"pk": "a"})
        made.update_item(Key={"pk": "a"}, UpdateExpression="SET v = :v", ExpressionAttributeValues={":v": 1})
        change = records(arn)[1]["dynamodb"]
        equal(("NewImage" in change, "OldImage" in change), (bool(new), bool(old)))
        equal(change["SizeBytes"], 3 + (6 if new else 0) + (3 if old else 0))
        equal(change["StreamViewType"], view)


@check
def iterators_are_cursors():
    made, arn = stream()
    for number in range(5):
        made.put_item(Item={"pk": f"{number}"})
    shard = shards(arn)[0]
    assert re.fullmatch("shardId-[0-9]{20}-[a-zA-Z0-9]{1,36}", shard["ShardId"]), shard
    equal(list(shard["SequenceNumberRange"]), ["StartingSequenceNumber"])
    shard = shard["ShardId"]
    page = streams.get_records(ShardIterator=iterator(arn, shard), Limit=2)
    equal(len(page["Records"]), 2)
    rest = streams.get_records(ShardIterator=page["NextShardIterator"])
    equal([record["dynamodb"]["Keys"]["pk"]["S"] for record in rest["Records"]], ["2", "3", "4"])
    again = streams.get_records(ShardIterator=rest["NextShardIterator"])
    equal(again["Records"], [])
    latest = iterator(arn, shard, "LATEST")
    made.put_item(Item={"pk": "late"})
    equal(len(streams.get_records(ShardIterator=latest)["Records"]), 1)
    equal(len(streams.get_records(ShardIterator=again["NextShardIterator"])["Records"]), 1)
    third = rest["Records"][0]["dynamodb"]["SequenceNumber"]
    at = lambda kind: streams.get_records(ShardIterator=iterator(arn, shard, kind, SequenceNumber=third))["Records"]
    equal((len(at("AT_SEQUENCE_NUMBER")), len(at("AFTER_SEQUENCE_NUMBER"))), (4, 3))
    fails("ValidationException", None, iterator, arn, shard, "AT_SEQUENCE_NUMBER")
    fails("ValidationException", None, iterator, arn, shard, "LATEST", SequenceNumber=third)
    fails("ValidationException", None, iterator, arn, shard, "AT_SEQUENCE_NUMBER", SequenceNumber="1" * 21)
    fails("ValidationException", None, iterator, arn, shard, "NEWEST")
    fails("ValidationException", None, streams.get_records, ShardIterator="nonsense")
    fails("ValidationException",
          "1 validation error detected: Value '1001' at 'limit' failed to satisfy constraint: Member must have value less than "
          "or equal to 1000", streams.get_records, ShardIterator=latest, Limit=1001)
    fails("ResourceNotFoundException", "Requested resource not found: Shard does not exist", iterator, arn,
          "shardId-00000000000000000000-00000000")
    gone = arn[:-23] + "2001-01-01T00:00:00.000"
    fails("ResourceNotFoundException", f"Requested resource not found: Stream: {gone} not found", shards, gone)
    fails("ValidationException", None, shards, "arn:aws:dynamodb:us-east-1:000000000000:table/nothing-else")


@check
def a_disabled_stream_stays_readable():
    made, arn = stream()
    made.put_item(Item={"pk": "a"})
    update = lambda **more: db.update_table(TableName=made.name, StreamSpecification=more)
    fails("ValidationException", None, update, StreamEnabled=True, StreamViewType="KEYS_ONLY")
    update(StreamEnabled=False)
    fails("ValidationException", None, update, StreamEnabled=False)
    equal(streams.describe_stream(StreamArn=arn)["StreamDescription"]["StreamStatus"], "DISABLED")
    shard = shards(arn)[0]
    equal(sorted(shard["SequenceNumberRange"]), ["EndingSequenceNumber", "StartingSequenceNumber"])
    made.put_item(Item={"pk": "unseen"})
    page = streams.get_records(ShardIterator=iterator(arn, shard["ShardId"]))
    equal((len(page["Records"]), "NextShardIterator" in page), (1, False))
    update(StreamEnabled=True, StreamViewType="KEYS_ONLY")
    newer = db.describe_table(TableName=made.name)["Table"]["LatestStreamArn"]
    assert newer > arn, (newer, arn)
    made.put_item(Item={"pk": "b"})
    equal([record["dynamodb"]["Keys"] for record in records(newer)], [{"pk": {"S": "b"}}])
    equal([listed["StreamArn"] for listed in streams.list_streams(TableName=made.name)["Streams"]], [arn, newer])
    for wrong in ["x" * 40, arn[:arn.rindex("/stream/")], arn + "/x", arn.replace("dynamodb", "kinesis")]:
        fails("ValidationException", "Invalid StreamArn", streams.list_streams, ExclusiveStartStreamArn=wrong)
    page = streams.list_streams(TableName=made.name, Limit=1)
    equal(page["LastEvaluatedStreamArn"], arn)
    page = streams.list_streams(TableName=made.name, Limit=5, ExclusiveStartStreamArn=arn)
    equal(([listed["StreamArn"] for listed in page["Streams"]], "LastEvaluatedStreamArn" in page), ([newer], False))
    db.delete_table(TableName=made.name)
    equal(streams.describe_stream(StreamArn=newer)["StreamDescription"]["StreamStatus"], "DISABLED")
    equal(len(records(newer)), 1)


@check
def each_log_partition_is_a_shard():
    made, arn = stream(Tags=[{"Key": "afterimage:partitions", "Value": "4"}])
    for number in range(40):
        made.put_item(Item={"pk": f"{number}"})
    ids = [shard["ShardId"] for shard in shards(arn)]
    equal((len(ids), ids), (4, sorted(ids)))
    equal(len(records(arn)), 40)
    page = streams.describe_stream(StreamArn=arn, Limit=3)["StreamDescription"]
    equal((len(page["Shards"]), page["LastEvaluatedShardId"]), (3, ids[2]))
    page = streams.describe_stream(StreamArn=arn, ExclusiveStartShardId=ids[2])["StreamDescription"]
    equal(([shard["ShardId"] for shard in page["Shards"]], "LastEvaluatedShardId" in page), (ids[3:], False))
    equal(shards(arn, ShardFilter={"Type": "CHILD_SHARDS", "ShardId": ids[0]}), [])


@check
def a_removal_by_time_to_live_says_so():
    made, arn = stream()
    db.update_time_to_live(TableName=made.name, TimeToLiveSpecification={"AttributeName": "ttl", "Enabled": True})
    made.put_item(Item={"pk": "a", "ttl": int(time.time()) + 1})
    deadline = time.time() + 10
    while len(records(arn)) < 2 and time.time() < deadline:
        time.sleep(0.1)
    removed = records(arn)[1]
    equal((removed["eventName"], removed["userIdentity"]),
          ("REMOVE", {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}))


run()
