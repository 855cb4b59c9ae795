"""The session store, system B: sixteen scenarios through unmodified boto3. See pipelines/session-store."""

import os
import random
import time
import urllib.request

from acceptance_kit import (E, MODELS, PAGE, db, fails, get, item, lanes_run, log, own, records, rows, run, scenario, shows, stays)

TABLE = "session_store"
SHORT = "session_store_short"
# In every access token, so that a search for it finds any of them.
SECRET = "tok3n-"


def put(session, customer, table=TABLE, **more):
    return db.put_item(TableName=table, Item=item({"PK": f"suuid#{session}", "SK": f"c#{customer}", **more}))


def put_child(parent, child, table=TABLE, **more):
    return db.put_item(TableName=table, Item=item({"PK": f"suuid#{parent}", "SK": f"child#suuid#{child}", **more}))


def delete(session, customer, table=TABLE):
    db.delete_item(TableName=table, Key=key(session, customer))


def key(session, customer):
    return item({"PK": f"suuid#{session}", "SK": f"c#{customer}"})


def update(session, customer, name, value, table=TABLE, **more):
    return db.update_item(
        TableName=table, Key=key(session, customer), UpdateExpression="SET #n = :v", ExpressionAttributeNames={"#n": name},
        ExpressionAttributeValues={":v": {"S": value}}, **more)


def sample(p=""):
    """The six items of the source, with a prefix for all ids."""
    put(f"{p}c342etj3", f"{p}ABC", session_state="active", access_token=SECRET + "d234ltj2", last_login_time="2023-05-12T11:30:00")
    put_child(f"{p}c342etj3", f"{p}ert54fbgn", session_state="active", access_token=SECRET + "lko98uib")
    put_child(f"{p}c342etj3", f"{p}kljhfytf23", session_state="closing", access_token=SECRET + "acg45jhi")
    put(f"{p}d0004tj2", f"{p}ABC", session_state="closing", access_token=SECRET + "q010ltj2", last_login_time="2023-05-12T11:30:00")
    put(f"{p}l221et00", f"{p}XYZ", session_state="active", access_token=SECRET + "q213law5", last_login_time="2023-04-30T15:22:09")
    put_child(f"{p}l221et00", f"{p}ljy22tf0", session_state="active", access_token=SECRET + "j143lawy")


def ask(query, pipeline="session-store", **parameters):
    return rows(pipeline, query, **parameters)


def sessions(customer, pipeline="session-store"):
    return [row["session"] for row in ask("sessions_of_customer", pipeline, customer=customer)]


def children(session, pipeline="session-store"):
    return [(row["child"], bool(row["orphaned"])) for row in ask("children_of_session", pipeline, session=session)]


def parents(child):
    return [row["session"] for row in ask("session_of_child", child=child)]


def last_login(customer):
    found = ask("last_login", customer=customer)[0]["last_login"]
    return found and found.replace(".000000Z", "Z")


def last_session(customer):
    return ask("last_login", customer=customer)[0]["last_session"]


def active(customer):
    return ask("active_count", customer=customer)[0]["active"]


def query(condition, values, index=None, **more):
    arguments = {"IndexName": index} if index else {}
    return [row for row in db.query(TableName=TABLE, KeyConditionExpression=condition, **arguments, **more,
                                    ExpressionAttributeValues={name: {"S": value} for name, value in values.items()})["Items"]]


@scenario
def B1_sample():
    sample()
    yield
    shows(lambda: children("c342etj3"), [("ert54fbgn", False), ("kljhfytf23", False)])
    shows(lambda: parents("ert54fbgn"), ["c342etj3"])
    shows(lambda: sessions("ABC"), ["c342etj3", "d0004tj2"])
    shows(lambda: last_login("ABC"), "2023-05-12T11:30:00Z")
    shows(lambda: last_login("XYZ"), "2023-04-30T15:22:09Z")
    # The access patterns as the original issues them to the table.
    got = db.get_item(TableName=TABLE, Key=key("c342etj3", "ABC"))["Item"]
    assert got["access_token"]["S"] == SECRET + "d234ltj2"
    found = query("PK = :p AND begins_with(SK, :c)", {":p": "suuid#c342etj3", ":c": "child#"})
    assert [row["SK"]["S"] for row in found] == ["child#suuid#ert54fbgn", "child#suuid#kljhfytf23"]
    found = query("SK = :c", {":c": "child#suuid#ert54fbgn"}, "GSI1_inverse")
    assert [row["PK"]["S"] for row in found] == ["suuid#c342etj3"]
    found = query("SK = :c", {":c": "c#ABC"}, "GSI1_inverse", Limit=1)
    assert [row["last_login_time"]["S"] for row in found] == ["2023-05-12T11:30:00"]
    found = query("SK = :c AND PK = :p", {":c": "c#ABC", ":p": "suuid#d0004tj2"}, "GSI1_inverse")
    assert len(found) == 1
    found = query("SK = :c", {":c": "c#ABC"}, "GSI1_inverse")
    assert [row["PK"]["S"] for row in found] == ["suuid#c342etj3", "suuid#d0004tj2"]


