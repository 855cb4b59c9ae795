"""Input at the limits and one past them, and input that is not input at all: through boto3 and by hand against a running server.

Whatever is refused leaves no item, no record and no row, and the server goes on."""

import json
import socket
import urllib.error
import urllib.parse
import urllib.request

from acceptance_kit import PAGE, TABLES, db, fails, get, item, lanes_run, log, records, run, scenario, shows

TABLE = "Chat"
LIMIT = 400 * 1024


def put(key, **more):
    return db.put_item(TableName=TABLE, Item={"PK": {"S": key}, "SK": {"S": "s"}, **more})


def stored(key):
    return db.get_item(TableName=TABLE, Key=item({"PK": key, "SK": "s"}), ConsistentRead=True).get("Item")


def refused(key, text, call=None, **more):
    """A write of this key is refused with this text, and leaves nothing."""
    before = stored(key)
    answer = fails("ValidationException", call or put, **({"key": key} if call is None else {}), **more)
    assert text in answer["Error"]["Message"], answer["Error"]["Message"]
    assert stored(key) == before


def filled(key, size):
    """An attribute that makes the item of this key so large."""
    return {"t": {"S": "x" * (size - len("PK") - len(key) - len("SK") - 1 - 1)}}


@scenario
def an_item_of_400_KB_and_one_byte_more():
    put("big", **filled("big", LIMIT))
    yield
    refused("bigger", "Item size has exceeded the maximum allowed size", **filled("bigger", LIMIT + 1))
    refused("big", "Item size has exceeded the maximum allowed size", **filled("big", LIMIT + 1))
    fails("ValidationException", db.update_item, TableName=TABLE, Key=item({"PK": "big", "SK": "s"}), UpdateExpression="SET u = :u",
          ExpressionAttributeValues={":u": {"S": ""}})
    small = {"PutRequest": {"Item": item({"PK": "small", "SK": "s"})}}
    large = {"PutRequest": {"Item": {**item({"PK": "bigger", "SK": "s"}), **filled("bigger", LIMIT + 1)}}}
    fails("ValidationException", db.batch_write_item, RequestItems={TABLE: [small, large]})
    fails("ValidationException", db.transact_write_items, TransactItems=[
        {"Put": {"TableName": TABLE, **request["PutRequest"]}} for request in (small, large)])
    assert stored("small") is None and stored("bigger") is None
    assert [len(records(TABLE, PK=key, SK="s")) for key in ("big", "bigger", "small")] == [1, 0, 0]
    # Two images of 400 KB in one record.
    put("big", **{"t": {"S": "y" + filled("big", LIMIT)["t"]["S"][1:]}})
    assert len(records(TABLE, PK="big", SK="s")) == 2


@scenario
def levels():
    def nested(count):
        value = {"S": "x"}
        for _ in range(count):
            value = {"L": [value]} if count % 2 else {"M": {"m": value}}
        return value

    # 31 lists and maps and the value in the innermost are 32 levels.
    put("levels-31", v=nested(31))
    assert stored("levels-31")["v"] == nested(31)
    for count in (32, 33, 100):
        refused(f"levels-{count}", "Nesting Levels have exceeded supported limits", v=nested(count))
    yield
    assert records(TABLE, PK="levels-32", SK="s") == []


@scenario
def digits():
    for number in ("1" * 38, "0." + "3" * 38, "9.9999999999999999999999999999999999999E125", "1E-130", "-0", "1" + "0" * 60):
        put("digits", n={"N": number})
        kept = stored("digits")["n"]["N"]
        assert float(kept) == float(number), (number, kept)
    for number, text in (("1" * 39, "more than 38 significant digits"), ("1E126", "Number overflow"), ("1E-131", "Number underflow"),
                         ("", "cannot be converted to a numeric value"), ("1,5", "cannot be converted to a numeric value"),
                         ("NaN", "cannot be converted to a numeric value"), ("0x1", "cannot be converted to a numeric value")):
        refused("digits-no", text, n={"N": number})
    yield


