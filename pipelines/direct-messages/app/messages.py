"""Direct messages: a small application on Afterimage. It writes to tables with boto3 and reads the pipeline's named queries, nothing else.

    MESSAGES_SECRET=... python3 messages.py http://127.0.0.1:8000 http://127.0.0.1:8001 8080       tables, queries, port
    MESSAGES_SECRET=... python3 messages.py token USER_UUID                                         a token, as a sign-in would give it

    GET  /api/message_groups                          the conversations of who asks, the latest first
    GET  /api/messages/GROUP?before=&before_uuid=     the newest messages of one of them, or those before a message, the oldest first
    POST /api/messages                                {message, message_group_uuid}, or {message, handle} for the first to somebody
    GET  /api/users/@HANDLE/short                     who has a handle

People are items of the table cruddur-users. A message is one item; lists, previews and names are what the read models make of the items.
"""

import base64
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from botocore.exceptions import BotoCoreError, ClientError

TABLE = "cruddur-messages"
MESSAGE_MAX = 1024
TOKEN_SECONDS = 12 * 3600
SECRET = os.environ["MESSAGES_SECRET"].encode()


class Refused(Exception):
    """An answer other than 200: its status, and its body."""


def signature(text):
    return base64.urlsafe_b64encode(hmac.digest(SECRET, text.encode(), "sha256")).decode().rstrip("=")


def token(user):
    text = f"{user}.{int(time.time()) + TOKEN_SECONDS}"
    return f"{text}.{signature(text)}"


def signed_in(header):
    """Whose token an `Authorization: Bearer` has."""
    text, _, signed = (header or "").removeprefix("Bearer ").rpartition(".")
    user, _, until = text.rpartition(".")
    if not user or not hmac.compare_digest(signed.encode(), signature(text).encode()) or int(until) < time.time():
        raise Refused(401, {})
    return user


def new_message(me, group, message):
    """Its time is UTC with microseconds, so that times sort; its uuid after it tells two of one instant apart."""
    own = str(uuid.uuid4())
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"pk": f"MSG#{group}", "sk": f"{now}#{own}", "message_uuid": own, "message": message, "user_uuid": me}


def shown(row, own, message, created_at):
    return {"uuid": own, "display_name": row["display_name"], "handle": row["handle"], "message": message, "created_at": created_at}