@scenario
def B2_last_login_is_the_latest():
    sample("b2-")
    put("b2-aaaa", "b2-ABC", last_login_time="2020-01-01T00:00:00")
    put("b2-zzzz", "b2-ABC", last_login_time="2024-01-01T00:00:00")
    yield
    shows(lambda: last_login("b2-ABC"), "2024-01-01T00:00:00Z")


@scenario
def B3_the_end_of_a_session_leaves_the_last_login():
    sample("b3-")
    delete("b3-l221et00", "b3-XYZ")
    yield
    shows(lambda: (sessions("b3-XYZ"), last_login("b3-XYZ")), ([], "2023-04-30T15:22:09Z"))


@scenario
def B4_a_session_takes_its_children_with_it():
    sample("b4-")
    shows(lambda: len(children("b4-c342etj3")), 2)
    delete("b4-c342etj3", "b4-ABC")
    yield
    shows(lambda: (sessions("b4-ABC"), children("b4-c342etj3"), parents("b4-ert54fbgn")), (["b4-d0004tj2"], [], []))
    # In the table too, written by the service.
    gone = records(TABLE, PK="suuid#b4-c342etj3", SK="child#suuid#b4-ert54fbgn")[-1]
    assert gone["eventName"] == "REMOVE" and gone["userIdentity"]["PrincipalId"] == "dynamodb.amazonaws.com", gone


@scenario
def B5_a_child_before_its_session():
    put_child("b5", "b5-child")
    yield
    shows(lambda: children("b5"), [("b5-child", True)])
    put("b5", "b5-customer", session_state="active")
    yield
    shows(lambda: children("b5"), [("b5-child", False)])


@scenario
def B6_the_same_row_twice():
    for _ in range(2):
        put("b6", "b6-customer", session_state="active", last_login_time="2023-05-12T11:30:00")
    yield
    shows(lambda: sessions("b6-customer"), ["b6"])
    assert len(records(TABLE, PK="suuid#b6", SK="c#b6-customer")) == 1


@scenario
def B7_a_session_id_of_two_customers():
    before = ask("anomalies")[0]["anomalies"]
    put("b7", "b7-A", session_state="active")
    yield
    shows(lambda: sessions("b7-A"), ["b7"])
    put("b7", "b7-B", session_state="active")
    yield
    shows(lambda: (sessions("b7-A"), sessions("b7-B")), (["b7"], ["b7"]))
    shows(lambda: ask("anomalies")[0]["anomalies"], before + 1)


@scenario
def B8_active_closing_active():
    put("b8", "b8-customer", session_state="active")
    yield
    shows(lambda: active("b8-customer"), 1)
    update("b8", "b8-customer", "session_state", "closing")
    yield
    shows(lambda: active("b8-customer"), 0)
    update("b8", "b8-customer", "session_state", "active")
    yield
    shows(lambda: (active("b8-customer"), ask("session_by_id", session="b8")[0]["state"]), (1, "active"))


@scenario
def B9_create_only_if_new():
    put("b9", "b9-customer", session_state="active", last_login_time="2023-05-12T11:30:00")
    yield
    fails("ConditionalCheckFailedException", db.put_item, TableName=TABLE, ConditionExpression="attribute_not_exists(PK)",
          Item=item({"PK": "suuid#b9", "SK": "c#b9-customer", "session_state": "stolen"}))
    assert len(records(TABLE, PK="suuid#b9", SK="c#b9-customer")) == 1
    shows(lambda: [row["state"] for row in ask("session_by_id", session="b9")], ["active"])
    stays(lambda: [row["state"] for row in ask("session_by_id", session="b9")], ["active"])


@scenario
def B10_25_children_in_a_batch():
    names = [f"b10-{number:02}" for number in range(25)]
    put("b10", "b10-customer")
    mixed = names[:]
    random.Random(10).shuffle(mixed)
    answer = db.batch_write_item(RequestItems={TABLE: [
        {"PutRequest": {"Item": item({"PK": "suuid#b10", "SK": f"child#suuid#{name}"})}} for name in mixed]})
    assert answer["UnprocessedItems"] == {}
    yield
    shows(lambda: children("b10"), [(name, False) for name in names])


@scenario
def B11_a_customer_without_sessions():
    yield
    shows(lambda: (sessions("b11"), last_login("b11"), active("b11")), ([], None, 0))


