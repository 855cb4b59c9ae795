"""A server with keys and TLS, through unmodified boto3: argument 1 is the tables' address, 2 the page's, 3 the certificate."""

import json
import ssl
import sys
import time
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

tables, page, certificate = sys.argv[1:]


def client(key, secret):
    return boto3.client("dynamodb", endpoint_url=tables, verify=certificate, region_name="us-east-1", aws_access_key_id=key,
                        aws_secret_access_key=secret, config=Config(retries={"max_attempts": 0}))


def refused(code, call, **more):
    try:
        call(**more)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        assert "s3cret" not in str(error)
        return
    raise AssertionError(f"no {code}")


writer = client("WRITER", "s3cret-of-the-writer")
refused("InvalidSignatureException", client("WRITER", "s3cret-of-another").list_tables)
refused("UnrecognizedClientException", client("NOBODY", "s3cret").list_tables)
refused("AccessDeniedException", writer.delete_table, TableName="Chat")
assert writer.list_tables()["TableNames"] == ["Chat"]


def put(item):
    writer.put_item(TableName="Chat", Item={name: {"S": value} for name, value in item.items()})


put({"PK": "Room:music", "SK": "meta", "CreatedBy": "ana"})
for second in range(3):
    stamp = f"2026-01-01T10:00:0{second}Z"
    put({"PK": "User:ana", "SK": stamp, "RoomID": "music", "CreatedAt": stamp, "Comment": "hello"})


def rows(query):
    context = ssl.create_default_context(cafile=certificate)
    url = f"{page}/v1/pipelines/chat-rooms/queries/{query}"
    request = urllib.request.Request(url, headers={"Authorization": "Bearer s3cret-token-of-the-reader"})
    with urllib.request.urlopen(request, context=context) as answer:
        return json.load(answer)["rows"]


def until(fact):
    deadline = time.time() + 20
    while not fact():
        assert time.time() < deadline
        time.sleep(0.05)


until(lambda: len(rows("room_latest?room=music")) == 3)
writer.delete_item(TableName="Chat", Key={"PK": {"S": "Room:music"}, "SK": {"S": "meta"}})
# The effect of the pipeline deletes the room's comments, signed with the process's own key.
until(lambda: writer.scan(TableName="Chat", Select="COUNT")["Count"] == 0)
