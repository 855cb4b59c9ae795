"""LangChain's chat memory, system G: sixteen scenarios through its unmodified class and boto3. See pipelines/chat-memory."""

import itertools
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

warnings.simplefilter("ignore")

import boto3
from langchain_community.chat_message_histories import DynamoDBChatMessageHistory
from langchain_core.messages import AIMessage, HumanMessage

from acceptance_kit import TABLES, E, W, db, fails, item, records, rows, run, scenario, shows, stays

TABLE = "SessionTable"
ulids = itertools.count(1)
plain = boto3.resource("dynamodb", endpoint_url=TABLES).Table(TABLE)


def chat(session, **options):
    return DynamoDBChatMessageHistory(**{"table_name": TABLE, "session_id": session, "endpoint_url": TABLES, **options})


def ask(query, **parameters):
    return rows("chat-memory", query, **parameters)


def memory(session, query="chat_memory"):
    return [(found["kind"], found["body"]) for found in ask(query, session=session)]


def bodies(session):
    return [body for _, body in memory(session)]


def logged(session, **more):
    return [found["body"] for found in ask("log_of_session", session=session, **more)]


def state(session, *names, query="session_state"):
    """Of the newest time that the session was active."""
    found = ask(query, session=session)
    return found and tuple(found[0][name] for name in names)


def message(text, **more):
    """As the class writes it."""
    return {"type": "human", "data": {"content": text, **more}}


def write(session, *messages, **more):
    plain.put_item(Item={"SessionId": session, "History": list(messages), **more})


@scenario
def G1_two_messages():
    history = chat("g1")
    history.add_user_message("hi!")
    history.add_ai_message("whats up?")
    yield
    assert history.messages == [HumanMessage("hi!"), AIMessage("whats up?")], history.messages
    shows(lambda: memory("g1"), [("human", "hi!"), ("ai", "whats up?")])
    shows(lambda: state("g1", "status", "turns", "writes"), ("active", 2, 2))


@scenario
def G2_a_key_of_two_parts():
    key = {"PK": "session_id::g2", "SK": "langchain_history"}
    history = chat("unused", table_name="CompositeTable", key=key)
    history.add_user_message("hi!")
    history.add_ai_message("whats up?")
    yield
    assert [message.content for message in history.messages] == ["hi!", "whats up?"]
    shows(lambda: memory("g2", "composite_memory"), [("human", "hi!"), ("ai", "whats up?")])
    shows(lambda: state("g2", "status", "turns", query="composite_state"), ("active", 2))
    assert set(db.get_item(TableName="CompositeTable", Key=item(key))["Item"]) == {"PK", "SK", "History"}


@scenario
def G3_a_history_that_is_trimmed():
    history = chat("g3", history_size=3)
    for number in range(5):
        history.add_user_message(f"m{number}")
    yield
    assert [message.content for message in history.messages] == ["m2", "m3", "m4"]
    shows(lambda: (bodies("g3"), logged("g3")), (["m2", "m3", "m4"], ["m0", "m1", "m2", "m3", "m4"]))
    assert state("g3", "rewrites") == (0,)


def expiry(session):
    return int(db.get_item(TableName=TABLE, Key=item({"SessionId": session}))["Item"]["expireAt"]["N"])


@scenario
def G4_each_message_renews_the_expiry():
    history = chat("g4", ttl=600)
    history.add_user_message("one")
    first = expiry("g4")
    yield
    shows(lambda: state("g4", "status"), ("active",))
    time.sleep(2)
    history.add_user_message("two")
    yield
    assert expiry("g4") - first >= 2, (first, expiry("g4"))
    shows(lambda: state("g4", "status", "turns"), ("active", 2))


