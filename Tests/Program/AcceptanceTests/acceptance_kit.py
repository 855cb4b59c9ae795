"""What the acceptance programs share: clients, named queries with a freshness bound, applications, and the ways of running.

Arguments: table endpoint, page endpoint, where the read models are (a folder, or the URL of a database), way, and perhaps the names of the
scenarios to run. A scenario is a generator: it yields between writing and reading. Ways:
  plain    each scenario runs straight through, several at a time; at the end all read models are built again from the log
           into an empty folder or database and must have the same rows
  killed   all scenarios run side by side from yield to yield, and at each yield the server (of a fleet the worker) is killed with -9 and
           started again
Who started this program does what `say` asks for: it knows the processes. So the same program runs against one process and against a fleet
on Kafka and PostgreSQL, where records may also be delivered twice.
"""

import atexit
import contextlib
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import threading
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
if WAY == "killed" and "://" in MODELS:
    # What a worker that is killed had under way is another's after 10 s, and lanes are taken up within 4 s.
    W += 15.0
# How long what must stay is looked at: twice the bound, and half of that in the tests of every day. Where the server is killed all the time, a moment.
STAYS = 0.3 if WAY == "killed" else 2 * W if "AFTERIMAGE_ACCEPTANCE" in os.environ else W
POLL = 0.05
E = 1.0 + W

db = boto3.client("dynamodb", endpoint_url=TABLES, config=Config(retries={"max_attempts": 0}, max_pool_connections=32))
scenarios = []
only = sys.argv[5:]


def scenario(function):
    """A scenario of a system's list, named by its number, or a flaw of the original that must be gone, named `E_flaw_3_...`."""
    scenarios.append(function)
    return function


def heavy(function):
    """A scenario of so many writes that the others would wait for them past their bounds: it runs after them."""
    function.isHeavy = True
    return function


def item(values):
    """Plain values as an item."""
    return {name: {"N": str(value)} if isinstance(value, (int, float)) else {"S": value} for name, value in values.items()}


class NotReady(Exception):
    """The server has just been started."""


class NotFound(Exception):
    """404, with the code of the answer."""

    def __init__(self, path, answer):
        super().__init__(f"GET {path}: {answer}")
        self.code = answer["error"]


def get(path, **parameters):
    pairs = [(name, value) for name, value in parameters.items() if value is not None]
    try:
        with urllib.request.urlopen(f"{PAGE}{path}?{urllib.parse.urlencode(pairs)}", timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 503:
            raise NotReady(path) from None
        if error.code == 404:
            raise NotFound(path, json.load(error)) from None
        raise AssertionError(f"GET {path}: {error.code} {error.read()}") from None


def rows(pipeline, query, **parameters):
    """A named query's rows as dictionaries; of a query for one row that row, or none."""
    try:
        answer = get(f"/v1/pipelines/{pipeline}/queries/{query}", **parameters)
    except NotFound as error:
        assert error.code == "NoRow", error
        return []
    return [answer["row"]] if "row" in answer else [dict(zip(answer["columns"], row)) for row in answer["rows"]]


def row(pipeline, query, **parameters):
    """The row of a query for one (`one: true`) as a dictionary; None when it finds none."""
    return next(iter(rows(pipeline, query, **parameters)), None)


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
    """The answer is this, and is it still after a while."""
    end = time.monotonic() + STAYS
    while time.monotonic() < end:
        found = question()
        assert found == wanted, f"found {found!r}, wanted it to stay {wanted!r}"
        time.sleep(POLL)


@contextlib.contextmanager
def always(question, *allowed):
    """Whatever is written meanwhile, the answer is one of these whenever it is asked for. Where nothing answers, nothing is said."""
    wrong, isOver = [], threading.Event()

    def poll():
        while not isOver.wait(POLL):
            try:
                found = question()
            except (NotReady, OSError):
                continue
            if found not in allowed:
                wrong.append(found)

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield
    finally:
        isOver.set()
        thread.join()
    assert not wrong, f"for a moment found {wrong[:3]!r}, allowed {allowed!r}"


class Application:
    """The application that stands beside a pipeline, as a process of its own."""

    def __init__(self, path, **environment):
        program = pathlib.Path(__file__).parents[3] / "pipelines" / path
        self.process = subprocess.Popen([sys.executable, program, TABLES, PAGE, "0"], stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.DEVNULL, env={**os.environ, **environment})
        atexit.register(self.process.kill)
        self.address = self.process.stdout.readline().split()[-1]

    def call(self, method, path, token=None, body=None):
        """Status and answer. While a server is being started again, the application says 503."""
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, content, headers, method=method)
        end = time.monotonic() + W
        while True:
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code != 503 or time.monotonic() > end:
                    return error.code, json.load(error)
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
    """No lane of any pipeline has stopped for good. One whose worker was killed a moment ago is taken up again."""
    for name in get("/v1/pipelines")["pipelines"]:
        shows(lambda: get(f"/v1/pipelines/{name}")["stopped"], [], within=3 * W)


