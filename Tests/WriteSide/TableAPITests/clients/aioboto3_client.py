"""aioboto3, unmodified: many calls at once, pages, batches, and the stream that they left."""

import asyncio
import sys

import aioboto3
from boto3.dynamodb.conditions import Key

options = {"endpoint_url": sys.argv[1], "region_name": "us-east-1"}


async def main():
    session = aioboto3.Session()
    async with session.resource("dynamodb", **options) as dynamo:
        table = await dynamo.create_table(
            TableName="aio", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
        await table.wait_until_exists()
        await asyncio.gather(*[table.put_item(Item={"pk": "one", "sk": number, "text": "x" * 3000}) for number in range(200)])
        async with table.batch_writer() as batch:
            for number in range(200, 500):
                await batch.put_item(Item={"pk": "one", "sk": number, "text": "x" * 3000})
        found, start = [], {}
        while True:
            page = await table.query(KeyConditionExpression=Key("pk").eq("one"), **start)
            found += [int(item["sk"]) for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        assert found == list(range(500)), len(found)
        added = await asyncio.gather(*[
            table.update_item(Key={"pk": "counter", "sk": 0}, UpdateExpression="ADD n :one", ExpressionAttributeValues={":one": 1},
                              ReturnValues="UPDATED_NEW") for _ in range(100)])
        assert sorted(int(answer["Attributes"]["n"]) for answer in added) == list(range(1, 101))
        arn = await table.latest_stream_arn
    async with session.client("dynamodbstreams", **options) as streams:
        count = 0
        for shard in (await streams.describe_stream(StreamArn=arn))["StreamDescription"]["Shards"]:
            iterator = (await streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"))["ShardIterator"]
            while True:
                answer = await streams.get_records(ShardIterator=iterator)
                count += len(answer["Records"])
                if not answer["Records"]:
                    break
                iterator = answer["NextShardIterator"]
        assert count == 600, count


asyncio.run(main())
print("aioboto3 ok")
