"""The Discord bot, system D: twenty scenarios through unmodified boto3, and what was wrong with the original through the bot that stands beside the pipeline. See
pipelines/errbot."""

import itertools
import json
import time
from concurrent.futures import ThreadPoolExecutor

from acceptance_kit import W, WAY, Application, always, db, fails, get, item, outside, records, row, rows, run, scenario, shows, stays

# Servers of their own, so that no scenario sees another's.
servers = itertools.count(1_000)
ulids = itertools.count(1)
messages = itertools.count()
bot = Application("errbot/app/bot.py", BOT_TOKEN="the-token-of-this-test", BOT_ADMINS="ann")
# Two processes of a bot with the name that the original's list of bans had.
namesakes = [Application("errbot/app/bot.py", BOT_TOKEN="the-token-of-this-test", BOT_ADMINS="ann", BOT_NAME="user-bans") for _ in range(2)]


def snowflake(seconds=0):
    """The number of a message, so many seconds from now: it holds its time."""
    return int((time.time() + seconds) * 1000 - 1_420_070_400_000) << 22 | next(messages)


def says(server, handle, text, to=bot, number=None):
    """What the bot replies to a text."""
    body = {"id": number or snowflake(), "server": server, "handle": handle, "text": text}
    status, answer = to.call("POST", "/messages", "the-token-of-this-test", body)
    assert status == 200, answer
    return answer["reply"]


def ask(query, **parameters):
    return rows("errbot", query, **parameters)


def one(query, **parameters):
    return row("errbot", query, **parameters)


def put(table, **values):
    db.put_item(TableName=table, Item=item(values))


def remember(server, key, value):
    put("remember", discord_server_id=server, rem_key=key, rem_value=value)


def lookup(server, key):
    found = one("lookup", server=server, rem_key=key)
    return found and found["rem_value"]


def search(server, text):
    return [found["rem_key"] for found in ask("remember_search", server=server, text=text)]


def play(server, user, seconds):
    put("play_event", discord_server_id=server, event=f"{next(ulids):026}", user_id=user, song_duration=seconds)


def top(server, **more):
    return [(found["dj"], found["songs"], found["seconds"]) for found in ask("top_djs", server=server, **more)]


def stats(server, songs, seconds, *djs):
    """The bot's own row."""
    content = {"play_stats": {"total_time_played": seconds, "total_songs_played": songs},
               "dj_stats": {"djs": [{"user_id": user, "total_time_played": time, "total_songs_played": count} for user, count, time in djs]}}
    put("play", discord_server_id=server, stats=json.dumps(content), updated_at="2026-01-01T00:00:00")


def own(server):
    """What the bot's own row says: songs, seconds, and its DJs."""
    found = one("compatible_totals", server=server)
    djs = [(row["dj"], row["songs"]) for row in ask("compatible_top_djs", server=server)]
    return found and (found["songs"], found["seconds"], djs)


@scenario
def D1_something_remembered():
    server, other = next(servers), next(servers)
    remember(server, "meeting", "tomorrow")
    yield
    shows(lambda: lookup(server, "meeting"), "tomorrow")
    assert lookup(server, "Meeting") is None and lookup(other, "meeting") is None


@scenario
def D2_and_flaw_2_nothing_is_overwritten():
    server = next(servers)
    remember(server, "meeting", "tomorrow")
    yield
    fails("ConditionalCheckFailedException", db.put_item, TableName="remember", ConditionExpression="attribute_not_exists(rem_key)",
          Item=item({"discord_server_id": server, "rem_key": "meeting", "rem_value": "never"}))
    shows(lambda: lookup(server, "meeting"), "tomorrow")
    stays(lambda: lookup(server, "meeting"), "tomorrow")


@scenario
def D3_something_forgotten():
    server = next(servers)
    remember(server, "meeting", "tomorrow")
    yield
    shows(lambda: lookup(server, "meeting"), "tomorrow")
    db.delete_item(TableName="remember", Key=item({"discord_server_id": server, "rem_key": "meeting"}))
    yield
    shows(lambda: (lookup(server, "meeting"), search(server, "meeting")), (None, []))


