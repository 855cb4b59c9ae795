"""A disk that becomes full under a running server. Arguments: the binary, a pipeline's folder, a folder on a small disk of its own."""

import atexit
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

BINARY, PIPELINE, DISK = sys.argv[1:4]
COMMAND = [BINARY, "dev", "--data", DISK + "/data", "--port", "0", "--page-port", "0", "-p", PIPELINE]
FULL = "The disk of the table store is full: nothing was written; make room, and writes go on"
LIMIT = 20


def start():
    """A server, which goes with this program."""
    global page
    server = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    atexit.register(server.kill)
    tables = server.stdout.readline().split()[1]
    page = server.stdout.readline().split()[1]
    said = []
    threading.Thread(target=lambda: said.extend(server.stderr), daemon=True).start()
    return server, boto3.client("dynamodb", endpoint_url=tables, config=Config(retries={"max_attempts": 0})), said


def stop(server):
    server.send_signal(signal.SIGINT)
    assert server.wait(10) == 0, "Ctrl-C stops it as ever"


def put(db, number):
    stamp = "2026-01-01T10:00:00Z"
    db.put_item(TableName="Chat", Item={
        "PK": {"S": f"User:{number}"}, "SK": {"S": stamp}, "RoomID": {"S": "r"}, "CreatedAt": {"S": stamp}, "Comment": {"S": "x" * 100_000}})


def refusal(db):
    """Status and message of a write that is refused; nil when it is taken."""
    try:
        put(db, "tried")
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Message"]
    taken.add("User:tried")
    return None


def metric(name):
    """The value of a metric of the server as it is now."""
    text = urllib.request.urlopen(page + "/metrics").read().decode()
    [value] = [line.split()[1] for line in text.splitlines() if line.startswith(name + " ")]
    return float(value)


def scanned(db):
    pages = db.get_paginator("scan").paginate(TableName="Chat", ProjectionExpression="PK")
    return {item["PK"]["S"] for page in pages for item in page["Items"]}


def fill(db):
    """Writes until the disk is full."""
    while True:
        try:
            put(db, len(taken))
        except ClientError as error:
            assert error.response["Error"]["Message"] == FULL, error
            return
        taken.add(f"User:{len(taken)}")


def fill_for_good(db):
    """The same, until RocksDB has no files left to give up: a whole look later writes are still refused."""
    while True:
        with open(DISK + "/ballast", "ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                pass
        fill(db)
        end = time.monotonic() + 2.5
        while refusal(db) == (500, FULL):
            if time.monotonic() > end:
                return
            time.sleep(0.05)


def resize(size):
    subprocess.run(["mount", "-o", f"remount,size={size}", DISK], check=True)


def until(fact, text):
    end = time.monotonic() + LIMIT
    while not fact():
        assert time.monotonic() < end, text
        time.sleep(0.05)


def followed():
    """The worker has projected everything that was taken."""
    model = sqlite3.connect(f"file:{DISK}/data/read-models/chat-rooms/current.db?mode=ro", uri=True)
    def rows():
        return model.execute("SELECT count(*) FROM room_timeline").fetchone()[0]
    until(lambda: rows() == len(taken), "the read model does not follow")
    model.close()


taken = set()
server, db, said = start()
fill(db)
assert len(taken) > 100, taken
for _ in range(3):
    assert refusal(db) == (500, FULL), refusal(db)
assert scanned(db) == taken, "what was taken is still read"
stop(server)
full = subprocess.run(COMMAND, capture_output=True, text=True)
assert full.returncode == 1 and "No space left on the disk" in full.stderr and "make room" in full.stderr, full

resize("80m")
server, db, said = start()
assert scanned(db) == taken, "nothing that was taken is lost, nothing that was refused is there"
put(db, "after")
taken.add("User:after")
followed()

# It becomes full again, and there is room again: the process goes on by itself. Those who read all the time get answers, or an error that says so.
wrong = []
reading = True


def read():
    while reading:
        try:
            found = scanned(db)
            if not found.issuperset(before):
                wrong.append(f"items are missing: {before - found}")
        except ClientError as error:
            status, message = error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Message"]
            if (status, error.response["Error"]["Code"]) != (500, "InternalServerError") or "/" in message:
                wrong.append(f"{status} {message}")


for size in ("200m", "400m"):
    fill_for_good(db)
    until(lambda: any("writes are refused until its disk takes them again" in line for line in said), "it does not say that it is full")
    assert metric('afterimage_writes_refused{reason="storage"}') == 1, "what is said in the log is in the metrics"
    assert metric('afterimage_writes_refused{reason="clock"}') == 0
    assert metric("afterimage_disk_free_bytes") < 1 << 20 < metric("afterimage_disk_size_bytes")
    before = set(taken)
    reading = True
    readers = [threading.Thread(target=read, daemon=True) for _ in range(3)]
    for reader in readers:
        reader.start()
    resize(size)
    until(lambda: refusal(db) is None, "writes do not go on")
    reading = False
    for reader in readers:
        reader.join()
    assert not wrong, wrong
    until(lambda: any("the table store writes again" in line for line in said), "it does not say that it goes on")
    assert metric('afterimage_writes_refused{reason="storage"}') == 0
    assert metric("afterimage_disk_size_bytes") == float(size[:-1]) * (1 << 20)
    said.clear()
    assert scanned(db) == taken, "nothing that was taken is lost, nothing that was refused is there"
    followed()
stop(server)
server, db, said = start()
assert scanned(db) == taken
followed()
stop(server)