@scenario
def keys():
    yield
    refused_key = "The AttributeValue for a key attribute cannot contain an empty string value. Key: PK"
    answer = fails("ValidationException", db.put_item, TableName=TABLE, Item=item({"PK": "", "SK": "s"}))
    assert refused_key in answer["Error"]["Message"], answer
    good = item({"PK": "k", "SK": "s"})
    for key, name in (({"PK": "", "SK": "s"}, "PK"), ({"PK": "k", "SK": ""}, "SK")):
        empty = item(key)
        for call, arguments in ((db.put_item, {"Item": empty}), (db.get_item, {"Key": empty}), (db.delete_item, {"Key": empty}),
                                (db.update_item, {"Key": empty})):
            answer = fails("ValidationException", call, TableName=TABLE, **arguments)
            assert f"cannot contain an empty string value. Key: {name}" in answer["Error"]["Message"], answer
        fails("ValidationException", db.batch_write_item, RequestItems={
            TABLE: [{"PutRequest": {"Item": good}}, {"PutRequest": {"Item": empty}}]})
        fails("ValidationException", db.transact_write_items, TransactItems=[
            {"Put": {"TableName": TABLE, "Item": good}}, {"Put": {"TableName": TABLE, "Item": empty}}])
    # The keys of the index RoomID_Comment_IDX.
    answer = fails("ValidationException", db.put_item, TableName=TABLE, Item={**good, "RoomID": {"S": ""}, "CreatedAt": {"S": "x"}})
    assert "RoomID_Comment_IDX" in answer["Error"]["Message"], answer
    assert records(TABLE, PK="k", SK="s") == [] and stored("k") is None
    fails("ValidationException", db.put_item, TableName=TABLE, Item=item({"PK": "k"}))
    fails("ValidationException", db.put_item, TableName=TABLE, Item=item({"PK": "k", "SK": 5}))
    fails("ValidationException", db.get_item, TableName=TABLE, Key=item({"PK": "k"}))
    fails("ValidationException", db.get_item, TableName=TABLE, Key=item({"PK": "k", "SK": "s", "x": "y"}))
    db.put_item(TableName=TABLE, Item=item({"PK": "p" * 2048, "SK": "s" * 1024}))
    fails("ValidationException", db.put_item, TableName=TABLE, Item=item({"PK": "p" * 2049, "SK": "s"}))
    fails("ValidationException", db.put_item, TableName=TABLE, Item=item({"PK": "p", "SK": "s" * 1025}))
    assert len(records(TABLE, PK="p" * 2048, SK="s" * 1024)) == 1


@scenario
def unknown_tables():
    yield
    key = item({"PK": "k", "SK": "s"})
    for call, arguments in (
            (db.put_item, {"Item": key}), (db.get_item, {"Key": key}), (db.delete_item, {"Key": key}), (db.scan, {}),
            (db.update_item, {"Key": key}), (db.describe_table, {}), (db.delete_table, {}), (db.describe_time_to_live, {}),
            (db.query, {"KeyConditionExpression": "PK = :p", "ExpressionAttributeValues": {":p": {"S": "k"}}})):
        fails("ResourceNotFoundException", call, TableName="NoSuchTable", **arguments)
    fails("ResourceNotFoundException", db.batch_write_item, RequestItems={"NoSuchTable": [{"PutRequest": {"Item": key}}]})
    fails("ResourceNotFoundException", db.transact_write_items, TransactItems=[{"Put": {"TableName": "NoSuchTable", "Item": key}}])


def post(body, target="DynamoDB_20120810.PutItem", **headers):
    """Status and exception of a raw request."""
    request = urllib.request.Request(TABLES, body, {
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target, "X-Amz-Date": "20260101T000000Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=00",
        **headers})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, None
    except urllib.error.HTTPError as error:
        text = error.read().decode()
        try:
            return error.code, json.loads(text)["__type"].split("#")[-1]
        except ValueError:
            return error.code, text


@scenario
def what_is_not_JSON():
    for body in (b"", b"{", b"[]", b"null", b"{'a':1}", b'{"TableName":"Chat",}', b'{"TableName":"Chat"} x', b"\xff\xfe", b'{"a":"\xff"}',
                 b'{"a":1' + b"[" * 100_000, b'{"TableName":"\\ud800"}'):
        status, code = post(body)
        assert status == 400 and code in ("SerializationException", "ValidationException"), (body[:40], status, code)
    key = '"Key":{"PK":{"S":"k"},"SK":{"S":"s"}}'
    for body in ('{"TableName":5,' + key + "}", '{"TableName":"Chat","Key":[]}', '{"TableName":"Chat","Key":{"PK":"k"}}',
                 '{"TableName":"Chat","Key":{"PK":{"S":5}}}', '{"TableName":["Chat"],' + key + "}", '{"TableName":"Chat","ConsistentRead":"x",' + key + "}"):
        assert post(body.encode(), "DynamoDB_20120810.GetItem") == (400, "SerializationException"), body
    for value in ('{"S":"a","N":"1"}', "{}", '{"X":"a"}', '{"NS":[]}', '{"NS":["1","1.0"]}', '{"SS":["a","a"]}', '{"NULL":false}', '{"B":"%%"}'):
        body = '{"TableName":"Chat","Item":{"PK":{"S":"wrong"},"SK":{"S":"s"},"v":' + value + "}}"
        status, code = post(body.encode())
        assert status == 400 and code in ("SerializationException", "ValidationException"), (value, status, code)
    yield
    assert records(TABLE, PK="wrong", SK="s") == []


