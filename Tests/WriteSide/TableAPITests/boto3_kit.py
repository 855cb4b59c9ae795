"""What the boto3 programs share: clients of the endpoint given as the argument, tables of their own, and checks."""

import sys
import traceback

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

config = Config(retries={"max_attempts": 0})
db = boto3.client("dynamodb", endpoint_url=sys.argv[1], config=config)
resource = boto3.resource("dynamodb", endpoint_url=sys.argv[1], config=config)

checks = []


def check(function):
    checks.append(function)
    return function


def equal(found, wanted):
    assert found == wanted, f"found {found!r}, wanted {wanted!r}"


def fails(code, text, call, *args, **kwargs):
    """The call must fail with this code; with a text, exactly with it."""
    try:
        answer = call(*args, **kwargs)
    except ClientError as error:
        equal(error.response["Error"]["Code"], code)
        if text is not None:
            equal(error.response["Error"]["Message"], text)
        return error.response
    raise AssertionError(f"no error but {answer!r}, wanted {code}: {text}")


counter = 0


def table(sort=True, **more):
    """A new table with keys pk and, unless given otherwise, sk."""
    global counter
    counter += 1
    keys = [("pk", "HASH")] + ([("sk", "RANGE")] if sort else [])
    attributes = more.pop("attributes", {})
    created = resource.create_table(
        TableName=f"{sys.argv[0].rsplit('/', 1)[-1].split('.')[0]}-{counter}",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind}
            for name, kind in {**{name: "S" for name, _ in keys}, **attributes}.items()
        ],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )
    created.wait_until_exists()
    return created


def index(name, partition, sort=None, projection=None):
    keys = [{"AttributeName": partition, "KeyType": "HASH"}]
    if sort:
        keys.append({"AttributeName": sort, "KeyType": "RANGE"})
    return {"IndexName": name, "KeySchema": keys, "Projection": projection or {"ProjectionType": "ALL"}}


def run():
    """Runs every check; ends with 1 when one failed."""
    failures = 0
    for function in checks:
        try:
            function()
            print(f"ok      {function.__name__}")
        except Exception:
            failures += 1
            print(f"FAILED  {function.__name__}\n{traceback.format_exc()}")
    sys.exit(1 if failures else 0)
