"""PartiQL through unmodified boto3."""

from boto3_kit import check, db, equal, fails, index, run, table


def s(text):
    return {"S": text}


def n(number):
    return {"N": str(number)}


def execute(statement, *parameters, **more):
    if parameters:
        more["Parameters"] = list(parameters)
    return db.execute_statement(Statement=statement, **more)


def rows(statement, *parameters, **more):
    return execute(statement, *parameters, **more)["Items"]


@check
def a_statement_inserts_updates_and_deletes():
    made = table().name
    equal(execute(f"INSERT INTO \"{made}\" VALUE {{'pk': 'a', 'sk': ?, 'n': 1, 'list': [1, 'two', true, null], "
                  "'map': {'in''ner': <<'x', 'y'>>}}", s("1"))["Items"], [])
    item = rows(f"SELECT * FROM \"{made}\" WHERE pk = 'a' AND sk = '1'")
    equal(item, [{"pk": s("a"), "sk": s("1"), "n": n(1),
                  "list": {"L": [n(1), s("two"), {"BOOL": True}, {"NULL": True}]}, "map": {"M": {"in'ner": {"SS": ["x", "y"]}}}}])
    fails("DuplicateItemException", "Duplicate primary key exists in table", execute,
          f"INSERT INTO \"{made}\" VALUE {{'pk': 'a', 'sk': '1'}}")
    update = f"UPDATE \"{made}\" SET n = n + ? SET list[1] = 'zwei' REMOVE map WHERE pk = 'a' AND sk = '1'"
    equal(rows(update + " RETURNING ALL OLD *", n(5)), item)
    equal(rows(f"UPDATE \"{made}\" SET n=n-1, list=list_append(list, [9]) WHERE pk='a' AND sk='1' RETURNING MODIFIED NEW *"),
          [{"n": n(5), "list": {"L": [n(1), s("zwei"), {"BOOL": True}, {"NULL": True}, n(9)]}}])
    execute(f"UPDATE \"{made}\" SET tags = <<1, 2>> WHERE pk = 'a' AND sk = '1'")
    equal(rows(f"UPDATE \"{made}\" SET tags = set_add(tags, <<3>>) WHERE pk = 'a' AND sk = '1' RETURNING MODIFIED NEW *"),
          [{"tags": {"NS": ["1", "2", "3"]}}])
    equal(rows(f"UPDATE \"{made}\" SET tags = set_delete(tags, ?) WHERE pk = 'a' AND sk = '1' RETURNING MODIFIED OLD *",
               {"NS": ["1"]}), [{"tags": {"NS": ["1", "2", "3"]}}])
    fails("ConditionalCheckFailedException", "The conditional request failed", execute,
          f"UPDATE \"{made}\" SET n = 0 WHERE pk = 'a' AND sk = '1' AND n > 100")
    fails("ConditionalCheckFailedException", None, execute, f"UPDATE \"{made}\" SET n = 0 WHERE pk = 'none' AND sk = '1'")
    fails("ValidationException", "Where clause does not contain a mandatory equality on all key attributes", execute,
          f"UPDATE \"{made}\" SET n = 0 WHERE pk = 'a'")
    fails("ConditionalCheckFailedException", None, execute, f"DELETE FROM \"{made}\" WHERE pk = 'a' AND sk = '1' AND n = 77")
    equal(rows(f"DELETE FROM \"{made}\" WHERE pk = 'none' AND sk = '1'"), [])
    equal(rows(f"DELETE FROM \"{made}\" WHERE pk = 'a' AND sk = '1' RETURNING ALL OLD *")[0]["n"], n(5))
    equal(rows(f"SELECT * FROM \"{made}\""), [])


