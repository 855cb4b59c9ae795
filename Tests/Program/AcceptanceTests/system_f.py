"""Mini-Jira, system F: eighteen scenarios through unmodified boto3 and the application, and what was wrong with the original. See
pipelines/mini-jira."""

import email
import json
import re
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import boto3

from acceptance_kit import (MODELS, TABLES, W, WAY, Application, db, fails, get, heavy, item, log, outside, records, rows, run, scenario, shows, stays)

# In every password, so that a search for it finds any of them.
PASSWORD = "passw0rd-"
app = Application("mini-jira/app/jira.py", JIRA_SECRET="the-secret-of-this-test")
# Lists, sets and exact numbers as plain values.
plain = boto3.resource("dynamodb", endpoint_url=TABLES).meta.client


def put(table, **values):
    return plain.put_item(TableName=table, Item=values)


def project(key, **more):
    return put("projects", projectkey=key, **{"projectname": f"name of {key}", "projectmanager": f"{key}-pm", **more})


def task(key, name, **more):
    return put("tasks", projectkey=key, taskid=name, **{"taskdescription": name, **more})


def update(table, key, **values):
    names = {f"#{name}": name for name in values}
    return plain.update_item(TableName=table, Key=key, ExpressionAttributeNames=names,
                             UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
                             ExpressionAttributeValues={f":{name}": value for name, value in values.items()})


def ask(query, **parameters):
    return rows("mini-jira", query, **parameters)


def counts(key):
    return {row["state"]: row["tasks"] for row in ask("counts", project=key)}


def load(who):
    return ask("load", assignee=who)[0]["open_tasks"]


def board(key):
    """A project with everything in it; None when there is none."""
    found = ask("scrumpage", project=key)
    return found and {name: json.loads(value) if name in ("members", "counts", "stories", "tasks", "comments") else value
                      for name, value in found[0].items()} or None


def tasks(key):
    found = board(key)
    return found and sorted(row["taskid"] for row in found["tasks"])


def feed(key):
    return [(row["task"], row["previous"], row["state"]) for row in ask("feed", project=key)]


def outbox(key):
    return [row["member"] for row in ask("outbox", project=key)]


def mailed(key):
    """Who had a mail about a project. After a kill one may come once more, with the same number."""
    mails = [email.message_from_string("To:" + part) for part in re.split("(?m)^To:", outside())[1:]]
    text = f"pm@example.org has added you to the project name of {key}."
    about = [mail for mail in mails if mail["Subject"] == "projectupdate" and mail.get_payload(decode=True).decode() == text]
    found = {mail["Message-ID"]: mail["To"] for mail in about}
    assert WAY == "killed" or len(found) == len(about), about
    return sorted(found.values())


def do(token, action, **body):
    return app.call("POST", "/", token, {"action": action, **body})


def signed_up(email, username="somebody"):
    """A new employee's token."""
    answer = do(None, "signup", email=email, username=username, password=PASSWORD + email)
    assert answer == (200, {"message": "signup successfull,please login to continue!"}), answer
    status, answer = do(None, "login", email=email, password=PASSWORD + email)
    assert status == 200 and answer["message"] == "successfully logged in", answer
    return answer["token"]


def with_project(p, members=("{}-member",)):
    """The tokens of a manager and of a member of the new project `p`."""
    manager, member = signed_up(f"{p}-pm"), signed_up(f"{p}-member")
    answer = do(manager, "addproject", projectkey=p, projectname=f"name of {p}", projectmanager=f"{p}-pm",
                groupmembers=[name.format(p) for name in members])
    assert answer == (200, {"message": "project added"}), answer
    return manager, member


