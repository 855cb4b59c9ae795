"""A disk that becomes full under a running server. Arguments: the binary, a pipeline's folder, a folder on a small disk of its own."""

import json
import signal
import subprocess
import sys
import time
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

BINARY, PIPELINE, DISK = sys.argv[1:4]
COMMAND = [BINARY, "dev", "--data", DISK + "/data", "--port", "0", "--page-port", "0", "-p", PIPELINE]


def start():
    server = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True)
    tables = server.stdout.readline().split()[1]
    page = server.stdout.readline().split()[1]
    return server, page, boto3.client("dynamodb", endpoint_url=tables, config=Config(retries={"max_attempts": 0}))


def put(db, number):
    stamp = "2026-01-01T10:00:00Z"
    db.put_item(TableName="Chat", Item={
        "PK": {"S": f"User:{number}"}, "SK": {"S": stamp}, "RoomID": {"S": "r"}, "CreatedAt": {"S": stamp}, "Comment": {"S": "x" * 30_000}})


def refused(db):
    try:
        put(db, "refused")
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Message"]
    return None


def scanned(db):
    pages = db.get_paginator("scan").paginate(TableName="Chat", ProjectionExpression="PK")
    return {item["PK"]["S"] for page in pages for item in page["Items"]}


server, page, db = start()
taken = set()
while True:
    try:
        put(db, len(taken))
    except ClientError as error:
        assert "The disk of the table store is full: nothing was written" in error.response["Error"]["Message"], error
        break
    taken.add(f"User:{len(taken)}")
assert len(taken) > 100, taken
for _ in range(3):
    assert refused(db) == (500, "The disk of the table store is full: nothing was written; make room and start the server again"), refused(db)
assert scanned(db) == taken, "what was taken is still read"
server.send_signal(signal.SIGINT)
assert server.wait(10) == 0, "Ctrl-C stops it as ever"

full = subprocess.run(COMMAND, capture_output=True, text=True)
assert full.returncode == 1 and "No space left on the disk" in full.stderr and "make room" in full.stderr, full

subprocess.run(["mount", "-o", "remount,size=200m", DISK], check=True)
server, page, db = start()
assert scanned(db) == taken, "nothing that was taken is lost, nothing that was refused is there"
put(db, "after")
end = time.monotonic() + 10
while True:
    with urllib.request.urlopen(page + "/v1/pipelines/chat-rooms/queries/room_comments?room=r") as answer:
        found = len(json.load(answer)["rows"])
    if found == len(taken) + 1:
        break
    assert time.monotonic() < end, (found, len(taken) + 1)
    time.sleep(0.05)
server.send_signal(signal.SIGINT)
assert server.wait(10) == 0
