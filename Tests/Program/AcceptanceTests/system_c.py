"""Chat rooms, system C: sixteen scenarios through unmodified boto3. See pipelines/chat-rooms."""

from acceptance_kit import WAY, db, fails, item, records, rows, run, scenario, shows

TABLE = "Chat"


def room(name, owner, **more):
    return db.put_item(TableName=TABLE, Item=item({"PK": f"Room:{name}", "SK": "meta", "CreatedBy": owner}), **more)


def join(person, name, **more):
    return db.put_item(TableName=TABLE, Item=item({"PK": f"User:{person}", "SK": f"Join:{name}", **more}))


def leave(person, name):
    return db.delete_item(TableName=TABLE, Key=item({"PK": f"User:{person}", "SK": f"Join:{name}"}))


def comment(person, stamp, name, text, created=None):
    return db.put_item(TableName=TABLE, Item=item({
        "PK": f"User:{person}", "SK": stamp, "RoomID": name, "CreatedAt": created or stamp, "Comment": text}))


def sample(p=""):
    """The eight items of the source, with a prefix for rooms and people."""
    room(f"{p}Music", f"{p}UserA")
    room(f"{p}Art", f"{p}UserF")
    room(f"{p}Movie", f"{p}UserE")
    comment(f"{p}UserA", "2023-04-01T12:00:00.001Z", f"{p}Music", "Hello!")
    comment(f"{p}UserA", "2023-04-01T13:00:00.001Z", f"{p}Music", "I like a Rock music.", "2023-04-01T12:00:50.001Z")
    comment(f"{p}UserB", "2023-04-01T12:00:01.001Z", f"{p}Movie", "What's your favorite?")
    comment(f"{p}UserC", "2023-04-01T12:00:05.001Z", f"{p}Art", "I love aaa.")
    comment(f"{p}UserA", "2023-04-01T14:00:00.001Z", f"{p}Art", "Me too.")


def ask(query, **parameters):
    return rows("chat-rooms", query, **parameters)


def texts(query, name, **more):
    return [row["text"] for row in ask(query, room=name, **more)]


def timeline(name):
    return texts("room_comments", name)


def members(name):
    return [row["person"] for row in ask("members_of_room", room=name)]


def info(name):
    """Owner, comments and speakers of a room; None when there is none."""
    found = ask("room_info", room=name)
    return (found[0]["owner"], found[0]["comments"], found[0]["speakers"]) if found else None


@scenario
def C1_sample():
    sample()
    yield
    shows(lambda: timeline("Music"), ["Hello!", "I like a Rock music."])
    shows(lambda: timeline("Movie"), ["What's your favorite?"])
    shows(lambda: timeline("Art"), ["I love aaa.", "Me too."])
    # As the original asks the table's index.
    found = db.query(TableName=TABLE, IndexName="RoomID_Comment_IDX", KeyConditionExpression="RoomID = :r",
                     ExpressionAttributeValues={":r": {"S": "Music"}}, ScanIndexForward=False, Limit=10)["Items"]
    assert [row["Comment"]["S"] for row in found] == ["I like a Rock music.", "Hello!"], found


@scenario
def C2_latest():
    sample("c2-")
    yield
    shows(lambda: texts("room_latest", "c2-Music", limit=10), ["I like a Rock music.", "Hello!"])


@scenario
def C3_from_position_to_position():
    sample("c3-")
    yield
    shows(lambda: texts("room_comments_after", "c3-Music", after="2023-04-01T12:00:00.001Z"), ["I like a Rock music."])
    shows(lambda: texts("room_comments_between", "c3-Music", earliest="2023-04-01T12:00:00.001Z", latest="2023-04-01T12:00:50.001Z"),
          ["Hello!", "I like a Rock music."])


@scenario
def C4_fifteen_comments():
    for number in range(15):
        comment(f"c4-{number % 3}", f"2026-01-01T10:00:{number:02}Z", "c4", str(number))
    yield
    shows(lambda: timeline("c4"), [str(number) for number in range(15)])
    shows(lambda: texts("room_latest", "c4", limit=10), [str(number) for number in range(14, 4, -1)])


@scenario
def C5_create_only_if_new():
    sample("c5-")
    yield
    fails("ConditionalCheckFailedException", room, name="c5-Music", owner="c5-UserZ", ConditionExpression="attribute_not_exists(PK)")
    shows(lambda: info("c5-Music"), ("c5-UserA", 2, 1))


# `fails` gives the call's arguments by name.
def delete_room(name, owner):
    return db.delete_item(TableName=TABLE, Key=item({"PK": f"Room:{name}", "SK": "meta"}), ConditionExpression="CreatedBy = :u",
                          ExpressionAttributeValues={":u": {"S": owner}})


@scenario
def C6_only_the_owner_deletes():
    sample("c6-")
    join("c6-UserB", "c6-Music")
    yield
    fails("ConditionalCheckFailedException", delete_room, name="c6-Music", owner="c6-UserZ")
    shows(lambda: (info("c6-Music"), members("c6-Music")), (("c6-UserA", 2, 1), ["c6-UserB"]))
    delete_room("c6-Music", "c6-UserA")
    yield
    shows(lambda: (info("c6-Music"), timeline("c6-Music"), members("c6-Music")), (None, [], []))
    assert timeline("c6-Art") == ["I love aaa.", "Me too."]


