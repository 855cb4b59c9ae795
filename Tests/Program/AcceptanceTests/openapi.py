"""What the document at /v1/openapi.json says, held against the running server: the document itself by openapi-spec-validator, answers by the
schemas that it gives for them, and the paths that the server answers by those that it names.

Arguments: table endpoint, page endpoint, the page of the HTTP paths.
"""

import http.client
import json
import re
import sys
import time
import urllib.parse

import boto3
from botocore.config import Config
from jsonschema.exceptions import ValidationError
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator import OpenAPIV31SpecValidator

TABLES, PAGE, PATHS = sys.argv[1:4]
HOST = PAGE.split("//")[1]
db = boto3.client("dynamodb", endpoint_url=TABLES, config=Config(retries={"max_attempts": 0}))

# What parameters are given, so that every query has rows.
VALUES = {
    "room": "music", "person": "ana", "after": "2026-01-01T09:00:00Z", "earliest": "2026-01-01T09:00:00Z", "latest": "2026-01-01T23:00:00Z",
    "session": "s1", "customer": "c1", "child": "k1", "player": "ana", "game": "chess", "member": "ana",
    "me": "u1", "group_uuid": "g", "handle": "two", "project": "p1", "assignee": "ana", "email": "a@x",
    "owner": "ana", "server": "1", "rem_key": "meeting", "text": "meet", "bot": "errbot", "kind": "user",
}


def item(**values):
    return {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in values.items()}


def put_item(table, values):
    answer = db.put_item(TableName=table, Item=values)
    return answer["ResponseMetadata"]["HTTPHeaders"].get("x-afterimage-position")


def put(table, **values):
    return put_item(table, item(**values))


def ask(method, path, query=()):
    """Status, media type and body."""
    connection = http.client.HTTPConnection(HOST, timeout=20)
    text = path + ("?" + urllib.parse.urlencode(list(query)) if query else "")
    connection.request(method, text)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.getheader("Content-Type"), body


