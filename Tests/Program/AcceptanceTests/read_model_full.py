"""A read model's disk that becomes full while the tables' has room. Arguments: the binary, a folder on a disk of its own."""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request

import boto3
from botocore.config import Config

BINARY, DISK = sys.argv[1:3]
PIPELINE = """
pipeline: notes
tables:
  Notes: { key: { partition: id string } }
items:
  visit: { in: Notes, match: { id: "visit-{name}" }, fields: { text: text } }
  note: { in: Notes, match: { id: "{id}" }, fields: { text: text } }
projections:
  notes: { collection: note, key: [id], columns: [text] }
  visits: { session: visit, key: [name], gap: 300ms, touch: changed(text), expire: delete item }
queries:
  every: { sql: "SELECT id, length(text) FROM notes ORDER BY id" }
"""
LIMIT = 20

MODELS = DISK + "/data/read-models"
os.makedirs(MODELS)
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", MODELS], check=True)
os.makedirs(DISK + "/notes")
with open(DISK + "/notes/pipeline.yaml", "w") as file:
    file.write(PIPELINE)
server = subprocess.Popen(
    [BINARY, "dev", "--data", DISK + "/data", "--port", "0", "--page-port", "0", "-p", DISK + "/notes"],
    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
atexit.register(server.kill)
lines = [server.stdout.readline() for _ in range(2)]
said = []
threading.Thread(target=lambda: said.extend(server.stderr), daemon=True).start()
assert len(lines[1].split()) == 2, (lines, server.stderr.read() if server.poll() is not None else said)
tables, page = (line.split()[1] for line in lines)
db = boto3.client("dynamodb", endpoint_url=tables, config=Config(retries={"max_attempts": 0}))


def until(fact, text):
    end = time.monotonic() + LIMIT
    while not fact():
        assert time.monotonic() < end, (text, said)
        time.sleep(0.05)


def get(path):
    with urllib.request.urlopen(page + path) as answer:
        return json.load(answer)


def stopped():
    return get("/v1/pipelines/notes")["stopped"]


def put(name, size=20_000):
    db.put_item(TableName="Notes", Item={"id": {"S": name}, "text": {"S": "x" * size}})


def visits():
    """Visits whose items are still there; each is to be deleted when its session expires."""
    found = [page["Items"] for page in db.get_paginator("scan").paginate(TableName="Notes", ProjectionExpression="id")]
    return [item for items in found for item in items if item["id"]["S"].startswith("visit-")]


put("visit-before", 1)
number = 0
end = time.monotonic() + LIMIT
while not stopped():
    put(f"{number:05}")
    put(f"visit-{number}", 1)
    number += 1
    assert time.monotonic() < end, "the disk does not become full"
for _ in range(20):
    put(f"{number:05}")
    put(f"visit-{number}", 1)
    number += 1
assert any("the disk is full" in reason for reason in stopped()), stopped()
assert any("the read model cannot be written" in line and "the disk is full" in line for line in said), said
shown = [row[0] for row in get("/v1/pipelines/notes/queries/every")["rows"]]
assert shown, "what was committed is still answered"
doctor = subprocess.run([BINARY, "doctor", "--data", DISK + "/data", "--endpoint", tables, "--server", page], capture_output=True, text=True)
assert doctor.returncode == 3 and "the disk is full" in doctor.stdout, doctor
assert server.poll() is None, "the process goes on"

subprocess.run(["mount", "-o", "remount,size=100m", MODELS], check=True)
wanted = [[f"{each:05}", 20_000] for each in range(number)]
until(lambda: get("/v1/pipelines/notes/queries/every")["rows"] == wanted, "the read model does not catch up")
until(lambda: visits() == [], "effects are not carried out")
until(lambda: stopped() == [], "it still says that it stands")
server.send_signal(signal.SIGINT)
assert server.wait(10) == 0