@scenario
def D4_a_search_for_what_is_alike():
    server = next(servers)
    for key in ["meeting", "meet", "standup", "Paris", "love"]:
        remember(server, key, f"about {key}")
    yield
    shows(lambda: search(server, "meeting"), ["meeting", "meet"])
    shows(lambda: search(server, "meat"), ["meet", "meeting"])
    assert search(server, "xyz") == []


@scenario
def D5_and_flaw_6_the_keys_of_one_server_only():
    server, other = next(servers), next(servers)
    for number in range(40):
        if number < 25:
            remember(server, f"k{number:02}", "v")
        remember(other, f"k{number:02}", "v")
    yield
    shows(lambda: [(found["rem_key"], found["more"]) for found in ask("remembered_keys", server=server)],
          [(f"k{number:02}", 5) for number in range(20)])


@scenario
def D6_and_flaw_6_more_than_a_page():
    server = next(servers)

    def write(start):
        requests = [{"PutRequest": {"Item": item({"discord_server_id": server, "rem_key": f"entry {number:05}", "rem_value": "v" * 60})}}
                    for number in range(start, start + 25)]
        assert not db.batch_write_item(RequestItems={"remember": requests})["UnprocessedItems"]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(0, 20_000, 25)))
    remember(server, "the needle", "found")
    yield
    shows(lambda: search(server, "needle"), ["the needle"], within=4 * W)
    shows(lambda: one("lookup", server=server, rem_key="entry 19999") is not None, True)


@scenario
def D7_songs_and_seconds():
    server = next(servers)
    for user, seconds in [("u1", 200), ("u2", 100), ("u1", 83)]:
        play(server, user, seconds)
    yield
    shows(lambda: one("totals", server=server), {"songs": 3, "seconds": 383, "time": "h00:m06:s23"})
    shows(lambda: top(server), [("u1", 2, 283), ("u2", 1, 100)])


@scenario
def D8_of_equals_the_first():
    server = next(servers)
    for user in ["u3", "u1", "u2"]:
        play(server, user, 60)
    yield
    shows(lambda: top(server), [("u3", 1, 60), ("u1", 1, 60), ("u2", 1, 60)])


@scenario
def D9_the_top_three():
    server = next(servers)
    for user in ["u1", "u2", "u3", "u4", "u5"]:
        play(server, user, 60)
    yield
    shows(lambda: [dj for dj, _, _ in top(server)], ["u1", "u2", "u3"])
    play(server, "u4", 60)
    yield
    shows(lambda: [dj for dj, _, _ in top(server)], ["u4", "u1", "u2"])


@scenario
def D10_and_flaw_1_two_writers_lose_nothing():
    server = next(servers)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda user: [play(server, user, 10) for _ in range(500)], ["u1", "u2"]))
    yield
    shows(lambda: one("totals", server=server)["songs"], 1000, within=2 * W)
    assert sorted(top(server)) == [("u1", 500, 5000), ("u2", 500, 5000)], top(server)


@scenario
def D11_what_comes_twice_counts_once():
    # The place delivers every record twice where it can; here the same items are put again.
    server = next(servers)
    for _ in range(2):
        for number in range(3):
            put("play_event", discord_server_id=server, event=f"d11-{number}", user_id="u1", song_duration=100)
    yield
    shows(lambda: one("totals", server=server), {"songs": 3, "seconds": 300, "time": "h00:m05:s00"})
    stays(lambda: top(server), [("u1", 3, 300)])


@scenario
def D12_the_bots_own_row():
    server = next(servers)
    stats(server, 3, 300, (7, 3, 300))
    yield
    stats(server, 4, 400, (7, 3, 300), (8, 1, 100))
    yield
    shows(lambda: own(server), (4, 400, [("7", 3), ("8", 1)]))
    stays(lambda: own(server), (4, 400, [("7", 3), ("8", 1)]))