def write():
    """Items of every kind; the position of the last write to each table."""
    last = {}
    put("Chat", PK="Room:music", SK="meta", CreatedBy="ana")
    put("Chat", PK="User:ana", SK="Join:music")
    for number, text in enumerate(["hello", "ben: thanks a lot", "hello", "ana: thank you"]):
        time_of = f"2026-01-01T10:00:0{number}Z"
        put("Chat", PK=f"User:{'ana' if number % 2 == 0 else 'ben'}", SK=time_of, RoomID="music", CreatedAt=time_of, Comment=text)
    last["chat-rooms"] = put("Chat", PK="User:ana", SK="2026-01-01T10:00:00Z", RoomID="music", CreatedAt="2026-01-01T10:00:00Z",
                             Comment="hello all")
    for number, player in enumerate(["ana", "ben", "ana"]):
        put("GameScores", PK=f"Player:{player}", SK=f"Play:chess#2026-01-01T10:00:0{number}Z", Score=10 * number)
    put("GameScores", PK="Player:ben", SK="profile", Name="Ben")
    # No number: a dead letter.
    last["game-scores"] = put("GameScores", PK="Player:ben", SK="Play:chess#2026-01-02T10:00:00Z", Score="many")
    for table, name in [("session_store", "session-store"), ("session_store_single", "session-store-single")]:
        for session, customer in [("s1", "c1"), ("s2", "c1"), ("s2", "c2"), ("s3", "c3"), ("s1", "c1")]:
            put(table, PK=f"suuid#{session}", SK=f"c#{customer}", session_state="active", last_login_time="2026-01-01T10:00:00")
        put(table, PK="suuid#s4", SK="c#c4", session_state="closing", last_login_time="2026-01-01T10:00:00")
        last[name] = put(table, PK="suuid#s1", SK="child#suuid#k1", session_state="active")
    last["direct-messages"] = ",".join([
        put("cruddur-users", user_uuid="u2", display_name="Two", handle="two"),
        put("cruddur-messages", pk="GRP#u1", sk="2026-01-01T10:00:00Z", message_group_uuid="g", user_uuid="u2"),
        *(put("cruddur-messages", pk="MSG#g", sk=f"2026-01-01T10:00:0{number}Z", message_uuid=f"m{number}", message="hello",
              user_uuid="ana" if number else "u2") for number in range(3))])
    task = {"projectkey": "p1", "taskid": "t1", "taskdescription": "x", "assignedto": "ana"}
    project = {**item(projectkey="p1", projectname="One", projectmanager="a@x", createdby="a@x"), "groupmembers": {"SS": ["a@x", "b@x"]}}
    last["mini-jira"] = ",".join([
        put("employee", email="a@x", username="a", salt="00"),
        put_item("projects", project),
        put("stories", projectkey="p1", storyid="s1", storydescription="x"), put("comments", projectkey="p1", commentid="c1", commentedby="a", comment="x"),
        *(put("tasks", **task, taskstatus=state) for state in ["todo", "done", "inprogress"]),
        *(put("tasks", **{**task, "taskid": "t2"}, taskstatus=state) for state in ["todo", "done"])])
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    last["chatbot-sessions"] = put("chatbotSessionTable", sessionId="s1", userId="ana", lastInteraction=moment, state="greeting")
    history = {"L": [{"M": {"type": {"S": "human"}, "data": {"M": {"content": {"S": "hello"}}}}}]}
    last["chat-memory"] = ",".join([
        put_item("SessionTable", {"SessionId": {"S": "s1"}, "userId": {"S": "ana"}, "History": history}),
        put_item("CompositeTable", {"PK": {"S": "session_id::s1"}, "SK": {"S": "langchain_history"}, "History": history}),
        put_item("RenamedTable", {"SessionId": {"S": "s1"}, "ChatHistory": history}),
        put("MessageTable", session_id="s1", message_id="1", type="human", content="hello")])
    stats = {"play_stats": {"total_time_played": 60, "total_songs_played": 1},
             "dj_stats": {"djs": [{"user_id": 7, "total_time_played": 60, "total_songs_played": 1}]}}
    of_user = {"discord_server_id": 1, "discord_handle": "two"}
    put("league", **of_user, win_streak=0, loss_streak=0)
    put("sparkle", discord_server_id=1, discord_handle="ana", total_sparkles=2)
    last["errbot"] = ",".join([
        put("remember", discord_server_id=1, rem_key="meeting", rem_value="tomorrow"),
        put("play_event", discord_server_id=1, event="1", user_id="ana", song_duration=60),
        put("play", discord_server_id=1, stats=json.dumps(stats)), put("botdata", key="errbot", value=json.dumps({"play": 1})),
        put("sparkle", **of_user, total_sparkles=1, sparkle_reasons=""), put("loud", **of_user, updated_at=moment[:-1]),
        put("tts", **of_user, updated_at=moment[:-1]), put("league", **of_user, win_streak=1, loss_streak=0, last_match_sha256="a"),
        put("command_count", bot="errbot", command="rem", times=1), put("ban", kind="user", who="mal"),
        put("sparkle_event", discord_server_id=1, event="1", handle="two", giver="ana", reason="all of it"),
        put("eftitemtracker", server_id=1, item="key", threshold="5", channel="c", handle="two")])
    return last


class Document:
    def __init__(self):
        status, media, body = ask("GET", "/v1/openapi.json")
        assert (status, media) == (200, "application/json"), (status, media, body)
        self.whole = json.loads(body)
        OpenAPIV31SpecValidator(self.whole).validate()
        assert self.whole["openapi"] == "3.1.0"

    def operations(self, method):
        for path, item in self.whole["paths"].items():
            if method in item:
                yield path, item[method]

    def check(self, schema, value, what):
        """The value is what the schema says. References lead to the document's components."""
        whole = {**schema, "components": self.whole["components"]}
        errors = list(OAS31Validator(whole, format_checker=oas31_format_checker).iter_errors(value))
        if errors:
            raise ValidationError(f"{what}: {errors[0].message} at {list(errors[0].absolute_path)} of {str(value)[:2000]}")

    def answer(self, method, path, operation, query=()):
        """Asks and holds the answer against the document; status and parsed answer."""
        status, media, body = ask(method, path, query)
        described = operation["responses"].get(str(status))
        if "$ref" in (described or {}):
            described = self.whole["components"]["responses"][described["$ref"].rsplit("/", 1)[1]]
        assert described, f"{method} {path} {query} answers {status}, which is not in the document: {body}"
        assert media in described["content"], f"{path} is {media}, not one of {list(described['content'])}"
        value = json.loads(body) if media == "application/json" else body.decode()
        self.check(described["content"][media]["schema"], value, f"{method} {path} {query}")
        return status, value