@check
def a_select_finds_through_keys_indexes_and_scans():
    made = table(attributes={"room": "S"}, GlobalSecondaryIndexes=[index("by_room", "room", "sk")])
    with made.batch_writer() as batch:
        for number in range(20):
            batch.put_item(Item={"pk": f"p{number % 2}", "sk": f"{number:02}", "n": number, "room": f"r{number % 4}",
                                 "deep": {"er": {"n": number}}, "odd": number % 2 == 1})
    name = f'"{made.name}"'
    keys = lambda found: [item["sk"]["S"] for item in found]
    equal(len(rows(f"SELECT * FROM {name}")), 20)
    equal(keys(rows(f"SELECT sk FROM {name} WHERE pk = 'p1' AND sk BETWEEN '05' AND '11'")), ["05", "07", "09", "11"])
    equal(keys(rows(f"SELECT sk FROM {name} WHERE pk = ? ORDER BY sk DESC", s("p0")))[:3], ["18", "16", "14"])
    equal(len(rows(f"SELECT * FROM {name} WHERE pk IN ['p0', 'p1'] AND n >= 10")), 10)
    either = f"SELECT sk FROM {name} WHERE (pk = 'p1' AND n > 15) OR (pk = 'p0' AND n < 4) ORDER BY sk DESC"
    equal(keys(rows(either)), ["19", "17", "02", "00"])
    equal(keys(rows(f"SELECT sk FROM {name}.by_room WHERE room = 'r3' AND begins_with(sk, '1')")), ["11", "15", "19"])
    equal(rows(f"SELECT deep.er.n, sk FROM {name} WHERE pk = 'p1' AND sk = '07'"), [{"n": n(7), "sk": s("07")}])
    equal(len(rows(f"SELECT * FROM {name} WHERE odd = true AND NOT (n < 5 OR n > 15)")), 6)
    equal(len(rows(f"SELECT * FROM {name} WHERE gone IS MISSING AND n IS NOT MISSING")), 20)
    equal(len(rows(f"SELECT * FROM {name} WHERE contains(room, '3') AND attribute_type(deep, 'M') AND size(pk) = 2")), 5)
    equal(len(rows(f"SELECT * FROM {name} WHERE n <> 3 AND n != 4 AND (n = 3 OR n = 4 OR n = 5)")), 1)
    found, token = [], None
    while True:
        page = execute(f"SELECT * FROM {name} WHERE pk IN ('p0', 'p1')", Limit=3, **({"NextToken": token} if token else {}))
        found += keys(page["Items"])
        token = page.get("NextToken")
        if not token:
            break
    equal(len(found), 20)
    equal(len(set(found)), 20)
    page = execute(f"SELECT * FROM {name}", Limit=3)
    equal(sorted(page["LastEvaluatedKey"]), ["pk", "sk"])
    fails("ValidationException", "Given nextToken was not generated for this statement", execute,
          f"SELECT sk FROM {name}", NextToken=page["NextToken"])
    equal(execute(f"SELECT * FROM {name} WHERE pk = 'p0'", ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]["CapacityUnits"], 0.5)


@check
def a_local_index_gives_what_it_does_not_hold():
    made = table(attributes={"at": "N"}, LocalSecondaryIndexes=[index("by_at", "pk", "at", {"ProjectionType": "KEYS_ONLY"})])
    made.put_item(Item={"pk": "a", "sk": "1", "at": 5, "more": "here"})
    equal(rows(f"SELECT sk, more FROM \"{made.name}\".by_at WHERE pk = 'a' AND at > 4"), [{"sk": s("1"), "more": s("here")}])
    equal(rows(f"SELECT * FROM \"{made.name}\".by_at WHERE pk = 'a'"), [{"pk": s("a"), "sk": s("1"), "at": n(5)}])


@check
def wrong_statements_are_told():
    made = table(sort=False).name
    for statement in ["SELEKT * FROM t", f"SELECT * FROM \"{made}\" WHERE", f"INSERT INTO \"{made}\" VALUE 5",
                      f"SELECT * FROM \"{made}\" WHERE pk = 'unclosed", f"DELETE FROM \"{made}\" WHERE pk = 'a' extra"]:
        answer = fails("ValidationException", None, execute, statement)
        assert answer["Error"]["Message"].startswith("Statement wasn't well formed, can't be processed: "), answer
    equal(rows(f"SELECT * FROM \"{made}\";"), [])
    for statement, reason in [(f"SELECT * FROM \"{made}\"; SELECT * FROM \"{made}\"",
                               "Unexpected token after semicolon. (Only one query is allowed.)"),
                              (f"SELECT * FROM \"{made}\" LIMIT 1", "Unexpected token after expression")]:
        fails("ValidationException", f"Statement wasn't well formed, can't be processed: {reason}", execute, statement)
    for statement in ["SELEKT * FROM t", f"UPDATE \"{made}\" WHERE pk = 'a'", "UPDATE Payment-2 SET n = 1 WHERE pk = 'a'"]:
        fails("ValidationException", "Statement wasn't well formed, can't be processed: Expected data manipulation", execute, statement)
    fails("ValidationException", "Number of parameters in request and statement don't match.", execute,
          f"SELECT * FROM \"{made}\" WHERE pk = ?")
    fails("ValidationException", "Number of parameters in request and statement don't match.", execute,
          f"SELECT * FROM \"{made}\"", s("a"))
    fails("ResourceNotFoundException", "Requested resource not found", execute, "SELECT * FROM nothing")
    fails("ValidationException", "The table does not have the specified index", execute, f"SELECT * FROM \"{made}\".nope")
    fails("ValidationException", "One or more parameter values were invalid: Condition parameter type does not match schema type",
          execute, f"SELECT * FROM \"{made}\" WHERE pk = 5")
    fails("ValidationException", "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part "
          "of the key", execute, f"UPDATE \"{made}\" SET pk = 'b' WHERE pk = 'a'")