@scenario
def G5_and_flaw_4_an_expired_memory_is_empty():
    chat("g5", ttl=2).add_user_message("one")
    end = expiry("g5")
    yield
    shows(lambda: (state("g5", "status"), bodies("g5")), (("expired",), []), within=E + 2)
    assert time.time() >= end, "it expired too early"

    def removals():
        return [record["userIdentity"] for record in records(TABLE, SessionId="g5") if record["eventName"] == "REMOVE"]

    shows(removals, [{"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}])
    stays(lambda: (len(removals()), bodies("g5")), (1, []))


@scenario
def G6_a_message_just_before_the_expiry():
    history, later = chat("g6", ttl=4), chat("g6", ttl=600)
    history.add_user_message("one")
    later.add_user_message("two")
    yield
    shows(lambda: bodies("g6"), ["one", "two"])
    stays(lambda: (state("g6", "status"), bodies("g6")), (("active",), ["one", "two"]))


@scenario
def G7_a_cleared_memory():
    history = chat("g7")
    history.add_user_message("one")
    yield
    shows(lambda: bodies("g7"), ["one"])
    history.clear()
    yield
    shows(lambda: (bodies("g7"), state("g7", "status")), ([], ("ended",)))
    before = len(records(TABLE, SessionId="g7"))
    history.clear()
    assert history.messages == [] and len(records(TABLE, SessionId="g7")) == before == 2


@scenario
def G8_and_flaw_1_an_item_for_each_message():
    def writer(name):
        for number in range(100):
            db.put_item(TableName="MessageTable", ConditionExpression="attribute_not_exists(message_id)",
                        Item=item({"session_id": "g8", "message_id": f"{next(ulids):026}", "type": "human", "content": f"{name}{number}", "writer": name}))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(writer, ["a", "b"]))
    yield

    def of(name):
        return [found["body"] for found in ask("messages_of_session", session="g8") if found["writer"] == name]

    shows(lambda: (of("a"), of("b")), tuple([f"{name}{number}" for number in range(100)] for name in "ab"))


@scenario
def G9_a_list_put_over_anothers():
    write("g9", message("m0"))
    yield
    shows(lambda: bodies("g9"), ["m0"])
    # Both have read m0.
    write("g9", message("m0"), message("of a"))
    write("g9", message("m0"), message("of b"))
    yield
    shows(lambda: (bodies("g9"), logged("g9"), state("g9", "rewrites")), (["m0", "of b"], ["m0", "of a", "of b"], (1,)))
    stays(lambda: state("g9", "rewrites"), (1,))


@scenario
def G10_and_flaw_3_a_long_history():
    texts = [f"{number:04}" + "x" * 296 for number in range(1000)]
    content = [message(text, type="human", example=False) for text in texts]
    write("g10", *content)
    yield
    write("g10", *content[:999], message(texts[999] + "y", type="human", example=False))
    fails("ValidationException", plain.put_item, Item={"SessionId": "g10", "History": content + content[:200]})
    yield
    shows(lambda: [len(found) for found in [bodies("g10"), logged("g10")]], [1000, 1001], within=4 * W)
    assert bodies("g10")[999] == texts[999] + "y"
    write("g10-after", message("flows"))
    yield
    shows(lambda: bodies("g10-after"), ["flows"])


@scenario
def G11_and_flaw_5_the_same_message_twice():
    history = chat("g11")
    for _ in range(2):
        history.add_user_message("ok")
    yield
    shows(lambda: (bodies("g11"), logged("g11")), (["ok", "ok"], ["ok", "ok"]))
    stays(lambda: (bodies("g11"), logged("g11")), (["ok", "ok"], ["ok", "ok"]))
    # The list says nothing of when a message came, the log does.
    changes = [record["dynamodb"]["ApproximateCreationDateTime"] for record in records(TABLE, SessionId="g11")]
    seen = [found["first_seen"] for found in ask("log_of_session", session="g11")]
    assert len(changes) == len(seen) == 2 and seen == sorted(seen), (changes, seen)


@scenario
def G12_an_item_without_messages():
    db.put_item(TableName=TABLE, Item=item({"SessionId": "g12", "userId": "u"}))
    yield
    shows(lambda: state("g12", "status", "owner", "turns"), ("active", "u", 0))
    assert bodies("g12") == []


@scenario
def G13_other_attributes():
    history = chat("g13")
    history.add_user_message("one")
    db.update_item(TableName=TABLE, Key=item({"SessionId": "g13"}), UpdateExpression="SET userId = :u", ExpressionAttributeValues=item({":u": "ana"}))
    history.add_user_message("two")
    yield
    shows(lambda: state("g13", "owner", "turns", "writes"), ("ana", 2, 2))


@scenario
def G14_and_flaw_6_a_number():
    history = chat("g14", coerce_float_to_decimal=True)
    history.add_message(AIMessage("x", response_metadata={"t": 1.5}))
    write("g14-long", message("x", big=Decimal("12345678901234567890123456789012345678")))
    yield
    shows(lambda: [found["whole"].count('"t":1.5}') for found in ask("chat_memory", session="g14")], [1])
    shows(lambda: [found["whole"].count('"big":12345678901234567890123456789012345678') for found in ask("chat_memory", session="g14-long")], [1])


@scenario
def G15_every_character():
    text = "👩‍🚀 שלום 𝄞 é"
    history = chat("g15")
    history.add_user_message(text)
    yield
    assert [message.content for message in history.messages] == [text]
    shows(lambda: bodies("g15"), [text])
    found = ask("chat_memory", session="g15")[0]["whole"]
    assert '"name":null' in found and '"id":null' in found, found


@scenario
def G16_and_flaw_7_other_names():
    options = {"table_name": "RenamedTable", "history_messages_key": "ChatHistory", "ttl_key_name": "TimeToLive"}
    history = chat("g16", ttl=600, **options)
    history.add_user_message("hi!")
    history.add_ai_message("whats up?")
    chat("g16-short", ttl=2, **options).add_user_message("one")
    yield
    shows(lambda: memory("g16", "renamed_memory"), [("human", "hi!"), ("ai", "whats up?")])
    shows(lambda: state("g16", "status", "turns", query="renamed_state"), ("active", 2))
    assert logged("g16", layout="renamed") == ["hi!", "whats up?"]
    shows(lambda: (state("g16-short", "status", query="renamed_state"), memory("g16-short", "renamed_memory")), (("expired",), []), within=E + 2)


@scenario
def G_flaw_2_a_message_is_a_small_write():
    """The better layout: what is written does not grow with the history."""
    for number in range(30):
        db.put_item(TableName="MessageTable", Item=item({"session_id": "g-small", "message_id": f"{number:026}", "type": "human", "content": f"m{number}"}))
    yield
    shows(lambda: len(ask("messages_of_session", session="g-small")), 30)
    sizes = [record["dynamodb"]["SizeBytes"] for record in records("MessageTable", session_id="g-small", message_id=f"{29:026}")]
    assert sizes and max(sizes) < 300, sizes


@scenario
def G_flaw_8_a_session_is_its_owners():
    """In the original whoever had the number of a session had its messages."""
    for session, owner in [("g-owned", "ana"), ("g-of-ben", "ben"), ("g-of-nobody", None)]:
        chat(session).add_user_message(f"said in {session}")
        if owner:
            plain.update_item(Key={"SessionId": session}, UpdateExpression="SET userId = :u", ExpressionAttributeValues={":u": owner})
    chat("g-owned").add_ai_message("and answered")

    def owned(owner, session):
        return [found["body"] for found in ask("memory_of_owner", owner=owner, session=session)]

    yield
    shows(lambda: owned("ana", "g-owned"), ["said in g-owned", "and answered"])
    shows(lambda: owned("ben", "g-of-ben"), ["said in g-of-ben"])
    shows(lambda: bodies("g-of-nobody"), ["said in g-of-nobody"])
    stays(lambda: [owned(owner, session) for owner, session in [("ben", "g-owned"), ("ana", "g-of-ben"), ("", "g-owned"), ("ana", "g-of-nobody")]], [[]] * 4)
    chat("g-owned").clear()
    yield
    shows(lambda: owned("ana", "g-owned"), [])


run()