def required(operation):
    return [(one["name"], VALUES[one["name"]]) for one in operation.get("parameters", []) if one["required"]]


def questions(document, last):
    rows, members, letters = 0, 0, 0
    for path, operation in document.operations("get"):
        if path == "/v1/events":
            continue
        names = {one["name"] for one in operation.get("parameters", [])}
        query = required(operation)
        if "at_least" in names:
            query.append(("at_least", last[path.split("/")[3]]))
        status, value = document.answer("GET", path, operation, query)
        assert status == 200, (path, value)
        assert ask("HEAD", path, query)[0] == 200, path
        kind = path.split("/")[4] if path.count("/") > 3 else ""
        if kind == "queries" and "rows" in value:
            assert value["rows"], f"{path} has no rows: its cells are not checked"
            rows += len(value["rows"])
            # The schema fails where it should.
            for wrong in [{**value, "more": 1}, {name: value[name] for name in value if name != "generation"},
                          {**value, "rows": [row + [1] for row in value["rows"]]}, {**value, "columns": value["columns"] + ["x"]}]:
                try:
                    document.check(operation["responses"]["200"]["content"]["application/json"]["schema"], wrong, path)
                except ValidationError:
                    continue
                raise AssertionError(f"{path}: the schema takes {wrong}")
        elif kind == "leaderboards" and not path.endswith("count"):
            assert value["members"], f"{path} has no members"
            members += len(value["members"])
        elif kind == "sessions":
            assert value["rows"], f"{path} has no sessions"
        elif kind == "dead-letters":
            letters += len(value["rows"])
        # What every parameter may be, and one that is not there.
        if kind:
            for one in operation["parameters"] if "parameters" in operation else []:
                others = [pair for pair in query if pair[0] != one["name"]]
                if one["required"]:
                    assert document.answer("GET", path, operation, others)[0] == 400, (path, one)
                if one["schema"].get("type") == "integer":
                    for given in [one["schema"].get("default"), one["schema"].get("minimum"), one["schema"].get("maximum")]:
                        if given is not None:
                            found = document.answer("GET", path, operation, others + [(one["name"], given)])
                            assert found[0] == 200, (path, one["name"], given, found)
            assert document.answer("GET", path, operation, query + [("no_such", "1")])[0] == 400, path
    assert rows > 20 and members > 20 and letters > 0, (rows, members, letters)


