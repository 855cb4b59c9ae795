"""Chatbot sessions, system A: fifteen scenarios through unmodified boto3. See pipelines/chatbot-sessions, whose `idle` is IDLE seconds here."""

import datetime
import time

from acceptance_kit import WAY, E, W, db, dump, fails, get, item, records, rows, run, scenario, shows, stays

IDLE = 30
TABLE = "chatbotSessionTable"
# In all preferences, so that a search for it finds any of them.
SECRET = "prefer-"


def ago(seconds=0.0):
    """A time so long ago, as the original writes it."""
    moment = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def put(session, **values):
    db.put_item(TableName=TABLE, Item=item({"sessionId": session, **values}))


def update(session, **values):
    names = {f"#{name}": name for name in values}
    db.update_item(TableName=TABLE, Key=item({"sessionId": session}), ExpressionAttributeNames=names,
                   UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
                   ExpressionAttributeValues={f":{name}": value for name, value in item(values).items()})


def activity(session):
    """Status and interactions of each time that the session was active, the newest first."""
    return [(found["status"], found["interactions"]) for found in rows("chatbot-sessions", "activity", session=session)]


def sessions(owner, **more):
    return [found["session"] for found in rows("chatbot-sessions", "sessions_of_user", owner=owner, **more)]


def same_time(text, other):
    return datetime.datetime.fromisoformat(text) == datetime.datetime.fromisoformat(other)


@scenario
def A1_a_new_session():
    put("a1", userId="a1-u", lastInteraction=ago())
    yield
    shows(lambda: activity("a1"), [("active", 1)])


@scenario
def A2_each_interaction_counts():
    last = ago()
    put("a2", userId="a2-u", lastInteraction=ago(2))
    update("a2", lastInteraction=ago(1))
    update("a2", lastInteraction=last)
    yield
    shows(lambda: activity("a2"), [("active", 3)])
    assert same_time(rows("chatbot-sessions", "activity", session="a2")[0]["last_interaction"], last)


@scenario
def A3_the_same_item_again():
    last = ago()
    for _ in range(101):
        put("a3", userId="a3-u", lastInteraction=last)
    yield
    shows(lambda: activity("a3"), [("active", 1)])
    assert len(records(TABLE, sessionId="a3")) == 1


@scenario
def A4_a_state_is_no_interaction():
    put("a4", userId="a4-u", lastInteraction=ago())
    update("a4", state="awaiting_address")
    yield
    shows(lambda: [(found["state"], found["interactions"]) for found in rows("chatbot-sessions", "activity", session="a4")],
          [("awaiting_address", 1)])


@scenario
def A5_back_in_time():
    last = ago()
    put("a5", userId="a5-u", lastInteraction=last)
    update("a5", lastInteraction=ago(3600))
    yield
    shows(lambda: sessions("a5-u"), ["a5"])
    stays(lambda: activity("a5"), [("active", 1)])
    assert same_time(rows("chatbot-sessions", "activity", session="a5")[0]["last_interaction"], last)


@scenario
def A6_a_deleted_session():
    put("a6", userId="a6-u", lastInteraction=ago())
    yield
    shows(lambda: (activity("a6"), sessions("a6-u")), ([("active", 1)], ["a6"]))
    db.delete_item(TableName=TABLE, Key=item({"sessionId": "a6"}))
    yield
    shows(lambda: (activity("a6"), sessions("a6-u")), ([("ended", 1)], []))


def removals(session):
    return [record.get("userIdentity") for record in records(TABLE, sessionId=session) if record["eventName"] == "REMOVE"]


SERVICE = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


def identity(found):
    """Both spellings of the originals are taken."""
    return {name[0].upper() + name[1:]: value for name, value in (found or {}).items()}


@scenario
def A7_a_session_expires_by_its_own_time():
    put("a7", userId="a7-u", lastInteraction=ago(IDLE - 3))
    if WAY != "killed":
        shows(lambda: activity("a7"), [("active", 1)], within=2.5)
    yield
    shows(lambda: (activity("a7"), sessions("a7-u")), ([("expired", 1)], []), within=3 + E)
    stays(lambda: [identity(found) for found in removals("a7")], [SERVICE])


@scenario
def A8_an_interaction_at_the_last_moment():
    began = time.monotonic()
    put("a8", userId="a8-u", lastInteraction=ago(IDLE - 3))
    time.sleep(max(0.0, 2.2 - (time.monotonic() - began)))
    update("a8", lastInteraction=ago())
    yield
    shows(lambda: activity("a8"), [("active", 2)])
    stays(lambda: activity("a8"), [("active", 2)])
    assert removals("a8") == []


@scenario
def A9_a_session_that_comes_back():
    put("a9", userId="a9-u", lastInteraction=ago(IDLE))
    yield
    shows(lambda: (activity("a9"), sessions("a9-u")), ([("expired", 1)], []), within=E)
    put("a9", userId="a9-u", lastInteraction=ago())
    yield
    shows(lambda: activity("a9"), [("active", 1), ("expired", 1)])


@scenario
def A10_another_user():
    put("a10", userId="a10-u1", lastInteraction=ago())
    yield
    shows(lambda: sessions("a10-u1"), ["a10"])
    update("a10", userId="a10-u2")
    yield
    shows(lambda: (sessions("a10-u1"), sessions("a10-u2")), ([], ["a10"]))


