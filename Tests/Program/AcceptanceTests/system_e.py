"""Direct messages, system E: twenty scenarios through unmodified boto3 and the application, and what was wrong with the original. See
pipelines/direct-messages."""

import base64
import hmac
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

from acceptance_kit import (W, WAY, Application, always, db, fails, heavy, item, log, records, rows, run, scenario, shows, stays)

TABLE = "cruddur-messages"
SECRET = "the-secret-of-this-test"
app = Application("direct-messages/app/messages.py", MESSAGES_SECRET=SECRET)


def put(**values):
    return db.put_item(TableName=TABLE, Item=item(values))


def message(group, stamp, text, sender="u1", uuid=None):
    return put(pk=f"MSG#{group}", sk=stamp, message_uuid=uuid or f"{group}-{stamp}", message=text, user_uuid=sender)


def group_row(me, other, group, stamp="2023-04-01T11:00:00Z"):
    return put(pk=f"GRP#{me}", sk=stamp, message_group_uuid=group, message="this is a filler message", user_uuid=other,
               user_display_name=f"old name of {other}", user_handle=other)


def pair(p):
    """A conversation of two people, with the group `p`."""
    group_row(f"{p}-1", f"{p}-2", p)
    group_row(f"{p}-2", f"{p}-1", p)


def person(uuid, name, handle):
    db.put_item(TableName="cruddur-users", Item=item({"user_uuid": uuid, "display_name": name, "handle": handle}))
    shows(lambda: [row["uuid"] for row in ask("person_of_handle", handle=handle)], [uuid])


def key(group, stamp):
    return item({"pk": f"MSG#{group}", "sk": stamp})


def ask(query, **parameters):
    return rows("direct-messages", query, **parameters)


def listed(me, *columns, **more):
    """The list of a person: by default groups and previews."""
    found = ask("conversation_list", me=me, **more)
    return [tuple(row[name] for name in columns or ["group_uuid", "message"]) for row in found]


def messages_of(me, group):
    """How many messages a conversation has; 0 for who is not in it."""
    return sum(row["messages"] for row in ask("conversation", me=me, group_uuid=group))


def texts(me, group, **more):
    return [row["body"] for row in ask("conversation_messages", me=me, group_uuid=group, **more)]


def token(user, until=4_000_000_000, secret=SECRET):
    text = f"{user}.{until}"
    signed = base64.urlsafe_b64encode(hmac.digest(secret.encode(), text.encode(), "sha256")).decode().rstrip("=")
    return f"{text}.{signed}"


def post(user, **body):
    return app.call("POST", "/api/messages", token(user), body)


def read(user, path):
    return app.call("GET", path, token(user))


def two_people(p):
    person(f"{p}-1", "One", f"{p}-one")
    person(f"{p}-2", "Two", f"{p}-two")


@scenario
def E1_three_puts_are_a_conversation():
    rows_of = [
        {"pk": "GRP#e1-1", "sk": "2023-04-01T12:00:00Z", "message_group_uuid": "e1", "message": "hello", "user_uuid": "e1-2",
         "user_display_name": "Two", "user_handle": "two"},
        {"pk": "GRP#e1-2", "sk": "2023-04-01T12:00:00Z", "message_group_uuid": "e1", "message": "hello", "user_uuid": "e1-1",
         "user_display_name": "One", "user_handle": "one"},
        {"pk": "MSG#e1", "sk": "2023-04-01T12:00:00Z", "message_uuid": "e1-m", "message": "hello", "user_uuid": "e1-1",
         "user_display_name": "One", "user_handle": "one"}]
    db.batch_write_item(RequestItems={TABLE: [{"PutRequest": {"Item": item(row)}} for row in rows_of]})
    yield
    shows(lambda: listed("e1-1", "other", "handle", "display_name", "message"), [("e1-2", "two", "Two", "hello")])
    shows(lambda: listed("e1-2", "other", "handle", "display_name", "message"), [("e1-1", "one", "One", "hello")])
    shows(lambda: texts("e1-1", "e1"), ["hello"])
    # As the original asks the table and its index.
    found = db.query(TableName=TABLE, KeyConditionExpression="pk = :p AND begins_with(sk, :y)", ScanIndexForward=False, Limit=20,
                     ExpressionAttributeValues={":p": {"S": "MSG#e1"}, ":y": {"S": "2023"}})["Items"]
    assert [row["message"]["S"] for row in found] == ["hello"], found
    found = db.query(TableName=TABLE, IndexName="message-group-sk-index", KeyConditionExpression="message_group_uuid = :g",
                     ExpressionAttributeValues={":g": {"S": "e1"}})
    assert found["Count"] == 2, found