@scenario
def F1_a_project_with_everything_in_it():
    project("f1")
    for number in (1, 2):
        put("stories", projectkey="f1", storyid=f"s{number}", storydescription="x", createdby="f1-pm")
    for number, state in [(1, "todo"), (2, "todo"), (3, "done")]:
        task("f1", f"t{number}", assignedto="f1-a", taskstatus=state)
    put("comments", projectkey="f1", commentid="c1", commentedby="f1-a", comment="hi")
    yield
    shows(lambda: counts("f1"), {"todo": 2, "done": 1})
    shows(lambda: (found := board("f1")) and [len(found[name]) for name in ["stories", "tasks", "comments"]], [2, 3, 1])
    found = board("f1")
    assert (found["project_name"], found["manager"], found["counts"]) == ("name of f1", "f1-pm", {"todo": 2, "done": 1}), found
    assert [row["taskid"] for row in found["tasks"]] == ["t3", "t1", "t2"] and not any(row["incomplete"] for row in found["tasks"]), found


@scenario
def F2_a_task_moves():
    project("f2")
    task("f2", "t", taskstatus="todo")
    yield
    shows(lambda: counts("f2"), {"todo": 1})
    update("tasks", {"projectkey": "f2", "taskid": "t"}, taskstatus="inprogress")
    yield
    shows(lambda: counts("f2"), {"inprogress": 1})
    update("tasks", {"projectkey": "f2", "taskid": "t"}, taskstatus="done")
    yield
    shows(lambda: counts("f2"), {"done": 1})
    shows(lambda: feed("f2"), [("t", "todo", "inprogress"), ("t", "inprogress", "done")])


@scenario
def F3_a_move_to_where_it_is():
    project("f3")
    task("f3", "t", taskstatus="todo")
    update("tasks", {"projectkey": "f3", "taskid": "t"}, taskstatus="todo")
    yield
    shows(lambda: counts("f3"), {"todo": 1})
    stays(lambda: (feed("f3"), counts("f3")), ([], {"todo": 1}))


@scenario
def F4_a_task_before_its_project():
    task("f4", "t", assignedto="f4-a", taskstatus="todo")
    yield
    shows(lambda: counts("f4"), {"todo": 1})
    assert "f4" not in [row["project"] for row in ask("boards")] and board("f4") is None and load("f4-a") == 0
    project("f4")
    yield
    shows(lambda: (tasks("f4"), load("f4-a")), (["t"], 1))


@scenario
def F5_an_update_that_meets_no_task():
    project("f5")
    key = {"projectkey": {"S": "f5"}, "taskid": {"S": "ghost"}}
    more = {"UpdateExpression": "SET taskstatus = :s, assignedto = :a", "ExpressionAttributeValues": {":s": {"S": "done"}, ":a": {"S": "f5-a"}}}
    fails("ConditionalCheckFailedException", db.update_item, TableName="tasks", Key=key, ConditionExpression="attribute_exists(taskid)", **more)
    yield
    assert records("tasks", projectkey="f5", taskid="ghost") == []
    db.update_item(TableName="tasks", Key=key, **more)
    yield
    shows(lambda: [(row["taskid"], row["incomplete"]) for row in (board("f5") or {"tasks": []})["tasks"]], [("ghost", True)])
    assert (load("f5-a"), counts("f5")) == (0, {})


@scenario
def F6_a_deleted_task():
    project("f6")
    for name in "ab":
        task("f6", name, assignedto="f6-a", taskstatus="todo")
    yield
    shows(lambda: (tasks("f6"), load("f6-a")), (["a", "b"], 2))
    plain.delete_item(TableName="tasks", Key={"projectkey": "f6", "taskid": "a"})
    yield
    shows(lambda: (tasks("f6"), load("f6-a"), counts("f6")), (["b"], 1, {"todo": 1}))


@scenario
def F7_a_task_for_another():
    project("f7")
    for name in "abc":
        task("f7", name, assignedto="f7-a", taskstatus="todo")
    yield
    shows(lambda: (load("f7-a"), load("f7-b")), (3, 0))
    update("tasks", {"projectkey": "f7", "taskid": "a"}, assignedto="f7-b")
    yield
    shows(lambda: (load("f7-a"), load("f7-b")), (2, 1))