@scenario
def D13_a_row_that_is_not_json():
    server, other = next(servers), next(servers)
    stats(server, 3, 300, (7, 3, 300))
    yield
    shows(lambda: own(server), (3, 300, [("7", 3)]))
    put("play", discord_server_id=server, stats="no json")
    stats(other, 1, 10, (9, 1, 10))
    yield
    shows(lambda: own(other), (1, 10, [("9", 1)]))
    stays(lambda: own(server), (3, 300, [("7", 3)]))
    answer = get("/v1/pipelines/errbot/dead-letters", limit=100)
    reasons = [found for found in (dict(zip(answer["columns"], letter)) for letter in answer["rows"]) if found["table"] == "play"]
    assert {found["projection"] for found in reasons} == {"play_rows", "play_row_djs"}, reasons


@scenario
def D14_a_servers_number_to_its_last_digit():
    server = 1012345678901234567
    play(server, "u1", 60)
    remember(server, "k", "v")
    yield
    shows(lambda: (one("totals", server=server) or {}).get("songs"), 1)
    shows(lambda: lookup(server, "k"), "v")
    found = [found["member"] for found in ask("sparkles_of", server=server)]
    assert found == [] and one("totals", server=server + 1) is None


@scenario
def D15_nothing_played():
    unknown, empty, long = next(servers), next(servers), next(servers)
    stats(empty, 0, 0)
    stats(long, 9, 360_000)
    yield
    shows(lambda: own(empty), (0, 0, []))
    shows(lambda: (one("compatible_totals", server=long) or {}).get("time"), "h100:m00:s00")
    assert one("compatible_totals", server=empty)["time"] == "h00:m00:s00"
    assert one("totals", server=unknown) is None and one("compatible_totals", server=unknown) is None and top(unknown) == []


def usage(bot):
    return [(found["command"], found["times"]) for found in ask("command_usage", bot=bot)]


@scenario
def D16_commands_by_use():
    put("botdata", key="errbot", value=json.dumps({"play": 2, "stats": 1}))
    yield
    put("botdata", key="errbot", value=json.dumps({"play": 5, "stats": 1, "rem": 9}))
    yield
    shows(lambda: usage("errbot"), [("rem", 9), ("play", 5), ("stats", 1)])


@scenario
def D17_lists_of_bans_are_no_bots():
    put("botdata", key="user-bans", value="[1, 2]")
    put("botdata", key="server-bans", value=json.dumps({"a": 1}))
    put("botdata", key="d17", value=json.dumps({"play": 1}))
    yield
    shows(lambda: usage("d17"), [("play", 1)])
    assert usage("user-bans") == [] and usage("server-bans") == []


def sparkles(server):
    return [(found["member"], found["score"], bool(found["incomplete"])) for found in ask("sparkles_of", server=server)]


def sparkle(server, handle):
    db.update_item(TableName="sparkle", Key=item({"discord_server_id": server, "discord_handle": handle}),
                   UpdateExpression="SET sparkle_reasons = if_not_exists(sparkle_reasons, :none) ADD total_sparkles :one",
                   ExpressionAttributeValues=item({":one": 1, ":none": ""}))


@scenario
def D18_and_flaw_1_sparkles_at_once():
    server = next(servers)
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: sparkle(server, "ana"), range(10)))
    for _ in range(10):
        sparkle(server, "ben")
    yield
    shows(lambda: sparkles(server), [("ana", 10, False), ("ben", 10, False)])
    sparkle(server, "ben")
    yield
    shows(lambda: sparkles(server), [("ben", 11, False), ("ana", 10, False)])


@scenario
def D19_who_is_deleted_leaves():
    server = next(servers)
    key = item({"discord_server_id": server, "discord_handle": "ana"})
    sparkle(server, "ana")
    yield
    shows(lambda: sparkles(server), [("ana", 1, False)])
    db.delete_item(TableName="sparkle", Key=key)
    yield
    shows(lambda: sparkles(server), [])
    db.update_item(TableName="sparkle", Key=key, UpdateExpression="SET total_sparkles = :n", ExpressionAttributeValues=item({":n": 5}))
    yield
    shows(lambda: sparkles(server), [("ana", 5, True)])


