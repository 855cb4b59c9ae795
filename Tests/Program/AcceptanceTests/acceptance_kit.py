"""What the acceptance programs share: clients, named queries with a freshness bound, and three ways of running.

Arguments: table endpoint, page endpoint, folder with the read models, way. A scenario is a generator: it yields between writing and
reading. Ways:
  plain    each scenario runs straight through, several at a time; at the end all read models are built again from the log
           into an empty folder and must have the same rows
  killed   all scenarios run side by side from yield to yield, and at each yield the server is killed with -9 and started again
"""

import json
import sqlite3
import sys
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

TABLES, PAGE, MODELS, WAY = sys.argv[1:5]
W = 5.0
POLL = 0.05
E = 1.0 + W

db = boto3.client("dynamodb", endpoint_url=TABLES, config=Config(retries={"max_attempts": 0}, max_pool_connections=32))
scenarios = []
only = sys.argv[5:]


def scenario(function):
    scenarios.append(function)
    return function


def item(values):
    """Plain values as an item."""
    return {name: {"N": str(value)} if isinstance(value, (int, float)) else {"S": value} for name, value in values.items()}


class NotReady(Exception):
    """The server has just been started."""


def get(path, **parameters):
    pairs = [(name, value) for name, value in parameters.items() if value is not None]
    try:
        with urllib.request.urlopen(f"{PAGE}{path}?{urllib.parse.urlencode(pairs)}", timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 503:
            raise NotReady(path) from None
        raise AssertionError(f"GET {path}: {error.code} {error.read()}") from None


def rows(pipeline, query, **parameters):
    """A named query's rows as dictionaries."""
    answer = get(f"/v1/pipelines/{pipeline}/queries/{query}", **parameters)
    return [dict(zip(answer["columns"], row)) for row in answer["rows"]]


def own(operation, **body):
    """One of the table server's own operations."""
    request = urllib.request.Request(TABLES, json.dumps(body).encode(), {
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"Afterimage_20261121.{operation}", "X-Amz-Date": "20260101T000000Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def log(table):
    """All change records of a table, partition after partition."""
    found, partition, count = [], 0, 1
    while partition < count:
        after = "0"
        while True:
            answer = own("ReadLog", TableName=table, Partition=partition, After=after, Limit=1000)
            count = answer["Partitions"]
            found += answer["Records"]
            if answer["End"] == after:
                break
            after = answer["End"]
        partition += 1
    return found


def records(table, **keys):
    """The change records of one item."""
    return [record for record in log(table) if record["dynamodb"]["Keys"] == item(keys)]


def shows(question, wanted, within=W):
    """The answer must become this within the bound."""
    end = time.monotonic() + within
    while True:
        try:
            found = question()
        except NotReady:
            found = "the answer that it is not ready"
        if found == wanted:
            return
        if time.monotonic() > end:
            raise AssertionError(f"after {within} s found\n  {found!r}\nwanted\n  {wanted!r}")
        time.sleep(POLL)


def stays(question, wanted):
    """The answer is this and is it still for twice the bound; a moment is enough where the server is killed anyhow."""
    end = time.monotonic() + (2 * W if WAY == "plain" else 0.3)
    while time.monotonic() < end:
        found = question()
        assert found == wanted, f"found {found!r}, wanted it to stay {wanted!r}"
        time.sleep(POLL)


def fails(code, call, **arguments):
    try:
        answer = call(**arguments)
    except ClientError as error:
        found = error.response["Error"]["Code"]
        assert found == code, f"found {found}: {error}, wanted {code}"
        return error.response
    raise AssertionError(f"no error but {answer!r}, wanted {code}")


def lanes_run():
    """No lane of any pipeline has stopped."""
    for name in get("/v1/pipelines")["pipelines"]:
        stopped = get(f"/v1/pipelines/{name}")["stopped"]
        assert stopped == [], f"{name}: {stopped}"


def dump(pipeline):
    """Every row of a pipeline's read model, table by table."""
    database = sqlite3.connect(f"file:{MODELS}/{pipeline}/current.db?mode=ro", uri=True)
    try:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")]
        return {name: sorted(map(repr, database.execute(f'SELECT * FROM "{name}"'))) for name in names if name[0] != "_"}
    finally:
        database.close()


def say(line):
    """Asks the test to do something to the server, and waits until it is done."""
    print(line, flush=True)
    assert sys.stdin.readline().strip() == "done"


def positions(pipeline):
    return get(f"/v1/pipelines/{pipeline}/dashboard")["position"]


def replay():
    names = get("/v1/pipelines")["pipelines"]
    ends = {}
    for name in names:
        shows(lambda: get(f"/v1/pipelines/{name}")["behind"]["records"], 0)
        ends[name] = positions(name)
    before = {name: dump(name) for name in names}
    say("REPLAY")
    for name in names:
        shows(lambda: positions(name), ends[name], within=60)
        after = dump(name)
        for table, wanted in before[name].items():
            lost = [row for row in wanted if row not in after[table]][:3]
            more = [row for row in after[table] if row not in wanted][:3]
            assert after[table] == wanted, f"replay of {name}.{table}: without {lost}, with {more}"


def report(name, error):
    print(f"FAILED  {name}\n{error}" if error else f"ok      {name}", flush=True)


def plain(functions):
    def through(function):
        try:
            for _ in function():
                pass
            return function.__name__, None
        except Exception:
            return function.__name__, traceback.format_exc()

    failures = 0
    with ThreadPoolExecutor(16) as pool:
        for name, error in pool.map(through, functions):
            report(name, error)
            failures += error is not None
    try:
        replay()
        report("replay", None)
    except Exception:
        report("replay", traceback.format_exc())
        failures += 1
    return failures


def killed(functions):
    failures = 0
    running = [(function.__name__, function()) for function in functions]
    while running:
        further = []
        with ThreadPoolExecutor(16) as pool:
            for name, going, error, isOver in pool.map(step, running):
                if error or isOver:
                    report(name, error)
                    failures += error is not None
                else:
                    further.append((name, going))
        running = further
        if running:
            say("KILL")
    return failures


def step(pair):
    name, going = pair
    try:
        next(going)
        return name, going, None, False
    except StopIteration:
        return name, going, None, True
    except Exception:
        return name, going, traceback.format_exc(), True


def run():
    wanted = [function for function in scenarios if not only or function.__name__ in only]
    failures = {"plain": plain, "killed": killed}[WAY](wanted)
    try:
        lanes_run()
    except Exception:
        report("lanes", traceback.format_exc())
        failures += 1
    sys.exit(1 if failures else 0)