@scenario
def F8_and_flaw_9_projects_with_their_keys():
    project("f8")
    token = signed_up("f8")
    yield
    shows(lambda: [(row["project_name"], row["project"]) for row in ask("boards") if row["project"] == "f8"], [("name of f8", "f8")])
    status, answer = do(token, "projectlist")
    assert status == 200 and ["name of f8", "f8"] in answer, answer


@scenario
def F9_and_flaw_1_a_password_leaves_the_table_nowhere():
    # As the original writes it, and as the application does.
    put("employee", email="f9", username="nine", password=PASSWORD + "f9")
    put("employee", email="f9", username="nine", password=PASSWORD + "f9-other")
    token = signed_up("f9-app", "ten")
    yield
    shows(lambda: [row["email"] for row in ask("directory") if row["email"].startswith("f9")], ["f9", "f9-app"])
    stored = plain.get_item(TableName="employee", Key={"email": "f9-app"})["Item"]["password"]
    assert PASSWORD not in stored and len(stored) == 128, stored
    status, answer = do(token, "employeelist")
    assert status == 200 and "f9-app" in answer[1] and len(answer[0]) == len(answer[1]), answer
    said = json.dumps([log("employee"), get("/v1/pipelines/mini-jira/dead-letters"), answer, ask("employee", email="f9-app")])
    for secret in [PASSWORD, stored]:
        assert secret not in said, secret
    if "://" not in MODELS:
        import pathlib
        for file in pathlib.Path(MODELS).rglob("*"):
            assert not file.is_file() or (PASSWORD.encode() not in (content := file.read_bytes()) and stored.encode() not in content), file


@scenario
def F10_an_address_signs_up_once():
    put("employee", email="f10", username="first")
    yield
    fails("ConditionalCheckFailedException", db.put_item, TableName="employee", Item=item({"email": "f10", "username": "second"}),
          ConditionExpression="attribute_not_exists(email)")
    yield
    shows(lambda: [row["username"] for row in ask("directory") if row["email"] == "f10"], ["first"])


@scenario
def F11_two_people_of_one_name():
    manager, member = with_project("f11", ("{}-member", "f11-twin"))
    twin = signed_up("f11-twin")
    yield
    shows(lambda: [row["username"] for row in ask("directory") if row["email"].startswith("f11")], ["somebody"] * 3)
    status, made = do(member, "addtask", projectkey="f11", taskdescription="x")
    assert status == 200 and made["message"] == "task added", made
    yield
    for other in [twin, member]:
        assert do(other, "delete", projectkey="f11", taskid=made["taskid"]) == (
            403, {"message": "please check your credentials,only project managers can delete items from task table."})
    yield
    assert tasks("f11") == [made["taskid"]]
    # As the original's clients ask: with address and password.
    assert app.call("POST", "/", None, {
        "action": "delete", "projectkey": "f11", "taskid": made["taskid"], "email": "f11-pm", "password": PASSWORD + "f11-pm",
    }) == (200, {"message": "item deleted by projectmanager"})
    assert tasks("f11") == []


@scenario
def F12_dates_of_both_types():
    project("f12")
    task("f12", "n", startdate=Decimal("20260105"), enddate=Decimal("1.5"))
    task("f12", "s", startdate="2026-01-05")
    yield
    shows(lambda: [(row["startdate"], row["enddate"]) for row in (board("f12") or {"tasks": []})["tasks"]], [("20260105", "1.5"), ("2026-01-05", None)])


@scenario
@heavy
def F13_and_flaw_13_fifteen_hundred_tasks():
    count = 1500 if WAY == "plain" else 300
    project("f13")
    for first in range(0, count, 25):
        asked = {"tasks": [{"PutRequest": {"Item": {"projectkey": "f13", "taskid": f"{number:04}", "taskdescription": "x" * 700, "taskstatus": "todo",
                                                    "assignedto": "f13-a"}}} for number in range(first, first + 25)]}
        assert plain.batch_write_item(RequestItems=asked)["UnprocessedItems"] == {}
    yield
    shows(lambda: (counts("f13"), load("f13-a")), ({"todo": count}, count), within=4 * W)
    shows(lambda: len(tasks("f13") or []), count)