@scenario
def D20_and_flaw_11_streaks():
    server = next(servers)
    put("league", discord_server_id=server, discord_handle="ana", win_streak=0, loss_streak=0)

    def match(wins, losses, name):
        db.update_item(TableName="league", Key=item({"discord_server_id": server, "discord_handle": "ana"}),
                       UpdateExpression="SET win_streak = :w, loss_streak = :l, last_match_sha256 = :m",
                       ExpressionAttributeValues=item({":w": wins, ":l": losses, ":m": name}))

    for wins, losses, name in [(1, 0, "a"), (2, 0, "b"), (2, 0, "b"), (0, 1, "c"), (1, 0, "d")]:
        match(wins, losses, name)
    yield
    shows(lambda: [(found["wins"], found["losses"]) for found in ask("streaks", server=server, handle="ana")], [(1, 0), (2, 0), (0, 1), (1, 0)])
    assert one("streak", server=server, handle="ana") == {"wins": 1, "losses": 0}


@scenario
def D_an_alert_that_deletes_its_row_and_then_tells():
    """In the original the row was deleted first, and who was stopped then never heard of it."""
    server = next(servers)
    put("eftitemtracker", server_id=server, item="graphics card", threshold="600000", channel="deals", handle="ana")
    put("eftitemtracker", server_id=server, item="salewa", threshold="10%", channel="deals", handle="ana")
    yield
    shows(lambda: [found["item"] for found in ask("tracked_of_server", server=server)], ["graphics card", "salewa"])
    db.update_item(TableName="eftitemtracker", Key=item({"server_id": server, "item": "graphics card"}),
                   UpdateExpression="SET reached = :p", ExpressionAttributeValues=item({":p": 612345}))
    db.delete_item(TableName="eftitemtracker", Key=item({"server_id": server, "item": "salewa"}))
    yield
    shows(lambda: alerts(server), [{"server": server, "channel": "deals", "handle": "ana", "item": "graphics card", "threshold": "600000", "price": 612345}])
    shows(lambda: ask("tracked_of_server", server=server), [])
    gone = records("eftitemtracker", server_id=server, item="graphics card")[-1]
    assert gone["eventName"] == "REMOVE" and gone["userIdentity"]["PrincipalId"] == "dynamodb.amazonaws.com", gone
    stays(lambda: len(alerts(server)), 1)


def alerts(server):
    """What a server was told. After a kill one may come once more, with the same key."""
    found = [json.loads(line) for line in outside().splitlines()]
    mine = [one for one in found if one["body"]["server"] == server]
    assert WAY == "killed" or len({one["key"] for one in mine}) == len(mine), mine
    return list({one["key"]: one["body"] for one in mine}.values())


@scenario
def D_flaw_2_and_3_what_is_asked_for_is_not_stored():
    """In the original `.rem thesis deadline` stored `thes`, a key went on to the last `is`, an empty value was stored, and what was remembered already was said letter
    by letter."""
    server = next(servers)
    assert says(server, "ben", ".rem meeting is at the office, which is far") == "Ok ben, I'll remember `meeting` for you"
    yield
    assert says(server, "ben", ".rem meeting") == "at the office, which is far"
    for text, found in [("thesis deadline", "I couldn't remember anything for `thesis deadline`"), ("a is ", "I couldn't remember anything for `a is`"),
                        ("meeting is never", "I am already remembering something for `meeting`: at the office, which is far"),
                        ("Meeting", "I couldn't remember anything for `Meeting`")]:
        assert says(server, "ben", f".rem {text}") == found, says(server, "ben", f".rem {text}")
    assert says(server, "ben", ".rem search") == says(server, "ben", ".rem search meet") == "- meeting"
    assert says(server, "ben", ".rem search xyz") == "I couldn't find anything for `xyz`"
    assert [found["rem_key"] for found in ask("remembered_keys", server=server)] == ["meeting"]
    assert says(server, "ben", ".forget meeting") == "Ok ben, I'll forget about `meeting` for you"
    yield
    assert says(server, "ben", ".forget meeting").startswith("Did you type that correctly?")
    fails("ValidationException", db.put_item, TableName="remember", Item={"discord_server_id": {"N": str(server)}, "rem_key": {"S": ""}})