class Messages:
    def __init__(self, tables, queries):
        self.db = boto3.resource("dynamodb", endpoint_url=tables).meta.client           # that of a resource takes plain values
        self.queries = f"{queries}/v1/pipelines/direct-messages/queries"

    def ask(self, query, **parameters):
        """The rows of a named query, or the one row or None; with `at_least` they hold what was written at that position."""
        given = urllib.parse.urlencode({name: value for name, value in parameters.items() if value is not None})
        try:
            with urllib.request.urlopen(f"{self.queries}/{query}?{given}", timeout=15) as answer:
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            found = json.load(error)
            if found["error"] != "NoRow":
                raise Refused(422 if error.code == 400 else 503, [found["message"]]) from None
        return [dict(zip(found["columns"], row)) for row in found["rows"]] if "rows" in found else found.get("row")

    def write(self, items):
        """Puts new items, all or none of them; the position of the write."""
        answer = self.db.transact_write_items(TransactItems=[
            {"Put": {"TableName": TABLE, "Item": item, "ConditionExpression": "attribute_not_exists(pk)",
                     "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}} for item in items])
        return answer["ResponseMetadata"]["HTTPHeaders"]["x-afterimage-position"]

    def conversation(self, me, group, at_least=None):
        if found := self.ask("conversation", me=me, group_uuid=group, at_least=at_least):
            return found
        raise Refused(404, {})

    def person(self, handle):
        if found := self.ask("person_of_handle", handle=handle):
            return found
        raise Refused(422, ["user_reciever_unknown"])

    def groups(self, me):
        return [shown(row, row["group_uuid"], row["message"], row["created_at"]) for row in self.ask("conversation_list", me=me)]

    def messages(self, me, group, before, before_uuid):
        found = self.ask("conversation_messages", me=me, group_uuid=group, before=before, before_uuid=before_uuid)
        if not found:
            self.conversation(me, group)
        return [shown(row, row["message_uuid"], row["body"], row["sent"]) for row in found]

    def post(self, me, body):
        message, group, handle = body.get("message"), body.get("message_group_uuid"), body.get("handle")
        errors = []
        if not isinstance(message, str) or not message:
            errors.append("message_blank")
        elif len(message) > MESSAGE_MAX:
            errors.append("message_exceed_max_chars_1024")
        if "message_group_uuid" in body and not (isinstance(group, str) and group):
            errors.append("message_group_uuid_blank")
        if "message_group_uuid" not in body and not (isinstance(handle, str) and handle):
            errors.append("user_reciever_handle_blank")
        if errors:
            raise Refused(422, errors)
        return self.update(me, group, message) if group else self.create(me, self.person(handle)["uuid"], message)

    def update(self, me, group, message):
        self.conversation(me, group)
        new = new_message(me, group, message)
        # The answer waits until the read model has the message, so whoever asks after it sees it.
        mine = self.conversation(me, group, at_least=self.write([new]))
        row = {"display_name": mine["my_name"], "handle": mine["my_handle"]}
        return {"message_group_uuid": group, **shown(row, new["message_uuid"], message, new["sk"].split("#")[0])}

    def create(self, me, other, message):
        if other == me:
            raise Refused(422, ["user_reciever_is_sender"])
        group = str(uuid.uuid4())
        new = new_message(me, group, message)
        # The item of the pair keeps a second conversation of these two away.
        items = [{"pk": "PAIR#" + "#".join(sorted([me, other])), "sk": "PAIR", "message_group_uuid": group}]
        for one, two in [(me, other), (other, me)]:
            items.append({"pk": f"GRP#{one}", "sk": new["sk"], "message_group_uuid": group, "user_uuid": two})
        try:
            position = self.write(items + [new])
        except self.db.exceptions.TransactionCanceledException as error:
            pair = error.response["CancellationReasons"][0].get("Item")
            if not pair:
                raise
            group = pair["message_group_uuid"]["S"]
            position = self.write([new_message(me, group, message)])
        self.ask("conversation", me=me, group_uuid=group, at_least=position)     # waits; the other's half of a pair may come a moment later
        return {"message_group_uuid": group}


class Routes(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.answer(self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 64 * 1024)))

    def answer(self, body=None):
        try:
            status, answer = 200, self.route(self.server.messages, signed_in(self.headers.get("Authorization")), body)
        except Refused as refused:
            status, answer = refused.args
        except (OSError, BotoCoreError, ClientError) as error:
            status, answer = 503, [str(error)]
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def route(self, messages, me, body):
        path, _, query = self.path.partition("?")
        given = dict(urllib.parse.parse_qsl(query))
        match [self.command] + [urllib.parse.unquote(part) for part in path.split("/")]:
            case ["GET", "", "api", "message_groups"]:
                return messages.groups(me)
            case ["GET", "", "api", "messages", group]:
                return messages.messages(me, group, given.get("before"), given.get("before_uuid"))
            case ["GET", "", "api", "users", handle, "short"] if handle.startswith("@"):
                return messages.person(handle[1:])
            case ["POST", "", "api", "messages"]:
                try:
                    return messages.post(me, dict(json.loads(body)))
                except (ValueError, TypeError):
                    raise Refused(400, ["body_is_not_an_object"]) from None
        raise Refused(404, {})


if __name__ == "__main__":
    if sys.argv[1] == "token":
        sys.exit(print(token(sys.argv[2])))
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[3])), Routes)
    server.messages = Messages(*sys.argv[1:3])
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