@scenario
def F14_a_deleted_project():
    project("f14")
    for number in range(3):
        task("f14", f"t{number}", assignedto="f14-a", taskstatus="todo")
    put("stories", projectkey="f14", storyid="s", storydescription="x")
    put("comments", projectkey="f14", commentid="c", commentedby="f14-a", comment="hi")
    shows(lambda: (load("f14-a"), (board("f14") or {"stories": []})["stories"] != []), (3, True))
    plain.delete_item(TableName="projects", Key={"projectkey": "f14"})
    yield
    shows(lambda: (board("f14"), load("f14-a"), counts("f14")), (None, 0, {}))
    # In the tables too.
    for table in ["tasks", "stories", "comments"]:
        shows(lambda: plain.query(TableName=table, KeyConditionExpression="projectkey = :p", ExpressionAttributeValues={":p": "f14"})["Count"], 0)


@scenario
def F15_a_mail_to_who_is_new():
    # A set, as the application writes members; and a list, as the original does.
    a, b, c = "f15-a@example.org", "f15-b@example.org", "f15-c@example.org"
    for key, kind in [("f15-set", set), ("f15-list", list)]:
        project(key, createdby="pm@example.org", groupmembers=kind([a, b]))
    yield
    for key in ["f15-set", "f15-list"]:
        shows(lambda: sorted(outbox(key)), [a, b])
        shows(lambda: mailed(key), [a, b])
    for key, kind in [("f15-set", set), ("f15-list", list)]:
        update("projects", {"projectkey": key}, groupmembers=kind([b, c]))
    yield
    for key in ["f15-set", "f15-list"]:
        shows(lambda: outbox(key)[2:], [c])
        shows(lambda: mailed(key), [a, b, c])
    stays(lambda: [sorted(outbox(key)) for key in ["f15-set", "f15-list"]], [[a, b, c]] * 2)
    stays(lambda: [mailed(key) for key in ["f15-set", "f15-list"]], [[a, b, c]] * 2)


@scenario
def F16_two_tasks_of_one_name():
    project("f16")

    def attempt(number):
        try:
            plain.put_item(TableName="tasks", Item={"projectkey": "f16", "taskid": "t", "taskdescription": str(number)},
                           ConditionExpression="attribute_not_exists(taskid)")
            return number
        except plain.exceptions.ConditionalCheckFailedException:
            return None

    with ThreadPoolExecutor(8) as pool:
        won = [number for number in pool.map(attempt, range(8)) if number is not None]
    yield
    assert len(won) == 1, won
    shows(lambda: [row["taskdescription"] for row in (board("f16") or {"tasks": []})["tasks"]], [str(won[0])])


@scenario
def F17_a_project_that_nobody_has():
    token = signed_up("f17")
    yield
    assert (board("f17"), counts("f17"), feed("f17"), load("f17-nobody")) == (None, {}, [], 0)
    for action, more in [("scrumpage", {}), ("addtask", {"taskdescription": "x"}), ("addstory", {"storydescription": "x"}), ("addcomment", {"comment": "x"}),
                         ("update", {"change": "status", "taskstatus": "done", "taskid": "t"}), ("delete", {"taskid": "t"})]:
        assert do(token, action, projectkey="f17", **more) == (404, {"message": "no such project"}), action


@scenario
def F18_the_same_comment_three_times():
    project("f18")
    for _ in range(3):
        put("comments", projectkey="f18", commentid="c", commentedby="a", comment="hi")
    yield
    shows(lambda: [row["commentid"] for row in (board("f18") or {"comments": []})["comments"]], ["c"])
    assert len(records("comments", projectkey="f18", commentid="c")) == 1