@check
def batches_answer_each_statement():
    made = table(sort=False).name
    batch = lambda *statements, **more: db.batch_execute_statement(
        Statements=[{"Statement": statement} for statement in statements], **more)["Responses"]
    answers = batch(f"INSERT INTO \"{made}\" VALUE {{'pk': 'a', 'n': 1}}", f"INSERT INTO \"{made}\" VALUE {{'pk': 'a'}}",
                    f"UPDATE \"{made}\" SET n = 2 WHERE pk = 'zzz'", "INSERT INTO nothing VALUE {'pk': 'a'}", "nonsense")
    equal(answers[0], {"TableName": made})
    equal([answer["Error"]["Code"] for answer in answers[1:]],
          ["DuplicateItem", "ConditionalCheckFailed", "ResourceNotFound", "ValidationError"])
    equal([answer.get("TableName") for answer in answers[1:]], [made, made, "nothing", None])
    answers = batch(f"SELECT * FROM \"{made}\" WHERE pk = 'a'", f"SELECT * FROM \"{made}\" WHERE pk = 'b'",
                    f"SELECT * FROM \"{made}\" WHERE n = 1")
    equal(answers[0], {"TableName": made, "Item": {"pk": s("a"), "n": n(1)}})
    equal(answers[1], {"TableName": made})
    equal(answers[2]["Error"]["Code"], "ValidationError")
    fails("ValidationException", None, batch, f"SELECT * FROM \"{made}\" WHERE pk = 'a'", f"DELETE FROM \"{made}\" WHERE pk = 'a'")
    fails("ValidationException", None, batch, *[f"SELECT * FROM \"{made}\" WHERE pk = 'a'"] * 26)


@check
def transactions_are_all_or_nothing():
    made = table(sort=False).name
    transact = lambda *statements, **more: db.execute_transaction(
        TransactStatements=[{"Statement": statement} for statement in statements], **more)
    transact(f"INSERT INTO \"{made}\" VALUE {{'pk': 'a', 'n': 1}}", f"INSERT INTO \"{made}\" VALUE {{'pk': 'b', 'n': 2}}")
    equal(transact(f"SELECT * FROM \"{made}\" WHERE pk = 'a'", f"SELECT n FROM \"{made}\" WHERE pk = 'b'",
                   f"SELECT n FROM \"{made}\" WHERE pk = 'c'")["Responses"],
          [{"Item": {"pk": s("a"), "n": n(1)}}, {"Item": {"n": n(2)}}, {}])
    failure = fails("TransactionCanceledException", "Transaction cancelled, please refer cancellation reasons for specific reasons "
                    "[None, ConditionalCheckFailed, DuplicateItem]", transact,
                    f"UPDATE \"{made}\" SET n = 9 WHERE pk = 'a'",
                    f"EXISTS(SELECT * FROM \"{made}\" WHERE pk = 'c' AND n = 5)", f"INSERT INTO \"{made}\" VALUE {{'pk': 'b'}}")
    equal([reason["Code"] for reason in failure["CancellationReasons"]], ["None", "ConditionalCheckFailed", "DuplicateItem"])
    equal(rows(f"SELECT n FROM \"{made}\" WHERE pk = 'a'"), [{"n": n(1)}])
    for _ in range(2):
        transact(f"UPDATE \"{made}\" SET n = n + 1 WHERE pk = 'a'", ClientRequestToken="once")
    equal(rows(f"SELECT n FROM \"{made}\" WHERE pk = 'a'"), [{"n": n(2)}])
    fails("IdempotentParameterMismatchException", None, transact, f"UPDATE \"{made}\" SET n = n + 2 WHERE pk = 'a'",
          ClientRequestToken="once")
    fails("ValidationException", "Transaction request cannot include multiple operations on one item", transact,
          f"UPDATE \"{made}\" SET n = 2 WHERE pk = 'a'", f"DELETE FROM \"{made}\" WHERE pk = 'a'")


run()