@scenario
def E2_a_message_moves_the_preview_of_both():
    pair("e2")
    message("e2", "2023-04-01T12:00:00Z", "hello")
    yield
    shows(lambda: [listed("e2-1"), listed("e2-2")], [[("e2", "hello")]] * 2)
    with always(lambda: listed("e2-1", "group_uuid"), [("e2",)]), always(lambda: listed("e2-2", "group_uuid"), [("e2",)]):
        message("e2", "2023-04-01T12:01:00Z", "second")
        yield
        for me in ["e2-1", "e2-2"]:
            shows(lambda: listed(me, "message", "created_at"), [("second", "2023-04-01T12:01:00.000000Z")])


@scenario
def E3_an_older_message_that_comes_again():
    pair("e3")
    message("e3", "2023-04-01T12:00:00Z", "hello")
    message("e3", "2023-04-01T12:01:00Z", "second")
    yield
    shows(lambda: [listed("e3-1"), listed("e3-2")], [[("e3", "second")]] * 2)
    # Put again it leaves no record; delivered again it does nothing, which a run with double delivery shows for every record.
    message("e3", "2023-04-01T12:00:00Z", "hello")
    yield
    stays(lambda: [listed("e3-1"), listed("e3-2")], [[("e3", "second")]] * 2)
    assert len(records(TABLE, pk="MSG#e3", sk="2023-04-01T12:00:00Z")) == 1


@scenario
def E4_two_messages_at_once():
    pair("e4")
    db.transact_write_items(TransactItems=[{"Put": {"TableName": TABLE, "Item": item({
        "pk": "MSG#e4", "sk": f"2023-04-01T12:0{number}:00Z", "message_uuid": f"e4-{number}", "message": str(number), "user_uuid": "e4-1"})}}
        for number in [2, 1]])
    yield
    shows(lambda: listed("e4-1"), [("e4", "2")])


@scenario
def E5_conversations_by_their_last_message():
    for number in (1, 2, 3):
        group_row("e5", f"e5-{number}", f"e5-g{number}", f"2023-04-01T11:00:0{number}Z")
    for minute, number in enumerate([2, 3, 1]):
        message(f"e5-g{number}", f"2023-04-01T12:0{minute}:00Z", "hi")
    yield
    shows(lambda: listed("e5", "group_uuid"), [("e5-g1",), ("e5-g3",), ("e5-g2",)])


@scenario
def E6_and_flaw_1_a_worker_that_dies_between_reading_and_writing():
    pair("e6")
    message("e6", "2023-04-01T12:00:00Z", "hello")
    yield
    shows(lambda: [listed("e6-1"), listed("e6-2")], [[("e6", "hello")]] * 2)
    # The run with kills does so here, at once after the write.
    with always(lambda: listed("e6-1", "group_uuid"), [("e6",)]), always(lambda: listed("e6-2", "group_uuid"), [("e6",)]):
        message("e6", "2023-04-01T12:01:00Z", "second")
        yield
        shows(lambda: [listed("e6-1"), listed("e6-2")], [[("e6", "second")]] * 2)


@scenario
def E7_pages_of_twenty():
    pair("e7")
    for number in range(25):
        message("e7", f"2023-04-01T12:00:{number:02}Z", str(number), uuid=f"e7-{number:02}")
    yield
    shows(lambda: texts("e7-1", "e7"), [str(number) for number in range(5, 25)])
    first = ask("conversation_messages", me="e7-1", group_uuid="e7")[0]
    assert texts("e7-1", "e7", before=first["sent"], before_uuid=first["message_uuid"]) == [str(number) for number in range(5)]
    # The same through the application.
    status, page = read("e7-1", "/api/messages/e7")
    assert status == 200 and [row["message"] for row in page] == [str(number) for number in range(5, 25)], page
    place = urllib.parse.urlencode({"before": page[0]["created_at"], "before_uuid": page[0]["uuid"]})
    status, page = read("e7-1", f"/api/messages/e7?{place}")
    assert status == 200 and [row["message"] for row in page] == [str(number) for number in range(5)], page