@scenario
def F_tables_are_those_of_the_original():
    yield
    keys = {table: [key["AttributeName"] for key in db.describe_table(TableName=table)["Table"]["KeySchema"]]
            for table in ["employee", "projects", "stories", "tasks", "comments"]}
    assert keys == {"employee": ["email"], "projects": ["projectkey"], "stories": ["projectkey", "storyid"], "tasks": ["projectkey", "taskid"],
                    "comments": ["projectkey", "commentid"]}, keys


@scenario
def F_flaw_2_an_address_that_is_taken_stays_with_who_has_it():
    signed_up("ff2", "first")
    yield
    assert do(None, "signup", email="ff2", username="thief", password=PASSWORD + "thief")[0] == 409
    assert do(None, "login", email="ff2", password=PASSWORD + "thief") == (401, {"message": "try again wrong credentials"})
    assert do(None, "login", email="ff2", password=PASSWORD + "ff2")[0] == 200
    yield
    shows(lambda: [row["username"] for row in ask("directory") if row["email"] == "ff2"], ["first"])


@scenario
def F_flaw_3_the_name_of_a_manager_makes_no_manager():
    with_project("ff3")
    task("ff3", "t")
    thief = signed_up("ff3-thief", "ff3-pm")
    yield
    assert do(thief, "delete", projectkey="ff3", taskid="t")[0] == 403
    assert do(thief, "addproject", projectkey="ff3x", projectname="x", projectmanager="somebody")[0] == 422
    yield
    shows(lambda: tasks("ff3"), ["t"])


@scenario
def F_flaw_4_every_action_asks_who_asks():
    manager, member = with_project("ff4")
    stranger = signed_up("ff4-stranger")
    yield
    actions = {"employeelist": {}, "addproject": {"projectname": "x", "projectmanager": "ff4-pm"}, "addstory": {"storydescription": "x"},
               "addtask": {"taskdescription": "x"}, "addcomment": {"comment": "x"}, "update": {"taskid": "t", "change": "status", "taskstatus": "x"},
               "projectlist": {}, "delete": {"taskid": "t"}, "scrumpage": {}}
    for action, body in actions.items():
        for token in [None, "x", manager[:-4], manager[:-4] + "AAAA"]:
            assert do(token, action, projectkey="ff4", **body) == (401, {"message": "log in first"}), (action, token)
        assert do(None, action, projectkey="ff4", email="ff4-pm", password="wrong", **body)[0] == 401, action
    for action in ["addstory", "addtask", "addcomment", "update", "delete"]:
        assert do(stranger, action, projectkey="ff4", **actions[action])[0] == 403, action
    assert do(member, "addstory", projectkey="ff4", storydescription="x")[0] == 200


@scenario
def F_flaw_5_what_is_unknown_is_said():
    token = signed_up("ff5")
    yield
    assert do(None, "login", email="ff5-nobody", password="x") == (401, {"message": "try again wrong credentials"})
    assert do(token, "dance") == (400, {"message": "no such action"})
    assert do(token, "update", projectkey="p", taskid="t", change="colour", date="x")[0] == 422
    assert do(token, "addtask", projectkey="p") == (422, {"message": "taskdescription is a text that is not empty"})
    assert app.call("POST", "/", token, b"[1") == (400, {"message": "the body is an object"})


@scenario
def F_flaw_6_members_as_a_list_or_as_a_text():
    manager = signed_up("ff6-pm")
    for key, members in [("ff6-a", ["ff6-x", "ff6-y"]), ("ff6-b", "ff6-x, ff6-y"), ("ff6-c", None)]:
        assert do(manager, "addproject", projectkey=key, projectname="x", projectmanager="ff6-pm", groupmembers=members)[0] == 200, members
    yield
    shows(lambda: [sorted(outbox(key)) for key in ["ff6-a", "ff6-b", "ff6-c"]], [["ff6-x", "ff6-y"], ["ff6-x", "ff6-y"], []])
    assert [board(key)["members"] for key in ["ff6-a", "ff6-c"]] == [["ff6-x", "ff6-y"], []]


