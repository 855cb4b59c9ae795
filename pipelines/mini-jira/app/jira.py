"""Mini-Jira: a small application on Afterimage. It writes to tables with boto3 and reads the pipeline's named queries, nothing else.

    JIRA_SECRET=... python3 jira.py http://127.0.0.1:8000 http://127.0.0.1:8001 8081              tables, queries, port

    POST / {"action": ..., ...}: signup, login; then with the login's token (Authorization: Bearer), or with email and password in the body:
    employeelist, addproject, addstory, addtask, addcomment, update, projectlist, delete, scrumpage

Who may do what is a condition of the write itself, so it holds when the write is made. A password is compared in the table, too: its hash leaves it never.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import sys
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from botocore.exceptions import BotoCoreError, ClientError

SECRET = os.environ["JIRA_SECRET"].encode()
ADDED = {  # table, what it is, its words, who wrote it, when, and what else may be given
    "addstory": ("stories", "story", "storydescription", "createdby", "createdat", {}),
    "addtask": ("tasks", "task", "taskdescription", "createdby", "createdat",
                {"assignedto": None, "startdate": None, "enddate": None, "taskstatus": "todo"}),
    "addcomment": ("comments", "comment", "comment", "commentedby", "commentedat", {"taskid": None}),
}
CHANGES = {"startdate": ("startdate", "date"), "enddate": ("enddate", "date"), "status": ("taskstatus", "taskstatus")}
MANAGERS_ONLY = "please check your credentials,only project managers can delete items from task table."
MEMBER = "contains(groupmembers, :me) OR projectmanager = :me OR createdby = :me"


class Refused(Exception):
    """An answer other than 200: its status, and its message."""


def signature(text):
    return base64.urlsafe_b64encode(hmac.digest(SECRET, text.encode(), "sha256")).decode().rstrip("=")


def scrambled(password, salt):
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=1 << 14, r=8, p=1).hex()


class Jira:
    def __init__(self, tables, queries):
        self.db = boto3.resource("dynamodb", endpoint_url=tables).meta.client           # that of a resource takes plain values
        self.queries = f"{queries}/v1/pipelines/mini-jira/queries"

    def ask(self, query, **parameters):
        try:
            with urllib.request.urlopen(f"{self.queries}/{query}?{urllib.parse.urlencode(parameters)}", timeout=15) as answer:
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            found = json.load(error)
            if found["error"] != "NoRow":
                raise Refused(422 if error.code == 400 else 503, found["message"]) from None
        return [dict(zip(found["columns"], row)) for row in found["rows"]] if "rows" in found else found.get("row")

    def write(self, *steps):
        """Writes all or nothing. Each step says what its refusal means: where its item is there but not as it must be, and where it is not there."""
        try:
            answer = self.db.transact_write_items(TransactItems=[action for action, _, _ in steps])
        except self.db.exceptions.TransactionCanceledException as error:
            for reason, (_, is_there, is_missing) in zip(error.response["CancellationReasons"], steps):
                if reason["Code"] == "ConditionalCheckFailed":
                    raise (is_there if "Item" in reason else is_missing) from None
            raise
        # The answer waits until the read models have what was written, so whoever asks after it sees it.
        if position := answer["ResponseMetadata"]["HTTPHeaders"].get("x-afterimage-position"):
            self.ask("seen", at_least=position)

    def project(self, key, me, condition=MEMBER, refusal="only members of the project may do this"):
        return {"ConditionCheck": {
            "TableName": "projects", "Key": {"projectkey": key}, "ConditionExpression": condition, "ExpressionAttributeValues": {":me": me},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}, Refused(403, refusal), Refused(404, "no such project")

    def password(self, email, password):
        wrong = Refused(401, "try again wrong credentials")
        salt = (self.ask("employee", email=email) or {}).get("salt") or ""
        return {"ConditionCheck": {"TableName": "employee", "Key": {"email": email}, "ConditionExpression": "password = :hash",
                                   "ExpressionAttributeValues": {":hash": scrambled(password, salt)}}}, wrong, wrong

    def new(self, table, item, taken):
        put = {"TableName": table, "Item": item, "ConditionExpression": f"attribute_not_exists({next(iter(item))})"}
        return {"Put": put}, Refused(409, taken), Refused(409, taken)

    def task(self, verb, body, more={}):
        key, missing = {"projectkey": text(body, "projectkey"), "taskid": text(body, "taskid")}, Refused(404, "no such task")
        return {verb: {"TableName": "tasks", "Key": key, "ConditionExpression": "attribute_exists(taskid)", **more}}, missing, missing

    def signup(self, body):
        salt = os.urandom(16).hex()
        item = {"email": text(body, "email"), "username": text(body, "username"), "salt": salt, "password": scrambled(text(body, "password"), salt)}
        self.write(self.new("employee", item, "this address has signed up already"))
        return "signup successfull,please login to continue!"

    def login(self, body):
        self.write(self.password(text(body, "email"), text(body, "password")))
        claim = f"{body['email']}.{int(datetime.now().timestamp()) + 12 * 3600}"
        return {"message": "successfully logged in", "token": f"{claim}.{signature(claim)}"}

    def signed_in(self, header, body):
        """The address of who asks, by their token or by address and password."""
        if not header and "password" in body:
            self.write(self.password(text(body, "email"), text(body, "password")))
            return body["email"]
        claim, _, signed = (header or "").removeprefix("Bearer ").rpartition(".")
        email, _, until = claim.rpartition(".")
        if not email or not hmac.compare_digest(signed.encode(), signature(claim).encode()) or int(until) < datetime.now().timestamp():
            raise Refused(401, "log in first")
        return email

    def employeelist(self, me, body):
        return [list(column) for column in zip(*((row["username"], row["email"]) for row in self.ask("directory")))]

    def projectlist(self, me, body):
        return [[row["project_name"], row["project"]] for row in self.ask("boards")]

    def scrumpage(self, me, body):
        if not (row := self.ask("scrumpage", project=text(body, "projectkey"))):
            raise Refused(404, "no such project")
        return {"project": row, **{name: json.loads(row.pop(name)) for name in ["members", "counts", "stories", "tasks", "comments"]}}

    def addproject(self, me, body):
        given = body.get("groupmembers") or []
        members = {part.strip() for part in (given.split(",") if isinstance(given, str) else given)}
        item = {"projectkey": text(body, "projectkey"), "projectname": text(body, "projectname"),
                "projectmanager": text(body, "projectmanager"), "createdby": me, **({"groupmembers": members} if members else {})}
        unknown = Refused(422, "projectmanager is the address of somebody who has signed up")
        manager = {"TableName": "employee", "Key": {"email": item["projectmanager"]}, "ConditionExpression": "attribute_exists(email)"}
        self.write(({"ConditionCheck": manager}, unknown, unknown), self.new("projects", item, "there is a project of this key"))
        return "project added"

    def add(self, me, body, table, what, words, by, at, optional):
        """A new item of a project that its asker is a member of, under an id that nothing of the project has."""
        key = {"projectkey": text(body, "projectkey"), f"{what}id": secrets.token_hex(4)[:7].upper()}
        given = {name: found for name, usual in optional.items() if isinstance(found := body.get(name, usual), (str, int))}
        item = {**key, by: me, at: datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), words: text(body, words), **given}
        self.write(self.project(key["projectkey"], me), self.new(table, item, "try again"))
        return {"message": f"{what} added", **key}

    def update(self, me, body):
        attribute, source = CHANGES.get(body.get("change"), (None, None))
        if not attribute or not isinstance(body.get(source), (str, int)):
            raise Refused(422, "change is startdate, enddate or status, with date or taskstatus")
        self.write(self.project(text(body, "projectkey"), me), self.task("Update", body, {
            "UpdateExpression": f"SET {attribute} = :value", "ExpressionAttributeValues": {":value": body[source]}}))
        return f"task {body['change']} changed"

    def delete(self, me, body):
        self.write(self.project(text(body, "projectkey"), me, "projectmanager = :me", MANAGERS_ONLY), self.task("Delete", body))
        return "item deleted by projectmanager"

    def act(self, header, body):
        action = body.get("action")
        if action in ("signup", "login"):
            return getattr(self, action)(body)
        if action in ADDED:
            return self.add(self.signed_in(header, body), body, *ADDED[action])
        if action in ("employeelist", "addproject", "update", "projectlist", "delete", "scrumpage"):
            return getattr(self, action)(self.signed_in(header, body), body)
        raise Refused(400, "no such action")


def text(body, name):
    if not isinstance(body.get(name), str) or not body[name].strip():
        raise Refused(422, f"{name} is a text that is not empty")
    return body[name]


class Routes(BaseHTTPRequestHandler):
    def do_POST(self):
        try:
            body = json.loads(self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 256 * 1024)), parse_float=str)
            status, answer = 200, self.server.jira.act(self.headers.get("Authorization"), dict(body))
        except Refused as refused:
            status, answer = refused.args
        except (ValueError, TypeError):
            status, answer = 400, "the body is an object"
        except (OSError, BotoCoreError, ClientError) as error:
            status, answer = 503, str(error)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"message": answer} if isinstance(answer, str) else answer).encode())


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[3])), Routes)
    server.jira = Jira(*sys.argv[1:3])
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