@scenario
def D_flaw_4_a_reason_is_any_text():
    """In the original a second `for` or `because` was refused, and so was a reason with the sign that stood between two."""
    server = next(servers)
    assert says(server, "ben", ".sparkle <@ana> for being there for me, because | of all") == "ana just got their first sparkle!!"
    yield
    assert says(server, "cid", ".sparkle <@ana>") == "cid sparkled ana **2**"
    assert says(server, "cid", ".sparkle <@ana> because " + "x" * 101) == f"cid sparkled ana for {'x' * 100} **3**"
    shows(lambda: [(found["giver"], found["reason"]) for found in ask("sparkle_reasons_of", server=server, handle="ana")],
          [("cid", "x" * 100), ("ben", "being there for me, because | of all")])
    assert says(server, "ana", ".show sparkles") == says(server, "ben", ".show sparkles for <@ana>") == (
        f"ana has 3 sparkles\n- {'x' * 100}\n- being there for me, because | of all")
    assert says(server, "ben", ".sparkle ana").startswith("`.sparkle <@somebody>`")
    shows(lambda: sparkles(server), [("ana", 3, False)])


@scenario
def D_flaw_5_who_sparkles_themselves():
    """In the original a number was compared with a text, and nobody was ever found to be themselves."""
    server = next(servers)
    for mention in ["<@123>", "<@!123>", "<@123> for my work"]:
        assert says(server, "123", f".sparkle {mention}") == "You can't sparkle yourself!"
    assert says(server, "124", ".sparkle <@123>") == "123 just got their first sparkle!!"
    yield
    shows(lambda: sparkles(server), [("123", 1, False)])


def uses(name):
    return {found["command"]: found["times"] for found in ask("commands_of", bot=name)}


@scenario
def D_flaw_7_every_use_of_a_command_counts_once():
    """In the original each process kept counts of its own for two minutes, wrote them over those of others, and lost them when it stopped; and a bot named as the list of
    bans is wrote over that list."""
    server = next(servers)
    assert says(server, "ann", ".ban <@eve>", namesakes[0]) == "eve is banned"

    def play_stats(number):
        # Each message comes twice, to two processes.
        for to in namesakes:
            assert says(server, "ben", ".play stats", to, number) == "No stats yet for this Discord server!"

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(play_stats, [snowflake() for _ in range(40)]))
    yield
    shows(lambda: uses("user-bans"), {"ban": 1, "play_stats": 40})
    assert says(server, "ben", ".stats", namesakes[1]) == ".play_stats : 40\n.ban : 1\n.stats : 1"
    yield
    # A text without a command, and one of somebody who is banned, counts nothing.
    assert [says(server, who, text, namesakes[0]) for who, text in [("ben", ".statsx"), ("ben", "stats"), ("eve", ".stats")]] == [None, None, "eve, you are banned"]
    yield
    stays(lambda: (uses("user-bans"), usage("user-bans")), ({"ban": 1, "play_stats": 40, "stats": 1}, []))


@scenario
def D_flaw_8_a_ban_is_there_once():
    """In the original a user banned twice stayed banned, and to lift a ban that was not there was an error."""
    server = next(servers)
    assert says(server, "mal", ".ban <@ann>") == "Only admins may do that"
    assert says(server, "ann", ".unban <@mal>") == "mal is not banned"
    assert says(server, "ann", ".ban <@mal>") == "mal is banned"
    yield
    assert says(server, "ann", ".ban <@!mal>") == "mal is banned already"
    assert says(server, "mal", ".sparkle <@ana>") == "mal, you are banned" and sparkles(server) == []
    shows(lambda: "mal" in [found["who"] for found in ask("banned_of", kind="user")], True)
    assert says(server, "ann", ".unban <@mal>") == "mal is welcome again"
    yield
    assert says(server, "ann", ".unban <@mal>") == "mal is not banned"
    assert says(server, "mal", ".sparkle <@ana>") == "ana just got their first sparkle!!"
    lone = next(servers)
    assert says(server, "ann", f".ban server {lone}") == f"{lone} is banned"
    yield
    assert says(lone, "ben", ".stats") == "ben, you are banned" and says(server, "ann", ".ban everybody").startswith("`<@somebody>`")