@scenario
def A11_the_latest_of_many():
    now = datetime.datetime.now(datetime.timezone.utc)
    for start in range(0, 1000, 25):
        requests = []
        for number in range(start, start + 25):
            moment = (now + datetime.timedelta(milliseconds=number)).isoformat(timespec="milliseconds")
            values = {"sessionId": f"a11-{number}", "userId": "a11-u", "lastInteraction": moment}
            requests.append({"PutRequest": {"Item": item(values)}})
        answer = db.batch_write_item(RequestItems={TABLE: requests})
        assert not answer["UnprocessedItems"], answer
    yield
    shows(lambda: sessions("a11-u", limit=10), [f"a11-{number}" for number in range(999, 989, -1)])


@scenario
def A12_nobodys_session():
    put("a12", lastInteraction=ago())
    put("a12-next", userId="a12-u", lastInteraction=ago())
    yield
    shows(lambda: (activity("a12"), activity("a12-next"), sessions("a12-u")), ([("active", 1)], [("active", 1)], ["a12-next"]))


@scenario
def A13_an_expiry_time_in_quotes():
    put("a13", userId="a13-u", lastInteraction=ago(), expiresAt="1700000000")
    update("a13", lastInteraction=ago())
    yield
    shows(lambda: activity("a13"), [("active", 2)])

    def letters():
        answer = get("/v1/pipelines/chatbot-sessions/dead-letters", limit=100)
        found = [dict(zip(answer["columns"], letter)) for letter in answer["rows"]]
        return [(letter["projection"], letter["path"]) for letter in found]

    shows(letters, [("_ttl", "expiresAt")])
    stays(lambda: (letters(), removals("a13")), ([("_ttl", "expiresAt")], []))


@scenario
def A14_and_flaw_1_attributes_that_no_key_has():
    # The original's own list is refused as AWS refuses it, which says how many there are; with an index, which are used by none.
    fails("ValidationException", db.create_table, TableName="a14", BillingMode="PAY_PER_REQUEST",
                  KeySchema=[{"AttributeName": "sessionId", "KeyType": "HASH"}],
                  AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ["sessionId", "userId", "lastInteraction"]])
    error = fails("ValidationException", db.create_table, TableName="a14", BillingMode="PAY_PER_REQUEST",
                  KeySchema=[{"AttributeName": "sessionId", "KeyType": "HASH"}],
                  AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ["sessionId", "userId", "lastInteraction"]],
                  GlobalSecondaryIndexes=[{"IndexName": "ByUser", "KeySchema": [{"AttributeName": "userId", "KeyType": "HASH"}],
                                           "Projection": {"ProjectionType": "ALL"}}])
    assert "lastInteraction" in error["Error"]["Message"], error
    yield


@scenario
def A15_a_stream():
    made = db.create_table(TableName="a15", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "sessionId", "KeyType": "HASH"}],
                           AttributeDefinitions=[{"AttributeName": "sessionId", "AttributeType": "S"}],
                           StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})["TableDescription"]
    yield
    found = db.describe_table(TableName="a15")["Table"]
    assert found["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}, found
    assert found["LatestStreamArn"] and found["LatestStreamLabel"] and found["TableName"] == made["TableName"], found
    db.delete_table(TableName="a15")


@scenario
def A_flaw_2_and_3_a_number_expires():
    """In the original no time could drive the TTL, and no session ever ended."""
    put("a-ttl", userId="a-ttl-u", lastInteraction=ago(), expiresAt=int(time.time()) + 1)
    yield
    shows(lambda: (activity("a-ttl"), sessions("a-ttl-u")), ([("expired", 1)], []), within=E + W)


@scenario
def A_flaw_4_the_sessions_of_a_user_without_a_scan():
    put("a-of-1", userId="a-of-u", lastInteraction=ago(2))
    put("a-of-2", userId="a-of-u", lastInteraction=ago(1))
    yield
    shows(lambda: sessions("a-of-u"), ["a-of-2", "a-of-1"])
    found = db.query(TableName=TABLE, IndexName="ByUser", KeyConditionExpression="userId = :u", ScanIndexForward=False,
                     ExpressionAttributeValues=item({":u": "a-of-u"}))["Items"]
    assert [one["sessionId"]["S"] for one in found] == ["a-of-2", "a-of-1"], found


@scenario
def A_flaw_5_what_is_private_is_in_no_record():
    """In the original the table alone was encrypted, and what its stream carried on had everything in clear. Only a client of DynamoDB Streams, who needs a key of the
    table, gets whole images. Who started this program searches every topic, and what each process says, for the same text."""
    put("a-private", userId="a-private-u", lastInteraction=ago(1), preferences=SECRET + "tea")
    update("a-private", lastInteraction=ago(), preferences=SECRET + "coffee")
    put("a-private-gone", preferences=SECRET + "milk", lastInteraction=ago())
    db.delete_item(TableName=TABLE, Key=item({"sessionId": "a-private-gone"}))
    yield
    shows(lambda: (activity("a-private"), activity("a-private-gone")), ([("active", 2)], [("ended", 1)]))
    assert db.get_item(TableName=TABLE, Key=item({"sessionId": "a-private"}))["Item"]["preferences"] == {"S": SECRET + "coffee"}
    found = records(TABLE, sessionId="a-private") + records(TABLE, sessionId="a-private-gone")
    assert len(found) == 4 and SECRET not in str(found), found
    assert SECRET not in str(dump("chatbot-sessions")) and SECRET not in str(rows("chatbot-sessions", "activity", session="a-private"))


run()