@scenario
def E8_a_long_conversation_page_by_page():
    pair("e8")
    said = [f"message {number} of {'one' if number % 2 == 0 else 'two'}: {'x' * (56 + number)}" for number in range(104)]
    for number, text in enumerate(said):
        message("e8", f"2023-04-{1 + number // 60:02}T12:{number % 60:02}:00.000001+00:00", text, f"e8-{1 + number % 2}", f"e8-{number:03}")
    yield
    shows(lambda: listed("e8-1"), [("e8", said[-1])])
    found, before = [], {}
    while page := ask("conversation_messages", me="e8-2", group_uuid="e8", **before):
        found = [row["body"] for row in page] + found
        before = {"before": page[0]["sent"], "before_uuid": page[0]["message_uuid"]}
    assert found == said


@scenario
def E9_over_new_year():
    pair("e9")
    message("e9", "2023-12-31T23:59:59Z", "old year")
    message("e9", "2024-01-01T00:00:01Z", "new year")
    yield
    shows(lambda: (texts("e9-1", "e9"), listed("e9-2")), (["old year", "new year"], [("e9", "new year")]))


@scenario
def E10_instants_and_not_texts():
    pair("e10")
    message("e10", "2023-11-05T09:30:00-05:00", "later")
    message("e10", "2023-11-05T10:00:00Z", "earlier")
    yield
    shows(lambda: texts("e10-1", "e10"), ["earlier", "later"])
    shows(lambda: listed("e10-1", "message", "created_at"), [("later", "2023-11-05T14:30:00.000000Z")])


@scenario
def E11_and_flaw_4_a_message_before_its_conversation():
    message("e11", "2023-04-01T12:00:00Z", "early")
    yield
    shows(lambda: listed("e11-1"), [])
    pair("e11")
    yield
    shows(lambda: [listed("e11-1"), listed("e11-2")], [[("e11", "early")]] * 2)


@scenario
def E12_two_conversations_of_one_instant():
    group_row("e12", "e12-1", "e12-a", "2023-04-01T12:00:00Z#e12-a")
    group_row("e12", "e12-2", "e12-b", "2023-04-01T12:00:00Z#e12-b")
    yield
    shows(lambda: listed("e12"), [("e12-a", ""), ("e12-b", "")])


@scenario
def E13_and_flaw_15_deleted_messages():
    pair("e13")
    message("e13", "2023-04-01T12:00:00Z", "hello")
    message("e13", "2023-04-01T12:01:00Z", "second")
    yield
    shows(lambda: listed("e13-1"), [("e13", "second")])
    db.delete_item(TableName=TABLE, Key=key("e13", "2023-04-01T12:01:00Z"))
    yield
    shows(lambda: listed("e13-1", "message", "created_at"), [("hello", "2023-04-01T12:00:00.000000Z")])
    db.delete_item(TableName=TABLE, Key=key("e13", "2023-04-01T12:00:00Z"))
    yield
    shows(lambda: [listed("e13-1"), listed("e13-2")], [[("e13", "")]] * 2)


@scenario
def E14_and_flaw_15_an_edited_message():
    pair("e14")
    message("e14", "2023-04-01T12:00:00Z", "helo")
    message("e14", "2023-04-01T12:01:00Z", "second")
    yield
    shows(lambda: texts("e14-1", "e14"), ["helo", "second"])
    db.update_item(TableName=TABLE, Key=key("e14", "2023-04-01T12:00:00Z"), UpdateExpression="SET message = :m",
                   ExpressionAttributeValues={":m": {"S": "hello"}})
    yield
    shows(lambda: texts("e14-1", "e14"), ["hello", "second"])
    assert listed("e14-1", "message", "created_at") == [("second", "2023-04-01T12:01:00.000000Z")]


