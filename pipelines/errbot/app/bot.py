"""The bot's commands: a small application on Afterimage. It writes to tables with boto3 and reads the pipeline's named queries, nothing else.

    BOT_TOKEN=... BOT_ADMINS=ana,ben python3 bot.py http://127.0.0.1:8000 http://127.0.0.1:8001 8082      tables, queries, port

    POST /messages {"id", "server", "handle", "text"}       what somebody wrote; answers {"reply": text}, null where no command is meant
    POST /songs    {"id", "server", "handle", "seconds"}    a song that somebody asked for has ended

Both come from the chat, with Authorization: Bearer BOT_TOKEN. An id is a snowflake as Discord gives them: it belongs to one message and holds its time. What
the bot writes for a message follows from the message alone and is written under its id, so a message that comes twice within ten minutes is
carried out once.
"""

import hmac
import json
import os
import re
import sys
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.exceptions import BotoCoreError, ClientError

from models import Models, Refused, Reply, new, step

NAME = os.environ.get("BOT_NAME", "errbot")
ADMINS = os.environ.get("BOT_ADMINS", "").split(",")
COMMANDS = ["rem search", "rem", "forget", "play stats", "stats", "sparkle", "show sparkles", "loud", "tts", "ban", "unban"]
COOLDOWNS = {"loud": timedelta(hours=6), "tts": timedelta(seconds=3)}
REASON_MAX = 100
STAMP = "%Y-%m-%dT%H:%M:%S"
SOMEBODY = r"<@!?(\S+?)>"


class Message:
    """Somebody's message, with its number, its server and its writer."""

    def __init__(self, body):
        self.id, self.server, self.handle = given(body, "id", int), given(body, "server", int), given(body, "handle", str)
        self.time = datetime(2015, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=self.id >> 22)
        self.event = f"{self.id:020}"                                                    # sorts by time

    def key(self, **more):
        return {"discord_server_id": self.server, **more}


def clock(seconds):
    return f"h{seconds // 3600:02}:m{seconds // 60 % 60:02}:s{seconds % 60:02}"


