"""A directory that cannot be written when the server is started, and later can. Arguments: the binary, a pipeline's folder, a folder on a file
system of its own."""

import atexit
import signal
import subprocess
import sys

import boto3
from botocore.config import Config

BINARY, PIPELINE, DISK = sys.argv[1:4]
DATA = DISK + "/data"
COMMAND = [BINARY, "dev", "--data", DATA, "--port", "0", "--page-port", "0", "-p", PIPELINE]


def start():
    """A server, which goes with this program."""
    server = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    atexit.register(server.kill)
    tables = server.stdout.readline().split()[1]
    return server, boto3.client("dynamodb", endpoint_url=tables, config=Config(retries={"max_attempts": 0}))


def mode(name):
    subprocess.run(["mount", "-o", f"remount,{name}", DISK], check=True)


def put(db, name):
    db.put_item(TableName="Chat", Item={"PK": {"S": name}, "SK": {"S": "s"}})


def names(db):
    return sorted(item["PK"]["S"] for item in db.scan(TableName="Chat")["Items"])


def stop(server):
    server.send_signal(signal.SIGINT)
    assert server.wait(10) == 0


server, db = start()
put(db, "a")
stop(server)

mode("ro")
refused = subprocess.run(COMMAND, capture_output=True, text=True)
assert refused.returncode == 1, refused
assert f"the data directory {DATA} cannot be written: Read-only file system" in refused.stderr and "--data" in refused.stderr, refused
doctor = subprocess.run([BINARY, "doctor", "--data", DATA, "--endpoint", "http://127.0.0.1:1", "--server", "http://127.0.0.1:1"],
                        capture_output=True, text=True)
assert doctor.returncode == 3 and f"{DATA} cannot be written: Read-only file system" in doctor.stdout, doctor

mode("rw")
server, db = start()
assert names(db) == ["a"]
put(db, "b")
stop(server)