@scenario
def F_flaw_7_no_ghosts():
    manager, member = with_project("ff7")
    yield
    for action, more in [("update", {"change": "status", "taskstatus": "done"}), ("delete", {})]:
        assert do(manager, action, projectkey="ff7", taskid="none", **more) == (404, {"message": "no such task"}), action
    assert do(manager, "addtask", projectkey="ff7-none", taskdescription="x") == (404, {"message": "no such project"})
    yield
    assert not [one for one in log("tasks") if one["dynamodb"]["Keys"]["projectkey"]["S"].startswith("ff7")]


@scenario
def F_flaw_8_a_project_is_not_replaced():
    manager, _ = with_project("ff8")
    yield
    assert do(manager, "addproject", projectkey="ff8", projectname="other", projectmanager="ff8-pm") == (
        409, {"message": "there is a project of this key"})
    shows(lambda: board("ff8")["project_name"], "name of ff8")


@scenario
def F_flaw_10_numbers_as_dates_break_nothing():
    manager, member = with_project("ff10")
    status, made = do(member, "addtask", projectkey="ff10", taskdescription="x", startdate=1.25, assignedto="ff10-member")
    assert status == 200, made
    yield
    assert do(member, "update", projectkey="ff10", taskid=made["taskid"], change="enddate", date=20260105) == (200, {"message": "task enddate changed"})
    assert do(member, "update", projectkey="ff10", taskid=made["taskid"], change="startdate", date="soon") == (
        200, {"message": "task startdate changed"})
    status, page = do(member, "scrumpage", projectkey="ff10")
    assert status == 200 and [(row["startdate"], row["enddate"]) for row in page["tasks"]] == [("soon", "20260105")], page


@scenario
def F_flaw_11_comments_have_a_time_and_a_task():
    manager, member = with_project("ff11")
    for number in range(3):
        status, made = do(member, "addcomment", projectkey="ff11", comment=str(number), taskid="t")
        assert status == 200 and made["message"] == "comment added", made
    yield
    status, page = do(member, "scrumpage", projectkey="ff11")
    assert [(row["comment"], row["taskid"], row["commentedby"]) for row in page["comments"]] == [
        (str(number), "t", "ff11-member") for number in (2, 1, 0)], page


@scenario
def F_flaw_12_a_name_that_is_taken_overwrites_nothing():
    manager, member = with_project("ff12")
    made = [do(member, "addtask", projectkey="ff12", taskdescription=str(number))[1]["taskid"] for number in range(5)]
    yield
    assert len(set(made)) == 5 and all(len(name) == 7 for name in made)
    # The condition that every new item of the application has.
    fails("TransactionCanceledException", db.transact_write_items, TransactItems=[{"Put": {
        "TableName": "tasks", "Item": item({"projectkey": "ff12", "taskid": made[0]}), "ConditionExpression": "attribute_not_exists(projectkey)"}}])
    assert len(board("ff12")["tasks"]) == 5


@scenario
def F_flaw_14_a_page_is_of_one_moment():
    project("ff14")
    yield

    def write(number):
        task("ff14", f"{number:03}", taskstatus="todo")

    with ThreadPoolExecutor(2) as pool:
        writing = [pool.submit(write, number) for number in range(60)]
        while not all(one.done() for one in writing):
            found = board("ff14")
            # Tasks and their counts come from different rows, of one snapshot.
            assert found is None or len(found["tasks"]) == sum(found["counts"].values()), found
    shows(lambda: counts("ff14"), {"todo": 60})


@scenario
def F_flaw_15_a_member_who_comes_again_is_mailed_once_for_each_coming():
    project("ff15", groupmembers={"a"})
    for members in [{"a", "b"}, {"a"}, {"a", "b"}]:
        update("projects", {"projectkey": "ff15"}, groupmembers=members)
    update("projects", {"projectkey": "ff15"}, groupmembers={"a", "b"})
    yield
    shows(lambda: outbox("ff15"), ["a", "b", "b"])


run()