@scenario
def E15_how_long_a_message_may_be():
    two_people("e15")
    status, answer = post("e15-1", handle="e15-two", message="é" * 1024)
    assert status == 200, answer
    group = answer["message_group_uuid"]
    yield
    shows(lambda: texts("e15-2", group), ["é" * 1024])
    for body, texts_wanted in [
        ({"message": "x" * 1025}, ["message_exceed_max_chars_1024"]), ({"message": ""}, ["message_blank"]), ({}, ["message_blank"]),
        ({"message": 7}, ["message_blank"]), ({"message": "", "message_group_uuid": ""}, ["message_blank", "message_group_uuid_blank"]),
    ]:
        more = {} if "message_group_uuid" in body else {"message_group_uuid": group}
        assert post("e15-1", **body, **more) == (422, texts_wanted), body
    assert post("e15-1", message="hi", handle="") == (422, ["user_reciever_handle_blank"])
    assert post("e15-1", message="hi") == (422, ["user_reciever_handle_blank"])
    assert app.call("POST", "/api/messages", token("e15-1"), b"[") [0] == 400
    yield
    assert len([one for one in log(TABLE) if one["dynamodb"]["Keys"]["pk"]["S"] == f"MSG#{group}"]) == 1


@scenario
def E16_and_flaw_9_the_same_pair_twice():
    two_people("e16")
    status, first = post("e16-1", handle="e16-two", message="hello")
    assert status == 200, first
    yield
    status, second = post("e16-1", handle="e16-two", message="again")
    assert (status, second) == (200, first)
    yield
    status, third = post("e16-2", handle="e16-one", message="from the other side")
    assert (status, third) == (200, first)
    yield
    group = first["message_group_uuid"]
    shows(lambda: [listed("e16-1"), listed("e16-2")], [[(group, "from the other side")]] * 2)
    assert texts("e16-1", group) == ["hello", "again", "from the other side"]
    # Both at once: one conversation.
    two_people("e16b")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: post(f"e16b-{1 + n % 2}", handle=f"e16b-{'two' if n % 2 == 0 else 'one'}", message=str(n)), range(8)))
    yield
    assert {status for status, _ in found} == {200} and len({answer["message_group_uuid"] for _, answer in found}) == 1, found
    shows(lambda: (len(listed("e16b-1")), len(listed("e16b-2"))), (1, 1))
    assert sorted(texts("e16b-1", found[0][1]["message_group_uuid"])) == [str(number) for number in range(8)]


@scenario
def E17_and_flaw_10_a_conversation_of_others():
    two_people("e17")
    group = post("e17-1", handle="e17-two", message="between us")[1]["message_group_uuid"]
    yield
    shows(lambda: texts("e17-1", group), ["between us"])
    assert texts("e17-3", group) == []
    assert read("e17-3", f"/api/messages/{group}") == (404, {})
    assert post("e17-3", message_group_uuid=group, message="me too") == (404, {})
    yield
    assert texts("e17-2", group) == ["between us"]
    status, sent = post("e17-2", message_group_uuid=group, message="yes")
    assert status == 200 and (sent["message_group_uuid"], sent["display_name"], sent["handle"], sent["message"]) == (
        group, "Two", "e17-two", "yes"), sent
    # What was answered is in what is read after it, without a wait.
    status, page = read("e17-1", f"/api/messages/{group}")
    assert [(row["message"], row["handle"]) for row in page] == [("between us", "e17-one"), ("yes", "e17-two")], page
    assert page[1] == {name: sent[name] for name in page[1]}, (page, sent)
    status, groups = read("e17-1", "/api/message_groups")
    assert [(row["uuid"], row["handle"], row["message"]) for row in groups] == [(group, "e17-two", "yes")], groups