class Bot(Models):
    def answer(self, message, text):
        """What is said to a text; None where no command is meant."""
        words = next((words for words in COMMANDS if text[:1] == "." and (text[1:] + " ").startswith(words + " ")), None)
        if not words:
            return None
        command = words.replace(" ", "_")
        try:
            self.count(message, command)
            return getattr(self, command)(message, text[1 + len(words):].strip())
        except Reply as reply:
            return reply.args[0]

    def count(self, message, command):
        """Counts the use of a command unless its user or server is banned: conditions and count are one write."""
        bans = [step("ConditionCheck", "ban", {"kind": kind, "who": who}, lambda item: f"{message.handle}, you are banned",
                     ConditionExpression="attribute_not_exists(who)") for kind, who in (("user", message.handle), ("server", str(message.server)))]
        use = step("Update", "command_count", {"bot": NAME, "command": command}, UpdateExpression="ADD times :one", ExpressionAttributeValues={":one": 1})
        self.write(message.id, *bans, use)

    def rem(self, message, text):
        """`.rem KEY is VALUE` remembers, `.rem KEY` says it. A key ends at the first `is` that is a word of its own and has something after it."""
        if not (found := re.fullmatch(r"(.+?)\sis\s+(\S.*)", text, re.S)):
            row = self.ask("lookup", server=message.server, rem_key=text)
            return row["rem_value"] if row else f"I couldn't remember anything for `{text}`"
        key, value = found[1].strip(), found[2]
        self.write(message.id, new("remember", message.key(rem_key=key), lambda item: (
            f"I am already remembering something for `{key}`: {item['rem_value']}"), rem_value=value))
        return f"Ok {message.handle}, I'll remember `{key}` for you"

    def rem_search(self, message, text):
        found = self.ask("remember_search" if text else "remembered_keys", server=message.server, **({"text": text} if text else {}))
        more = len(found) - 20 if text or not found else found[0]["more"]
        lines = [f"- {row['rem_key']}" for row in found[:20]] + [f"And {more} more..."] * (more > 0)
        return "\n".join(lines) or f"I couldn't find anything for `{text}`"

    def forget(self, message, text):
        self.write(message.id, step("Delete", "remember", message.key(rem_key=text or " "), ConditionExpression="attribute_exists(rem_key)",
                                    refusal=lambda item: "Did you type that correctly? I remember nothing of that name"))
        return f"Ok {message.handle}, I'll forget about `{text}` for you"

    def song(self, message, seconds):
        self.write(message.id, new("play_event", message.key(event=message.event), lambda item: None, user_id=message.handle, song_duration=seconds))

    def play_stats(self, message, text):
        if not (totals := self.ask("totals", server=message.server)):
            return "No stats yet for this Discord server!"
        djs = self.ask("top_djs", server=message.server)
        return "\n".join([f"{totals['songs']} songs, {totals['time']}"] + [
            f"{place}: {row['dj']}, {row['songs']} songs, {clock(row['seconds'])}" for place, row in zip(["Top DJ", "2nd Top DJ", "3rd Top DJ"], djs)])

    def stats(self, message, text):
        return "\n".join(f".{row['command']} : {row['times']}" for row in self.ask("commands_of", bot=NAME))

    def sparkle(self, message, text):
        if not (found := re.fullmatch(SOMEBODY + r"(?:\s+(?:for|because)\s+(.*))?", text, re.S)):
            raise Reply("`.sparkle <@somebody>`, and if you like `for` and why")
        handle, reason = found[1], (found[2] or "").strip()[:REASON_MAX]
        if handle == message.handle:
            raise Reply("You can't sparkle yourself!")
        self.write(message.id, new("sparkle_event", message.key(event=message.event), lambda item: None, handle=handle, giver=message.handle, reason=reason),
                   step("Update", "sparkle", message.key(discord_handle=handle), ExpressionAttributeValues={":one": 1, ":none": ""},
                        UpdateExpression="SET sparkle_reasons = if_not_exists(sparkle_reasons, :none) ADD total_sparkles :one"))
        total = self.ask("sparkles_of_user", server=message.server, handle=handle)["total"]
        return f"{handle} just got their first sparkle!!" if total == 1 else (
            f"{message.handle} sparkled {handle}{reason and f' for {reason}'} **{total}**")

    def show_sparkles(self, message, text):
        found = re.fullmatch(rf"(?:for\s+)?{SOMEBODY}", text)
        handle = found[1] if found else message.handle
        row = self.ask("sparkles_of_user", server=message.server, handle=handle)
        reasons = [f"- {row['reason']}" for row in self.ask("sparkle_reasons_of", server=message.server, handle=handle)]
        return "\n".join([f"{handle} has {row['total'] if row else 0} sparkles", *(reasons or ["No sparkle reasons yet for this user"])])

    def loud(self, message, text, command="loud"):
        """What somebody may do once in a while. Only what can be done is written."""
        if not text:
            raise Reply(f"`.{command}` and what it is")

        def refusal(item):
            hours, rest = divmod(int((datetime.fromisoformat(item["updated_at"] + "+00:00") + COOLDOWNS[command] - message.time).total_seconds()), 3600)
            return f"Cooldown expires in `{hours}h {rest // 60}m {rest % 60}s`"

        self.write(message.id, step("Update", command, message.key(discord_handle=message.handle), refusal, UpdateExpression="SET updated_at = :at",
                                    ConditionExpression="attribute_not_exists(updated_at) OR updated_at < :before", ExpressionAttributeValues={
                                        ":at": f"{message.time:{STAMP}}", ":before": f"{message.time - COOLDOWNS[command]:{STAMP}}"}))
        return f"Ok {message.handle}, {text}"

    def tts(self, message, text):
        return self.loud(message, text, "tts")

    def banned(self, message, text):
        """The key of whom an admin names."""
        if message.handle not in ADMINS:
            raise Reply("Only admins may do that")
        if not (found := re.fullmatch(rf"{SOMEBODY}|server\s+(\d+)", text)):
            raise Reply("`<@somebody>`, or `server` and its number")
        return {"kind": "user", "who": found[1]} if found[1] else {"kind": "server", "who": found[2]}

    def ban(self, message, text):
        key = self.banned(message, text)
        self.write(message.id, new("ban", key, lambda item: f"{key['who']} is banned already"))
        return f"{key['who']} is banned"

    def unban(self, message, text):
        key = self.banned(message, text)
        self.write(message.id, step("Delete", "ban", key, lambda item: f"{key['who']} is not banned", ConditionExpression="attribute_exists(who)"))
        return f"{key['who']} is welcome again"


def given(body, name, kind):
    if type(body.get(name)) is not kind or not body[name] or (kind is int and not 0 < body[name] < 1 << 63):
        raise Refused(422, f"{name} is missing")
    return body[name]


class Routes(BaseHTTPRequestHandler):
    def do_POST(self):
        try:
            status, answer = 200, self.answer()
        except Refused as refused:
            status, answer = refused.args[0], {"message": refused.args[1]}
        except (ValueError, TypeError):
            status, answer = 400, {"message": "the body is an object"}
        except ClientError as error:
            status, answer = 422 if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500 else 503, {"message": str(error)}
        except (OSError, BotoCoreError) as error:
            status, answer = 503, {"message": str(error)}
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def answer(self):
        if not hmac.compare_digest((self.headers.get("Authorization") or "").encode(), f"Bearer {os.environ['BOT_TOKEN']}".encode()):
            raise Refused(401, "who asks is not the chat")
        body = dict(json.loads(self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 64 * 1024))))
        if self.path == "/messages":
            return {"reply": self.server.bot.answer(Message(body), given(body, "text", str))}
        if self.path == "/songs":
            return {"reply": self.server.bot.song(Message(body), given(body, "seconds", int))}
        raise Refused(404, "POST /messages or /songs")


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[3])), Routes)
    server.bot = Bot(*sys.argv[1:3])
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