@scenario
def what_is_not_HTTP():
    address = urllib.parse.urlparse(TABLES)
    for text in (b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                 b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{", b"POST / HTTP/9.9\r\n\r\n", b"A" * 100_000):
        with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
            try:
                connection.sendall(text)
            except ConnectionError:
                pass
    status, _ = post(b'{"TableName":"Chat","Item":"' + b"x" * (17 << 20) + b'"}')
    assert status == 413, status
    yield
    put("after-noise")
    assert stored("after-noise") is not None


def question(path, method="GET"):
    try:
        with urllib.request.urlopen(urllib.request.Request(PAGE + path, method=method), timeout=10) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())["message"]


@scenario
def questions():
    yield
    queries = "/v1/pipelines/chat-rooms/queries/"
    boards = "/v1/pipelines/chat-rooms/leaderboards/"
    for path, status, text in (
            ("/v1/nothing", 404, "begin at /v1/pipelines"), ("/v1/pipelines/chat", 404, "there are: chat-rooms"),
            (queries + "room_lst", 404, "there are: room_list, "), (queries + "room_info", 400, "room"),
            (queries + "room_latest?room=a&limit=0", 400, "limit"), (queries + "room_latest?room=a&limit=x", 400, "limit"),
            (queries + "room_latest?room=a&rom=b", 400, "has no parameter `rom`"),
            (queries + "room_comments_after?room=a&after=yesterday", 400, "after"),
            (queries + "room_list?at_least=x", 400, "`x` is not a position"), (boards + "talkers/top", 404, "there are: talkers_by_day, "),
            (boards + "talkers_ever/best", 404, ""), (boards + "talkers_ever/rank", 400, "member"),
            (boards + "talkers_by_day/top?board=a&board=b", 400, "`board` once for each"), (boards + "talkers_ever/top?limit=1001", 400, "limit"),
            ("/v1/pipelines/chat-rooms/sessions/rooms", 404, "there are: presence"),
            ("/v1/pipelines/chat-rooms/dead-letters?limit=-1", 400, "limit")):
        found = question(path)
        assert found[0] == status and text in found[1], (path, found)
    assert question(queries + "room_list", "POST")[0] == 405
    # A word of SQL in a parameter is a value and nothing else.
    injected = get(queries + "room_info", room="x' OR '1'='1")["rows"]
    assert injected == [], injected
    lanes_run()


@scenario
def a_reader_waits_no_longer_than_its_limit():
    yield
    ours = log(TABLE)[-1]["afterimage"] if log(TABLE) else None
    if ours:
        found = question(f"/v1/pipelines/chat-rooms/queries/room_list?at_least={ours['tableId']}:0:999999999")
        assert found[0] == 503 and "has not reached" in found[1], found


@scenario
def comments_that_cannot_be_read():
    for number, created in enumerate(("", "yesterday", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z")):
        db.put_item(TableName=TABLE, Item=item({
            "PK": "User:bad", "SK": f"2026-01-01T10:00:0{number}Z", "RoomID": f"bad", "CreatedAt": created or "x", "Comment": "c"}))
    db.put_item(TableName=TABLE, Item=item({
        "PK": "User:bad", "SK": "2026-01-01T10:00:09Z", "RoomID": "bad", "CreatedAt": "2026-01-01T10:00:09Z", "Comment": "good"}))
    yield
    shows(lambda: [row[2] for row in get("/v1/pipelines/chat-rooms/queries/room_comments", room="bad")["rows"]], ["good"])
    letters = [row for row in get("/v1/pipelines/chat-rooms/dead-letters", limit=1000)["rows"] if row[0] == "room_timeline" and row[6] == "CreatedAt"]
    assert len(letters) == 4, letters
    lanes_run()


run()