def ranks(document):
    """Many ranks in one question, sent as a form, are those of each."""
    path = "/v1/pipelines/game-scores/leaderboards/by_game/ranks"
    operation = document.whole["paths"][path]["post"]
    fields = [("board", "chess")] + [("member", name) for name in ["ben", "nobody", "ana"] * 333 + ["ben"]]
    form = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    document.check(form, {"board": ["chess"], "member": [value for name, value in fields if name == "member"]}, "the form")
    connection = http.client.HTTPConnection(HOST, timeout=20)
    for more, status in [([], 200), ([("member", "ana")], 400)]:
        connection.request("POST", path, urllib.parse.urlencode(fields + more), {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        value = json.loads(answer.read())
        assert answer.status == status, value
        if status == 200:
            document.check(operation["responses"]["200"]["content"]["application/json"]["schema"], value, path)
            single = {}
            for name in ["ben", "ana", "nobody"]:
                found = json.loads(ask("GET", path[:-1], [("board", "chess"), ("member", name)])[2])["members"]
                single[name] = {key: found[0][key] for key in found[0] if key != "show"} if found else None
            assert value["ranks"] == [single[one] for name, one in fields if name == "member"], value["ranks"][:3]
            assert single["ana"]["rank"] == 1 and single["nobody"] is None
    connection.close()


def operations(document):
    chat = "/v1/pipelines/chat-rooms"
    post = dict(document.operations("post"))
    pause, resume = f"{chat}/effects/room_is_gone/pause", f"{chat}/effects/room_is_gone/resume"
    assert document.answer("POST", pause, post[pause])[1] == {"pause": "room_is_gone"}
    put("Chat", PK="Room:gone", SK="meta")
    put("Chat", PK="User:ana", SK="Join:gone")
    db.delete_item(TableName="Chat", Key=item(PK="Room:gone", SK="meta"))
    effects = document.whole["paths"][f"{chat}/effects"]["get"]
    end = time.monotonic() + 20
    while True:
        value = document.answer("GET", f"{chat}/effects", effects, [("state", "pending")])[1]
        assert value["paused"] == ["room_is_gone"], value
        if value["rows"]:
            break
        assert time.monotonic() < end, "no effect waits"
        time.sleep(0.1)
    document.answer("POST", resume, post[resume])
    for path, operation in sorted(post.items(), key=lambda one: one[0].endswith("/rebuild")):
        query = [("effect", "no_such")] if path.endswith(("/retry", "/discard")) else []
        status, value = document.answer("POST", path, operation, query)
        assert status in (200, 409), (path, status, value)
        assert document.answer("POST", path, operation, query + [("no_such", "1")])[0] == 400, path
    # A generation that takes another's place closes it: nobody who asks in that moment sees that.
    discard = f"{chat}/effects/discard"
    document.answer("POST", f"{chat}/rebuild", post[f"{chat}/rebuild"])
    end = time.monotonic() + 2
    while time.monotonic() < end:
        status, value = document.answer("POST", discard, post[discard], [("effect", "no_such")])
        assert status in (200, 409), value


def events(document, pipelines):
    """Both events of every pipeline, each as the document has it."""
    operation = document.whole["paths"]["/v1/events"]["get"]
    connection = http.client.HTTPConnection(HOST, timeout=20)
    connection.request("GET", "/v1/events")
    answer = connection.getresponse()
    assert answer.status == 200 and answer.getheader("Content-Type") in operation["responses"]["200"]["content"]
    missing = {(name, pipeline) for name in operation["x-events"] for pipeline in pipelines}
    name = None
    while missing:
        line = answer.readline().decode()
        assert line, f"the events end before {missing} came"
        if line.startswith("event: "):
            name = line[7:].strip()
        elif line.startswith("data: "):
            value = json.loads(line[6:])
            document.check(operation["x-events"][name], value, f"event {name}")
            missing.discard((name, value["pipeline"]))
    connection.close()


def nothing_else(document, pipelines):
    """No path that looks like one of those in the document is answered and not in it."""
    documented = set(document.whole["paths"])
    words = {part for path in documented for part in path.split("/") if part}
    words |= {"metrics", "events", "openapi.json", "index.html", "page.js", "dead-letters", "dashboard", "effects", "rebuild", "live", "ready", "health", "lanes", "tables", "projections", "schema", "status", "generations", "explain", "swagger.json"}
    heads = {""} | {path[:path.rindex("/")] for path in documented} | documented
    # The names of one pipeline are enough.
    heads = {head for head in heads if not any(head.startswith(f"/v1/pipelines/{name}") for name in pipelines[1:])}
    asked = 0
    connection = http.client.HTTPConnection(HOST, timeout=20)
    for head in sorted(heads):
        if head in ("/v1/events", "/v1/pipelines"):
            continue
        for word in sorted(words):
            path = f"{head.rstrip('/')}/{word}"
            if path in documented:
                continue
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            asked += 1
            assert answer.status in (404, 405), f"GET {path} answers {answer.status} and is not in the document"
    assert asked > 1000, asked


def examples(document):
    """The examples on the page of the HTTP paths are answers as the document has them, to questions that it has."""
    seen = set()
    for method, target, text in re.findall(r"```json (GET|POST) (\S+)\n(.*?)```", open(PATHS).read(), re.DOTALL):
        path, _, query = target.partition("?")
        operation = document.whole["paths"][path][method.lower()]
        document.check(operation["responses"]["200"]["content"]["application/json"]["schema"], json.loads(text), f"the example of {target}")
        known = {one["name"] for one in operation.get("parameters", [])}
        for name, _ in urllib.parse.parse_qsl(query):
            assert name in known, (target, name)
        seen.add((method, operation["operationId"]))
        # It is asked as it stands there, too.
        if method == "GET":
            assert document.answer(method, path, operation, urllib.parse.parse_qsl(query))[0] == 200, target
    assert len(seen) >= 13, seen


def main():
    last = write()
    pipelines = json.loads(ask("GET", "/v1/pipelines")[2])["pipelines"]
    assert sorted(pipelines) == sorted(last)
    for name, position in last.items():
        status, _, body = ask("GET", f"/v1/pipelines/{name}/dead-letters", [("at_least", position)])
        assert status == 200, body
    document = Document()
    questions(document, last)
    examples(document)
    ranks(document)
    events(document, pipelines)
    nothing_else(document, pipelines)
    operations(document)
    print(f"{len(document.whole['paths'])} paths")


main()