@scenario
def C7_members():
    join("c7-A", "c7")
    join("c7-B", "c7")
    leave("c7-A", "c7")
    yield
    shows(lambda: (members("c7"), ask("rooms_of_person", person="c7-A")), (["c7-B"], []))


@scenario
def C8_join_and_leave_twice():
    join("c8-A", "c8")
    join("c8-A", "c8")
    yield
    shows(lambda: members("c8"), ["c8-A"])
    leave("c8-A", "c8")
    leave("c8-A", "c8")
    yield
    shows(lambda: members("c8"), [])
    assert [record["eventName"] for record in records(TABLE, PK="User:c8-A", SK="Join:c8")] == ["INSERT", "REMOVE"]


@scenario
def C9_equal_times():
    comment("c9-B", "2026-01-01T10:00:00Z", "c9", "second")
    comment("c9-A", "2026-01-01T10:00:00Z", "c9", "first")
    yield
    shows(lambda: timeline("c9"), ["first", "second"])


@scenario
def C10_a_comment_moves():
    comment("c10", "2026-01-01T10:00:00Z", "c10-Music", "Hello!")
    room("c10-Music", "c10")
    room("c10-Art", "c10")
    yield
    shows(lambda: (info("c10-Music"), info("c10-Art")), (("c10", 1, 1), ("c10", 0, 0)))
    comment("c10", "2026-01-01T10:00:00Z", "c10-Art", "Hello!")
    yield
    shows(lambda: (timeline("c10-Music"), timeline("c10-Art"), info("c10-Music"), info("c10-Art")),
          ([], ["Hello!"], ("c10", 0, 0), ("c10", 1, 1)))


@scenario
def C11_an_edit():
    room("c11", "c11")
    comment("c11", "2026-01-01T10:00:00Z", "c11", "helo")
    yield
    shows(lambda: [(row["text"], row["edited"]) for row in ask("room_comments", room="c11")], [("helo", 0)])
    comment("c11", "2026-01-01T10:00:00Z", "c11", "hello")
    yield
    shows(lambda: ([(row["text"], row["edited"]) for row in ask("room_comments", room="c11")], info("c11")), ([("hello", 1)], ("c11", 1, 1)))


@scenario
def C12_a_deleted_comment():
    room("c12", "c12-A")
    comment("c12-A", "2026-01-01T10:00:00Z", "c12", "one")
    comment("c12-B", "2026-01-01T10:00:01Z", "c12", "two")
    yield
    shows(lambda: info("c12"), ("c12-A", 2, 2))
    db.delete_item(TableName=TABLE, Key=item({"PK": "User:c12-B", "SK": "2026-01-01T10:00:01Z"}))
    yield
    shows(lambda: (timeline("c12"), info("c12")), (["one"], ("c12-A", 1, 1)))


@scenario
def C13_a_comment_before_its_room():
    comment("c13", "2026-01-01T10:00:00Z", "c13", "early")
    yield
    shows(lambda: [(row["text"], row["room_unknown"]) for row in ask("room_comments", room="c13")], [("early", 1)])
    room("c13", "c13")
    yield
    shows(lambda: [(row["text"], row["room_unknown"]) for row in ask("room_comments", room="c13")], [("early", 0)])


@scenario
def C14_a_membership_that_looks_like_a_comment():
    join("c14", "c14", RoomID="c14", CreatedAt="2026-01-01T10:00:00Z")
    yield
    shows(lambda: (members("c14"), timeline("c14")), (["c14"], []))


@scenario
def C15_ten_thousand_comments():
    count, people = (10_000, 50) if WAY == "plain" else (2_000, 50)
    room("c15", "c15-0")
    batch = []
    for number in range(count):
        minute, second = divmod(number // 10, 60)
        stamp = f"2026-01-01T{minute // 60:02}:{minute % 60:02}:{second:02}.{number % 10}00Z"
        batch.append({"PutRequest": {"Item": item({
            "PK": f"User:c15-{number % people}", "SK": stamp, "RoomID": "c15", "CreatedAt": stamp, "Comment": str(number)})}})
        if len(batch) == 25:
            assert db.batch_write_item(RequestItems={TABLE: batch})["UnprocessedItems"] == {}
            batch = []
    yield
    shows(lambda: info("c15"), ("c15-0", count, people))
    found = ask("room_comments", room="c15", limit=100_000)
    assert [row["text"] for row in found] == [str(number) for number in range(count)]
    for person in (0, people - 1):
        own = [int(row["text"]) for row in found if row["person"] == f"c15-{person}"]
        assert own == sorted(own) and len(own) == count // people


@scenario
def C16_a_room_made_again():
    room("c16", "c16-A")
    join("c16-B", "c16")
    comment("c16-B", "2026-01-01T10:00:00Z", "c16", "before")
    leave("c16-B", "c16")
    join("c16-C", "c16")
    shows(lambda: (info("c16"), members("c16")), (("c16-A", 1, 1), ["c16-C"]))
    delete_room("c16", "c16-A")
    yield
    shows(lambda: (info("c16"), timeline("c16"), members("c16")), (None, [], []))
    room("c16", "c16-D")
    yield
    shows(lambda: (info("c16"), timeline("c16"), members("c16")), (("c16-D", 0, 0), [], []))


run()