@scenario
def D_flaw_9_a_cooldown_is_a_users_own():
    """In the original one time of the whole process was shown to everybody, and who forgot what to say had to wait all the same."""
    server = next(servers)
    number = snowflake(-30)
    assert says(server, "ana", ".loud") == "`.loud` and what it is"
    assert says(server, "ana", ".loud horn", number=number) == "Ok ana, horn"
    yield
    assert says(server, "ana", ".loud horn", number=number) == "Ok ana, horn"
    shows(lambda: [found["command"] for found in ask("cooling", server=server, handle="ana")], ["loud"])
    assert says(server, "ana", ".loud horn", number=snowflake()).startswith("Cooldown expires in `5h 5")
    assert ask("cooling", server=server, handle="ben") == [] and says(server, "ben", ".loud horn") == "Ok ben, horn"
    assert says(server, "ana", ".loud horn", number=snowflake(6 * 3600)) == "Ok ana, horn"
    assert says(server, "ana", ".tts hello", number=snowflake(-9)) == says(server, "ana", ".tts hello", number=snowflake(-2)) == "Ok ana, hello"


@scenario
def D_songs_that_the_bot_played():
    server = next(servers)
    assert says(server, "u1", ".play stats") == "No stats yet for this Discord server!"
    songs = [("u1", 200), ("u2", 100), ("u1", 83)]
    for handle, seconds in songs:
        body = {"id": snowflake(), "server": server, "handle": handle, "seconds": seconds}
        for to in (bot, *namesakes):
            assert to.call("POST", "/songs", "the-token-of-this-test", body) == (200, {"reply": None})
    yield
    shows(lambda: one("totals", server=server), {"songs": 3, "seconds": 383, "time": "h00:m06:s23"})
    assert says(server, "u1", ".play stats") == "3 songs, h00:m06:s23\nTop DJ: u1, 2 songs, h00:m04:s43\n2nd Top DJ: u2, 1 songs, h00:m01:s40"


@scenario
def D_what_the_bot_refuses():
    server = next(servers)
    body = {"id": snowflake(), "server": server, "handle": "ana", "text": ".stats"}
    assert bot.call("POST", "/messages", "another", body)[0] == bot.call("POST", "/messages", None, body)[0] == 401
    for wrong in [{"id": 0}, {"id": "7"}, {"id": 1 << 63}, {"id": True}, {"server": None}, {"handle": ""}, {"text": 7}]:
        assert bot.call("POST", "/messages", "the-token-of-this-test", {**body, **wrong})[0] == 422, wrong
    assert bot.call("POST", "/songs", "the-token-of-this-test", {**body, "seconds": -1})[0] == 422
    assert bot.call("POST", "/messages", "the-token-of-this-test", b"no json")[0] == bot.call("POST", "/messages", "the-token-of-this-test", [1])[0] == 400
    assert bot.call("POST", "/", "the-token-of-this-test", body)[0] == 404
    status, answer = bot.call("POST", "/messages", "the-token-of-this-test", {**body, "text": f".rem {'k' * 1025} is far too long"})
    assert status == 422 and "1024 bytes" in answer["message"], answer
    yield
    assert lookup(server, "k" * 1025) is None


@scenario
def D_flaw_10_a_board_does_not_grow_an_item():
    """In the original every DJ of a server stood in one item, written whole for each song."""
    server = next(servers)
    for number in range(200):
        play(server, f"dj{number:03}", 1)
    yield
    shows(lambda: (one("totals", server=server) or {}).get("songs"), 200)
    assert len(top(server, limit=100)) == 100


@scenario
def D_no_moment_without_an_answer():
    server = next(servers)
    stats(server, 1, 10, (7, 1, 10))
    yield
    shows(lambda: own(server), (1, 10, [("7", 1)]))
    with always(lambda: own(server) is not None, True):
        for _ in range(20):
            put("play", discord_server_id=server, stats="no json")
            stats(server, 1, 10, (7, 1, 10))
    yield
    shows(lambda: own(server), (1, 10, [("7", 1)]))


run()