@scenario
def E18_and_flaw_11_a_receiver_who_is_not_there():
    two_people("e18")
    assert post("e18-1", handle="e18-nobody", message="hi") == (422, ["user_reciever_unknown"])
    assert post("e18-1", handle="e18-one", message="hi") == (422, ["user_reciever_is_sender"])
    yield
    assert read("e18-1", "/api/message_groups") == (200, [])
    # Of neither: a conversation row, or a message.
    assert not [one for one in log(TABLE) if one["dynamodb"]["Keys"]["pk"]["S"] in ("GRP#e18-1", "GRP#e18-2") or "e18-1" in str(one["dynamodb"].get("NewImage"))]
    assert read("e18-1", "/api/users/@e18-two/short") == (200, {"uuid": "e18-2", "handle": "e18-two", "display_name": "Two"})


@scenario
def E19_and_flaw_12_a_new_name():
    pair("e19")
    message("e19", "2023-04-01T12:00:00Z", "hello", "e19-2")
    yield
    shows(lambda: listed("e19-1", "display_name"), [("old name of e19-2",)])
    db.put_item(TableName="cruddur-users", Item=item({"user_uuid": "e19-2", "display_name": "New", "handle": "niu"}))
    yield
    shows(lambda: listed("e19-1", "display_name", "handle"), [("New", "niu")])
    shows(lambda: [row["display_name"] for row in ask("conversation_messages", me="e19-1", group_uuid="e19")], ["New"])


@scenario
@heavy
def E20_two_writers_at_once():
    pair("e20")
    count = 500 if WAY == "plain" else 100

    def write(who):
        for number in range(count):
            # Both write at the same instants.
            stamp = f"2023-04-01T12:{number // 60:02}:{number % 60:02}Z"
            message("e20", f"{stamp}#{who}", f"{who} {number}", f"e20-{who}", f"{who}-{number:03}")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, (1, 2)))
    yield
    shows(lambda: messages_of("e20-1", "e20"), 2 * count, within=4 * W)
    shows(lambda: [listed("e20-1"), listed("e20-2")], [[("e20", f"2 {count - 1}")]] * 2)
    assert texts("e20-1", "e20", limit=3) == [f"2 {count - 2}", f"1 {count - 1}", f"2 {count - 1}"]


@scenario
def E_tables_are_those_of_the_original():
    yield
    table = db.describe_table(TableName=TABLE)["Table"]
    assert table["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}], table
    index = table["GlobalSecondaryIndexes"][0]
    assert (index["IndexName"], [key["AttributeName"] for key in index["KeySchema"]], index["Projection"]) == (
        "message-group-sk-index", ["message_group_uuid", "sk"], {"ProjectionType": "ALL"}), index
    # What an emulator lets pass and AWS does not: an attribute that no key has.
    fails("ValidationException", db.create_table, TableName="cruddur-other", KeySchema=table["KeySchema"], BillingMode="PAY_PER_REQUEST",
          AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ["pk", "sk", "message_group_uuid"]])


@scenario
def E_flaw_2_an_older_message_handled_late():
    pair("ef2")
    message("ef2", "2023-04-01T12:01:00Z", "second")
    yield
    message("ef2", "2023-04-01T12:00:00Z", "first")
    yield
    shows(lambda: texts("ef2-1", "ef2"), ["first", "second"])
    stays(lambda: listed("ef2-1"), [("ef2", "second")])


@scenario
def E_flaw_3_every_record_of_a_batch_counts():
    pair("ef3")
    db.batch_write_item(RequestItems={TABLE: [{"PutRequest": {"Item": item({
        "pk": "MSG#ef3", "sk": f"2023-04-01T12:00:{number:02}Z", "message_uuid": f"ef3-{number:02}", "message": str(number),
        "user_uuid": "ef3-1"})}} for number in range(25)]})
    yield
    shows(lambda: (messages_of("ef3-1", "ef3"), listed("ef3-1")), (25, [("ef3", "24")]))


@scenario
def E_flaw_5_conversations_of_one_instant_do_not_overwrite_each_other():
    for number in "123":
        person(f"ef5-{number}", number, f"ef5-{number}")
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda number: post("ef5-1", handle=f"ef5-{number}", message="hi"), "23"))
    yield
    assert [status for status, _ in found] == [200, 200], found
    shows(lambda: sorted(listed("ef5-1", "other")), [("ef5-2",), ("ef5-3",)])