def dump(pipeline):
    """Every row of a pipeline's read model, table by table, without the state that a store keeps beside it: what that says of a group which was empty for a
    while depends on whether it was dropped meanwhile. In a database the views do not have it either."""
    if "://" in MODELS:
        return dump_of_database(pipeline)
    database = sqlite3.connect(f"file:{MODELS}/{pipeline}/current.db?mode=ro", uri=True)
    try:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")]
        return {name: rows_of(database, name) for name in names if name[0] != "_"}
    finally:
        database.close()


def rows_of(database, table):
    columns = [name for (name,) in database.execute("SELECT name FROM pragma_table_info(?)", (table,)) if name != "_state"]
    listed = ", ".join(f'"{name}"' for name in columns)
    return sorted(map(repr, database.execute(f'SELECT {listed} FROM "{table}"')))


def dump_of_database(pipeline):
    def ask(sql):
        return subprocess.run(["psql", MODELS, "-At", "-c", sql], check=True, capture_output=True, text=True).stdout.splitlines()

    # A fleet of a namespace has it before the pipeline's name.
    places = [line.split("|") for line in ask(
        f"SELECT table_schema, table_name FROM information_schema.views WHERE table_schema SIMILAR TO '(a[0-9]+_)?{pipeline}' ORDER BY 2")]
    assert places, f"no views of {pipeline}"
    return {name: sorted(ask(f'COPY (SELECT * FROM "{schema}"."{name}") TO STDOUT')) for schema, name in places}


def outside():
    """What effects have sent: the text of the file of which the test said so."""
    return pathlib.Path(os.environ["OUTSIDE"]).read_text()


def say(line):
    """Asks the test to do something to the server, and waits until it is done. The read models may be elsewhere then."""
    global MODELS
    print(line, flush=True)
    done, MODELS = sys.stdin.readline().strip().split(" ", 1)
    assert done == "done", done


def positions(pipeline):
    return get(f"/v1/pipelines/{pipeline}/dashboard")["position"]


def replay():
    names = get("/v1/pipelines")["pipelines"]
    ends = {}
    for name in names:
        shows(lambda: (get(f"/v1/pipelines/{name}")["behind"] or {}).get("records"), 0)
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


def report(name, error, seconds=None):
    took = "" if seconds is None else f" ({seconds:.1f} s)"
    print(f"FAILED  {name}{took}\n{error}" if error else f"ok      {name}{took}", flush=True)


def plain(functions):
    def through(function):
        began = time.monotonic()
        try:
            for _ in function():
                pass
            return function.__name__, None, time.monotonic() - began
        except Exception:
            return function.__name__, traceback.format_exc(), time.monotonic() - began

    failures = 0
    with ThreadPoolExecutor(16) as pool:
        for isHeavy in (False, True):
            for name, error, seconds in pool.map(through, [one for one in functions if hasattr(one, "isHeavy") == isHeavy]):
                report(name, error, seconds)
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