@scenario
def B12_no_token_leaves_the_table():
    sample("b12-")
    put("b12-bad", "b12-customer", access_token=SECRET + "dead", last_login_time="yesterday")
    update("b12-c342etj3", "b12-ABC", "access_token", SECRET + "renewed")
    yield
    shows(lambda: sessions("b12-customer"), [])
    shows(lambda: any(row[6] == "last_login_time" for row in dead_letters()), True)
    found = []
    for folder, _, names in os.walk(MODELS):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                if SECRET.encode() in file.read():
                    found.append(os.path.join(folder, name))
    for path in ("/metrics", "/v1/pipelines/session-store", "/v1/pipelines/session-store/dead-letters?limit=1000",
                 "/v1/pipelines/session-store/dashboard", "/v1/pipelines/session-store/queries/sessions_of_customer?customer=b12-ABC"):
        with urllib.request.urlopen(PAGE + path) as answer:
            if SECRET.encode() in answer.read():
                found.append(path)
    if SECRET in repr(log(TABLE)):
        found.append("the log")
    assert found == [], found


def dead_letters():
    return get("/v1/pipelines/session-store/dead-letters", limit=1000)["rows"]


@scenario
def B13_a_session_past_its_limit():
    # The twelve hours and ten minutes are in the pipeline's own scenarios; here the same pipeline with two seconds and one.
    put("b13", "b13-idle", SHORT, session_state="active", last_login_time="2023-05-12T11:30:00")
    put_child("b13", "b13-child", SHORT)
    put("b13-c", "b13-closing", SHORT, session_state="closing", last_login_time="2023-05-12T11:30:00")
    yield
    # Before anything is read nothing is there either: the removals say that they were.
    def removals(keys):
        return [record for record in records(SHORT, **keys) if record["eventName"] == "REMOVE"]

    shows(lambda: len(removals({"PK": "suuid#b13-c", "SK": "c#b13-closing"})), 1, within=1 + E)
    shows(lambda: sessions("b13-closing", SHORT_PIPELINE), [])
    shows(lambda: len(removals({"PK": "suuid#b13", "SK": "child#suuid#b13-child"})), 1, within=2 + E)
    shows(lambda: (sessions("b13-idle", SHORT_PIPELINE), children("b13", SHORT_PIPELINE)), ([], []))
    for keys in ({"PK": "suuid#b13", "SK": "c#b13-idle"}, {"PK": "suuid#b13-c", "SK": "c#b13-closing"},
                 {"PK": "suuid#b13", "SK": "child#suuid#b13-child"}):
        removed = removals(keys)
        assert len(removed) == 1, removed
        assert removed[0]["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}, removed
        assert "Item" not in db.get_item(TableName=SHORT, Key=item(keys))


SHORT_PIPELINE = "session-store-short"


@scenario
def B14_a_login_against_the_expiry():
    # The sweep has read s1; then a login; then the sweep acts.
    put("b14", "b14-customer", last_login_time="2023-05-12T11:30:00")
    update("b14", "b14-customer", "last_login_time", "2023-05-12T23:00:00")
    late = own("ExpireItem", TableName=TABLE, Key=key("b14", "b14-customer"), Seen=item({"last_login_time": "2023-05-12T11:30:00"}))
    assert late == {"Expired": False}, late
    yield
    shows(lambda: sessions("b14-customer"), ["b14"])
    # And live: logins around the moment of expiry. Whoever's login was taken by the table lives on for two seconds.
    names = [f"b14-{number}" for number in range(10)]
    for name in names:
        put(name, "b14-race", SHORT, last_login_time="2023-05-12T11:30:00")
    began = time.monotonic()
    lived = []
    for number, name in enumerate(names):
        time.sleep(max(0, began + 1.6 + 0.08 * number - time.monotonic()))
        try:
            update(name, "b14-race", "last_login_time", "2023-05-12T12:30:00", SHORT, ConditionExpression="attribute_exists(PK)")
            lived.append((name, time.monotonic()))
        except db.exceptions.ConditionalCheckFailedException:
            pass
    for name, since in lived:
        if time.monotonic() - since < 1.5:
            assert "Item" in db.get_item(TableName=SHORT, Key=key(name, "b14-race")), f"{name} was lost to the sweep"
    shows(lambda: sessions("b14-race", SHORT_PIPELINE), [], within=2 + E)


@scenario
def B15_begins_with_on_an_index_partition_key():
    yield
    answer = fails("ValidationException", db.query, TableName=TABLE, IndexName="GSI1_inverse",
                   KeyConditionExpression="begins_with(SK, :c)", ExpressionAttributeValues={":c": {"S": "child#"}})
    assert answer["Error"]["Message"] == "Query key condition not supported", answer
    lanes_run()


@scenario
def B16_equal_login_times():
    put("b16-zz", "b16-customer", last_login_time="2023-05-12T11:30:00")
    put("b16-aa", "b16-customer", last_login_time="2023-05-12T11:30:00")
    yield
    shows(lambda: last_session("b16-customer"), "b16-zz")


run()