@scenario
def E_flaw_6_no_year_is_left_out():
    pair("ef6")
    message("ef6", "2020-06-01T12:00:00Z", "years ago")
    yield
    shows(lambda: (listed("ef6-1"), texts("ef6-1", "ef6")), ([("ef6", "years ago")], ["years ago"]))
    shows(lambda: [row["message"] for row in read("ef6-2", "/api/messages/ef6")[1]], ["years ago"])


@scenario
def E_flaw_7_times_without_a_zone_or_without_a_fraction_sort_with_the_others():
    pair("ef7")
    for stamp, text in [("2023-04-01T12:00:00", "1"), ("2023-04-01T14:00:00.5+02:00", "2"), ("2023-04-01T12:00:00.900000", "3"),
                        ("2023-04-01T12:00:01Z", "4")]:
        message("ef7", stamp, text)
    yield
    shows(lambda: texts("ef7-1", "ef7"), ["1", "2", "3", "4"])
    # The application writes one form only: UTC, with all its digits.
    two_people("ef7b")
    group = post("ef7b-1", handle="ef7b-two", message="hi")[1]["message_group_uuid"]
    yield
    stamp = next(one["dynamodb"]["Keys"]["sk"]["S"] for one in log(TABLE) if one["dynamodb"]["Keys"]["pk"]["S"] == f"MSG#{group}")
    assert len(stamp.split("#")[0]) == len("2023-04-01T12:00:00.000000Z") and stamp.split("#")[0].endswith("Z"), stamp


@scenario
def E_flaw_8_a_conversation_is_created_whole_or_not_at_all():
    two_people("ef8")
    group = post("ef8-1", handle="ef8-two", message="hi")[1]["message_group_uuid"]
    yield
    mine = [one for one in log(TABLE) if group in str(one["dynamodb"].get("NewImage"))]
    assert sorted(one["dynamodb"]["Keys"]["pk"]["S"].split("#")[0] for one in mine) == ["GRP", "GRP", "MSG", "PAIR"], mine
    # One transaction is one moment: whoever has the row of one of them has that of the other and the message.
    fails("TransactionCanceledException", db.transact_write_items, TransactItems=[
        {"Put": {"TableName": TABLE, "Item": item({"pk": "GRP#ef8-9", "sk": "2023-04-01T12:00:00Z", "message_group_uuid": "ef8x", "user_uuid": "ef8-1"})}},
        {"Put": {"TableName": TABLE, "Item": item({"pk": "PAIR#ef8-1#ef8-2", "sk": "PAIR"}), "ConditionExpression": "attribute_not_exists(pk)"}}])
    yield
    shows(lambda: listed("ef8-9"), [])


@scenario
def E_flaw_10_who_is_not_signed_in_gets_nothing():
    yield
    for wrong in [None, "", "x", token("ef10") + "0", token("ef10", until=1), token("ef10", secret="another"), token("ef10").replace("ef10", "ef11")]:
        assert app.call("GET", "/api/message_groups", wrong) == (401, {}), wrong
    assert app.call("POST", "/api/messages", None, {"message": "hi", "handle": "x"}) == (401, {})
    assert read("ef10", "/api/message_groups") == (200, [])


@scenario
def E_flaw_13_a_message_leaves_one_record():
    two_people("ef13")
    group = post("ef13-1", handle="ef13-two", message="hi")[1]["message_group_uuid"]
    yield
    post("ef13-1", message_group_uuid=group, message="again")
    yield
    mine = [one for one in log(TABLE) if group in str(one["dynamodb"])]
    assert len(mine) == 5, mine


@scenario
@heavy
def E_flaw_14_a_scan_has_more_than_one_page():
    pair("ef14")
    for number in range(30):
        message("ef14", f"2023-04-01T12:00:{number:02}Z", "x" * 60_000)
    yield
    pages = list(db.get_paginator("query").paginate(TableName=TABLE, KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": {"S": "MSG#ef14"}}))
    assert len(pages) > 1 and sum(len(page["Items"]) for page in pages) == 30
    shows(lambda: messages_of("ef14-1", "ef14"), 30)


run()
