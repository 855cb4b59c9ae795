"""Tables, writes, conditions, transactions and errors through unmodified boto3."""

import time
from decimal import Decimal

from boto3.dynamodb.conditions import Attr

from boto3_kit import check, db, equal, fails, index, run, table


@check
def tables_come_and_go():
    made = table(Tags=[{"Key": "team", "Value": "x"}])
    described = db.describe_table(TableName=made.name)["Table"]
    equal(described["TableStatus"], "ACTIVE")
    equal(described["ItemCount"], 0)
    equal(described["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")
    equal(described["KeySchema"][1], {"AttributeName": "sk", "KeyType": "RANGE"})
    assert abs(described["CreationDateTime"].timestamp() - time.time()) < 60
    fails("ResourceInUseException", f"Table already exists: {made.name}", db.create_table, TableName=made.name,
          KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
          AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST")
    assert made.name in db.list_tables()["TableNames"]
    arn = described["TableArn"]
    db.tag_resource(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "dev"}, {"Key": "team", "Value": "y"}])
    db.untag_resource(ResourceArn=arn, TagKeys=["stage"])
    equal(db.list_tags_of_resource(ResourceArn=arn)["Tags"], [{"Key": "team", "Value": "y"}])
    db.update_table(TableName=made.name, DeletionProtectionEnabled=True)
    fails("ValidationException", None, db.delete_table, TableName=made.name)
    db.update_table(TableName=made.name, DeletionProtectionEnabled=False)
    equal(db.delete_table(TableName=made.name)["TableDescription"]["TableStatus"], "DELETING")
    db.get_waiter("table_not_exists").wait(TableName=made.name)
    gone = f"Requested resource not found: Table: {made.name} not found"
    fails("ResourceNotFoundException", gone, db.describe_table, TableName=made.name)
    fails("ResourceNotFoundException", gone, db.delete_table, TableName=made.name)
    fails("ResourceNotFoundException", "Requested resource not found", db.get_item, TableName=made.name,
          Key={"pk": {"S": "a"}, "sk": {"S": "b"}})


@check
def table_names_page():
    names = sorted(table(sort=False).name for _ in range(3))
    listed = [name for page in db.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 1})
              for name in page["TableNames"]]
    equal([name for name in listed if name in names], names)
    fails("ValidationException",
          "1 validation error detected: Value '101' at 'limit' failed to satisfy constraint: Member must have value less "
          "than or equal to 100", db.list_tables, Limit=101)


@check
def provisioned_tables_show_their_numbers():
    db.create_table(
        TableName="provisioned", KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "N"}],
        ProvisionedThroughput={"ReadCapacityUnits": 3, "WriteCapacityUnits": 4})
    shown = db.describe_table(TableName="provisioned")["Table"]
    equal(shown["ProvisionedThroughput"]["ReadCapacityUnits"], 3)
    assert "BillingModeSummary" not in shown
    db.update_table(TableName="provisioned", BillingMode="PAY_PER_REQUEST")
    equal(db.describe_table(TableName="provisioned")["Table"]["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")
    db.delete_table(TableName="provisioned")


@check
def create_table_errors():
    def create(**more):
        return db.create_table(**{
            "TableName": "wrong", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}], "BillingMode": "PAY_PER_REQUEST", **more})

    invalid = "One or more parameter values were invalid: "
    fails("ValidationException",
          "1 validation error detected: Value 'a;b' at 'tableName' failed to satisfy constraint: Member must satisfy "
          "regular expression pattern: [a-zA-Z0-9_.-]+", create, TableName="a;b")
    fails("ValidationException", invalid + "Some index key attributes are not defined in AttributeDefinitions. Keys: [pk], "
          "AttributeDefinitions: [zz]", create, AttributeDefinitions=[{"AttributeName": "zz", "AttributeType": "S"}])
    fails("ValidationException", invalid + "Number of attributes in KeySchema does not exactly match number of attributes "
          "defined in AttributeDefinitions", create, AttributeDefinitions=[
              {"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "zz", "AttributeType": "S"}])
    fails("ValidationException", invalid + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode "
          "is PROVISIONED", create, BillingMode="PROVISIONED")
    fails("ValidationException", invalid + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when "
          "BillingMode is PAY_PER_REQUEST", create, ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1})
    fails("ValidationException", None, create, StreamSpecification={"StreamEnabled": True})
    fails("ValidationException", None, create, Tags=[{"Key": "afterimage:partitions", "Value": "0"}])


@check
def all_types_survive():
    made = table(sort=False)
    item = {
        "pk": {"S": "types"}, "text": {"S": "Grüße 🙂\n\"quoted\""}, "empty": {"S": ""}, "int": {"N": "123"},
        "big": {"N": "99999999999999999999999999999999999999"}, "small": {"N": "0.0000001"}, "neg": {"N": "-1.5"},
        "bytes": {"B": b"\x00\x01\xff"}, "yes": {"BOOL": True}, "no": {"BOOL": False}, "none": {"NULL": True},
        "list": {"L": [{"N": "1"}, {"L": []}, {"M": {}}]}, "map": {"M": {"x": {"M": {"y": {"S": "z"}}}}},
        "ss": {"SS": ["a", "b"]}, "ns": {"NS": ["1", "2"]}, "bs": {"BS": [b"a", b"b"]},
    }
    db.put_item(TableName=made.name, Item=item)
    equal(db.get_item(TableName=made.name, Key={"pk": {"S": "types"}})["Item"], item)
    equal(made.get_item(Key={"pk": "types"})["Item"]["big"], Decimal("99999999999999999999999999999999999999"))
    equal("Item" in made.get_item(Key={"pk": "absent"}), False)
    shown = made.get_item(Key={"pk": "types"}, ProjectionExpression="#t, #l[0], #m.x.y, absent",
                          ExpressionAttributeNames={"#t": "text", "#l": "list", "#m": "map"})["Item"]
    equal(shown, {"text": item["text"]["S"], "list": [Decimal(1)], "map": {"x": {"y": "z"}}})


@check
def put_and_delete_return_what_was():
    made = table(sort=False)
    equal("Attributes" in made.put_item(Item={"pk": "a", "v": 1}, ReturnValues="ALL_OLD"), False)
    equal(made.put_item(Item={"pk": "a", "v": 2}, ReturnValues="ALL_OLD")["Attributes"], {"pk": "a", "v": 1})
    fails("ValidationException", "1 validation error detected: ReturnValues can only be ALL_OLD or NONE", made.put_item, Item={"pk": "a"},
          ReturnValues="ALL_NEW")
    equal(made.delete_item(Key={"pk": "a"}, ReturnValues="ALL_OLD")["Attributes"], {"pk": "a", "v": 2})
    equal("Attributes" in made.delete_item(Key={"pk": "a"}, ReturnValues="ALL_OLD"), False)


@check
def conditions_guard_writes():
    made = table(sort=False)
    made.put_item(Item={"pk": "a", "v": 1}, ConditionExpression="attribute_not_exists(pk)")
    failed = fails("ConditionalCheckFailedException", "The conditional request failed", made.put_item,
                   Item={"pk": "a", "v": 2}, ConditionExpression=Attr("pk").not_exists())
    assert "Item" not in failed
    failed = fails("ConditionalCheckFailedException", "The conditional request failed", db.put_item, TableName=made.name,
                   Item={"pk": {"S": "a"}}, ConditionExpression="v > :v", ExpressionAttributeValues={":v": {"N": "5"}},
                   ReturnValuesOnConditionCheckFailure="ALL_OLD")
    equal(failed["Item"], {"pk": {"S": "a"}, "v": {"N": "1"}})
    failed = fails("ConditionalCheckFailedException", None, db.delete_item, TableName=made.name, Key={"pk": {"S": "none"}},
                   ConditionExpression="attribute_exists(pk)", ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert "Item" not in failed
    fails("ConditionalCheckFailedException", None, made.update_item, Key={"pk": "a"}, UpdateExpression="SET v = :n",
          ConditionExpression=Attr("v").eq(7), ExpressionAttributeValues={":n": 1})
    equal(made.get_item(Key={"pk": "a"})["Item"], {"pk": "a", "v": 1})
    made.delete_item(Key={"pk": "a"}, ConditionExpression=Attr("v").between(0, 1) & Attr("w").not_exists())


@check
def updates_change_parts():
    made = table(sort=False)

    def update(expression, returns="NONE", names=None, **values):
        more = {"ExpressionAttributeValues": {f":{name}": value for name, value in values.items()}} if values else {}
        if names:
            more["ExpressionAttributeNames"] = names
        return made.update_item(Key={"pk": "u"}, UpdateExpression=expression, ReturnValues=returns, **more).get("Attributes")

    equal(update("SET a = :a, l = :l", "ALL_NEW", a=1, l=["x"]), {"pk": "u", "a": 1, "l": ["x"]})
    equal(update("SET a = a + :one, b = if_not_exists(b, :one)", "UPDATED_NEW", one=1), {"a": 2, "b": 1})
    equal(update("SET a = :z", "UPDATED_OLD", z=0), {"a": 2})
    equal(update("ADD a :five, tags :t", "UPDATED_NEW", five=5, t={"x", "y"}), {"a": 5, "tags": {"x", "y"}})
    equal(update("DELETE tags :t", "UPDATED_NEW", t={"x"}), {"tags": {"y"}})
    equal(update("SET l = list_append(l, :l), #m = :m", "ALL_OLD", {"#m": "map"}, l=["y"], m={"k": {"deep": 1}})["l"], ["x"])
    equal(update("SET #m.k.deep = :v REMOVE b", "UPDATED_NEW", {"#m": "map"}, v=9), {"map": {"k": {"deep": 9}}})
    equal(update("SET l[1] = :v", "UPDATED_NEW", v="z"), {"l": ["z"]})
    equal(made.get_item(Key={"pk": "u"})["Item"],
          {"pk": "u", "a": 5, "tags": {"y"}, "l": ["x", "z"], "map": {"k": {"deep": 9}}})
    equal(made.update_item(Key={"pk": "new"}, ReturnValues="ALL_NEW")["Attributes"], {"pk": "new"})
    made.update_item(Key={"pk": "nothing"}, UpdateExpression="REMOVE a")
    assert "Item" not in made.get_item(Key={"pk": "nothing"})

    invalid = "1 validation error detected: Invalid UpdateExpression: "
    fails("ValidationException", invalid + "Attribute name is a reserved keyword; reserved keyword: name", update,
          "SET name = :v", v=1)
    fails("ValidationException", invalid + 'Syntax error; token: "<EOF>", near: "="', update, "SET a =", v=1)
    fails("ValidationException", invalid + "An expression attribute value used in expression is not defined; attribute "
          "value: :w", update, "SET a = :w", v=1)
    fails("ValidationException", "Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}", update,
          "SET a = :v", v=1, w=2)
    fails("ValidationException", invalid + "Two document paths overlap with each other; must remove or rewrite one of these "
          "paths; path one: [a], path two: [a, b]", update, "SET a = :v, a.b = :v", v=1)
    fails("ValidationException", "One or more parameter values were invalid: Cannot update attribute pk. This attribute is "
          "part of the key", update, "SET pk = :v", v="x")
    fails("ValidationException", "The provided expression refers to an attribute that does not exist in the item", update,
          "SET a = absent")
    fails("ValidationException", "The document path provided in the update expression is invalid for update", update,
          "SET absent.x = :v", v=1)
    fails("ValidationException", "An operand in the update expression has an incorrect data type", update, "SET l = l + :v",
          v=1)


@check
def wrong_items_and_keys_are_refused():
    made = table()
    put = made.put_item
    fails("ValidationException", "One or more parameter values were invalid: Missing the key sk in the item", put,
          Item={"pk": "a"})
    fails("ValidationException", "One or more parameter values were invalid: Type mismatch for key sk expected: S actual: N",
          put, Item={"pk": "a", "sk": 1})
    fails("ValidationException", "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
          "contain an empty string value. Key: pk", put, Item={"pk": "", "sk": "x"})
    fails("ValidationException", "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size "
          "limit of2048 bytes", put, Item={"pk": "x" * 2049, "sk": "x"})
    fails("ValidationException", "Item size has exceeded the maximum allowed size", put,
          Item={"pk": "a", "sk": "b", "v": "x" * (400 * 1024)})
    put(Item={"pk": "a", "sk": "b", "v": "x" * (400 * 1024 - 7)})
    mismatch = "The provided key element does not match the schema"
    fails("ValidationException", mismatch, made.get_item, Key={"pk": "a"})
    fails("ValidationException", mismatch, made.get_item, Key={"pk": "a", "sk": 1})
    fails("ValidationException", mismatch, made.delete_item, Key={"pk": "a", "sk": "b", "x": "y"})
    fails("ValidationException", mismatch, made.update_item, Key={"pk": "a"})
    fails("ValidationException", "1 validation error detected: Attempting to store more than 38 significant digits in a Number", db.put_item,
          TableName=made.name, Item={"pk": {"S": "a"}, "sk": {"S": "b"}, "n": {"N": "1" * 39}})
    fails("ValidationException",
          "1 validation error detected: One or more parameter values were invalid: Input collection [\"a\", \"a\"] contains "
          "duplicates.", db.put_item, TableName=made.name, Item={"pk": {"S": "a"}, "sk": {"S": "b"}, "s": {"SS": ["a", "a"]}})
    fails("ValidationException", "ExpressionAttributeNames can only be specified when using expressions", made.get_item,
          Key={"pk": "a", "sk": "b"}, ExpressionAttributeNames={"#a": "a"})
    fails("ValidationException",
          "1 validation error detected: ExpressionAttributeValues can only be specified when using expressions: "
          "ConditionExpression is null", put,
          Item={"pk": "a", "sk": "b"}, ExpressionAttributeValues={":a": 1})


@check
def transactions_are_all_or_nothing():
    made = table(sort=False)
    name = made.name
    made.put_item(Item={"pk": "a", "balance": 10})
    made.put_item(Item={"pk": "b", "balance": 0})

    def move(amount, **more):
        value = {":x": {"N": str(amount)}}
        return db.transact_write_items(TransactItems=[
            {"Update": {"TableName": name, "Key": {"pk": {"S": "a"}}, "UpdateExpression": "SET balance = balance - :x",
                        "ConditionExpression": "balance >= :x", "ExpressionAttributeValues": value,
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}},
            {"Update": {"TableName": name, "Key": {"pk": {"S": "b"}}, "UpdateExpression": "SET balance = balance + :x",
                        "ExpressionAttributeValues": value}},
            {"Put": {"TableName": name, "Item": {"pk": {"S": "log"}, "amount": {"N": str(amount)}}}},
            {"ConditionCheck": {"TableName": name, "Key": {"pk": {"S": "frozen"}},
                                "ConditionExpression": "attribute_not_exists(pk)"}}], **more)

    move(4, ReturnConsumedCapacity="TOTAL")
    move(2, ClientRequestToken="token-1")
    move(2, ClientRequestToken="token-1")
    fails("IdempotentParameterMismatchException", None, move, 1, ClientRequestToken="token-1")
    cancelled = fails(
        "TransactionCanceledException",
        "Transaction cancelled, please refer cancellation reasons for specific reasons [ConditionalCheckFailed, None, None, "
        "None]", move, 100)
    reasons = cancelled["CancellationReasons"]
    equal(reasons[0]["Code"], "ConditionalCheckFailed")
    equal(reasons[0]["Message"], "The conditional request failed")
    equal(reasons[0]["Item"], {"pk": {"S": "a"}, "balance": {"N": "4"}})
    equal(reasons[1], {"Code": "None"})
    found = db.transact_get_items(TransactItems=[
        {"Get": {"TableName": name, "Key": {"pk": {"S": "a"}}}},
        {"Get": {"TableName": name, "Key": {"pk": {"S": "b"}}, "ProjectionExpression": "balance"}},
        {"Get": {"TableName": name, "Key": {"pk": {"S": "absent"}}}}])["Responses"]
    equal(found[0]["Item"]["balance"], {"N": "4"})
    equal(found[1], {"Item": {"balance": {"N": "6"}}})
    equal(found[2], {})
    put = {"Put": {"TableName": name, "Item": {"pk": {"S": "x"}}}}
    fails("ValidationException", "Transaction request cannot include multiple operations on one item",
          db.transact_write_items, TransactItems=[put, put])
    many = fails("ValidationException", None, db.transact_write_items, TransactItems=[
        {"Put": {"TableName": name, "Item": {"pk": {"S": f"{number}"}}}} for number in range(101)])
    assert "Member must have length less than or equal to 100" in many["Error"]["Message"]
    bad = fails("TransactionCanceledException", None, db.transact_write_items, TransactItems=[
        put, {"Put": {"TableName": name, "Item": {"nokey": {"S": "x"}}}}])
    equal(bad["CancellationReasons"][1]["Code"], "ValidationError")


@check
def transactions_take_four_megabytes():
    name = table(sort=False).name
    sizes = [390_000] * 10 + [4 * 1024 * 1024 - 3_900_000]

    def put(sizes):
        db.transact_write_items(TransactItems=[
            {"Put": {"TableName": name, "Item": {"pk": {"S": f"{number:02}"}, "v": {"S": "x" * (size - 5)}}}}
            for number, size in enumerate(sizes)])

    def get():
        return db.transact_get_items(TransactItems=[
            {"Get": {"TableName": name, "Key": {"pk": {"S": f"{number:02}"}}}} for number in range(11)])["Responses"]

    put(sizes)
    equal(len(get()), 11)
    fails("ValidationException", None, put, sizes[:-1] + [sizes[-1] + 1])
    db.put_item(TableName=name, Item={"pk": {"S": "10"}, "v": {"S": "x" * (sizes[-1] - 4)}})
    fails("ValidationException", None, get)


@check
def time_to_live_is_set_and_shown():
    made = table(sort=False)
    shown = lambda: db.describe_time_to_live(TableName=made.name)["TimeToLiveDescription"]
    equal(shown(), {"TimeToLiveStatus": "DISABLED"})
    set_to = lambda enabled, name="ttl": db.update_time_to_live(
        TableName=made.name, TimeToLiveSpecification={"AttributeName": name, "Enabled": enabled})
    equal(set_to(True)["TimeToLiveSpecification"], {"AttributeName": "ttl", "Enabled": True})
    equal(shown(), {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"})
    fails("ValidationException", "TimeToLive is already enabled", set_to, True)
    fails("ValidationException", "TimeToLive is active on a different AttributeName: current AttributeName is ttl", set_to,
          True, "other")
    made.put_item(Item={"pk": "old", "ttl": int(time.time()) - 5})
    made.put_item(Item={"pk": "young", "ttl": int(time.time()) + 1000})
    for _ in range(200):
        if "Item" not in made.get_item(Key={"pk": "old"}):
            break
        time.sleep(0.05)
    equal([item["pk"] for item in made.scan()["Items"]], ["young"])
    set_to(False)
    fails("ValidationException", "TimeToLive is already disabled", set_to, False)


@check
def streams_are_described():
    made = table(sort=False, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    shown = db.describe_table(TableName=made.name)["Table"]
    equal(shown["StreamSpecification"], {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    assert shown["LatestStreamArn"].endswith("/stream/" + shown["LatestStreamLabel"])
    again = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    failed = fails("ValidationException", None, db.update_table, TableName=made.name, StreamSpecification=again)
    assert "already has an enabled stream" in failed["Error"]["Message"]
    db.update_table(TableName=made.name, StreamSpecification={"StreamEnabled": False})
    assert "StreamSpecification" not in db.describe_table(TableName=made.name)["Table"]
    fails("ValidationException", None, db.update_table, TableName=made.name, StreamSpecification={"StreamEnabled": False})


@check
def capacity_is_counted():
    made = table(attributes={"g": "S"}, GlobalSecondaryIndexes=[index("gsi", "g")])
    put = made.put_item(Item={"pk": "a", "sk": "b", "g": "x", "v": "y" * 2000}, ReturnConsumedCapacity="INDEXES")
    equal(put["ConsumedCapacity"], {
        "TableName": made.name, "CapacityUnits": 4.0, "Table": {"CapacityUnits": 2.0},
        "GlobalSecondaryIndexes": {"gsi": {"CapacityUnits": 2.0}}})
    get = lambda **more: made.get_item(Key={"pk": "a", "sk": "b"}, ReturnConsumedCapacity="TOTAL", **more)
    equal(get()["ConsumedCapacity"]["CapacityUnits"], 0.5)
    equal(get(ConsistentRead=True)["ConsumedCapacity"]["CapacityUnits"], 1.0)


@check
def answers_carry_their_headers():
    made = table(sort=False)
    answer = made.put_item(Item={"pk": "a"})["ResponseMetadata"]
    headers = answer["HTTPHeaders"]
    equal(headers["content-type"], "application/x-amz-json-1.0")
    assert headers["x-amz-crc32"].isdigit() and len(headers["x-amzn-requestid"]) == 52
    assert headers["x-afterimage-position"].count(":") == 2
    again = made.put_item(Item={"pk": "a"})["ResponseMetadata"]["HTTPHeaders"]
    assert "x-afterimage-position" not in again, "a write that changes nothing has no position"


@check
def what_is_not_there_says_so():
    fails("UnknownOperationException", None, db.describe_table_replica_auto_scaling, TableName="any")
    equal(db.describe_limits()["TableMaxReadCapacityUnits"], 40000)
    assert db.describe_endpoints()["Endpoints"][0]["CachePeriodInMinutes"] == 1440


@check
def expressions_have_limits():
    made = table(sort=False).name
    update = lambda expression, **more: db.update_item(
        TableName=made, Key={"pk": {"S": "a"}}, UpdateExpression=expression, ReturnValues="ALL_NEW", **more)["Attributes"]
    for length, works in [(255, True), (256, False)]:
        name, value = "#" + "n" * (length - 1), ":" + "v" * (length - 1)
        calls = [lambda: update(f"SET {name} = :v", ExpressionAttributeNames={name: "x"}, ExpressionAttributeValues={":v": {"N": "1"}}),
                 lambda: update(f"SET x = {value}", ExpressionAttributeValues={value: {"N": "1"}})]
        for call in calls:
            call() if works else fails("ValidationException", None, call)
    fails("ValidationException", None, update, "SET #e = :v", ExpressionAttributeNames={"#e": ""},
          ExpressionAttributeValues={":v": {"N": "1"}})
    values = lambda size: {f":v{place}": {"S": "x" * (size // 4 - 3)} for place in range(4)}
    condition = " OR ".join(f"x = :v{place}" for place in range(4))
    check_size = lambda size: db.put_item(TableName=made, Item={"pk": {"S": "b"}}, ConditionExpression=f"attribute_not_exists(y) OR {condition}",
                                          ExpressionAttributeValues=values(size))
    check_size(2 << 20)
    answer = fails("ValidationException", None, check_size, (2 << 20) + 4)
    assert "maximum allowed size" in answer["Error"]["Message"], answer
    exists = lambda count: " OR ".join(["attribute_exists(x)"] * count)
    put = lambda text: db.put_item(TableName=made, Item={"pk": {"S": "c"}}, ConditionExpression=text)
    fails("ConditionalCheckFailedException", None, put, exists(150))
    fails("ValidationException", (
          "1 validation error detected: Invalid ConditionExpression: The expression contains too many operators; operator count: 301"), put,
          exists(151))
    fails("ValidationException", (
          "1 validation error detected: Invalid ConditionExpression: The expression contains too many operators; operator count: 301"), put,
          exists(160))
    fails("ConditionalCheckFailedException", None, put, "attribute_exists(x)" + " " * (4096 - 19))
    fails("ValidationException", None, put, "attribute_exists(x)" + " " * (4097 - 19))
    listed = lambda count: db.put_item(
        TableName=made, Item={"pk": {"S": "c"}}, ConditionExpression="x IN (" + ", ".join([":v"] * count) + ")",
        ExpressionAttributeValues={":v": {"N": "7"}})
    fails("ConditionalCheckFailedException", None, listed, 100)
    fails("ValidationException", None, listed, 101)
    deep = lambda levels: {"L": [deep(levels - 1)]} if levels else {"N": "1"}
    update("SET deep = :v", ExpressionAttributeValues={":v": deep(31)})
    equal(update("SET deep" + "[0]" * 31 + " = :v", ExpressionAttributeValues={":v": {"N": "2"}})["pk"], {"S": "a"})


@check
def capacity_is_kept_for_table_and_index():
    units = lambda reads, writes: {"ReadCapacityUnits": reads, "WriteCapacityUnits": writes}
    name = "provisioned"
    db.create_table(TableName=name, ProvisionedThroughput=units(5, 6), KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                    AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ["pk", "g"]],
                    GlobalSecondaryIndexes=[{"IndexName": "gsi", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                                             "Projection": {"ProjectionType": "ALL"}, "ProvisionedThroughput": units(7, 8)}])
    look = lambda: db.describe_table(TableName=name)["Table"]
    capacity = lambda described: tuple(described["ProvisionedThroughput"][f"{kind}CapacityUnits"] for kind in ["Read", "Write"])
    equal((capacity(look()), capacity(look()["GlobalSecondaryIndexes"][0])), ((5, 6), (7, 8)))
    change = lambda throughput: db.update_table(TableName=name, GlobalSecondaryIndexUpdates=[
        {"Update": {"IndexName": "gsi", "ProvisionedThroughput": throughput}}])
    change(units(9, 10))
    equal((capacity(look()), capacity(look()["GlobalSecondaryIndexes"][0])), ((5, 6), (9, 10)))
    answer = fails("ValidationException", None, change, units(9, 10))
    assert answer["Error"]["Message"].startswith("The provisioned throughput for the index gsi will not change."), answer
    db.update_table(TableName=name, BillingMode="PAY_PER_REQUEST")
    equal((capacity(look()), capacity(look()["GlobalSecondaryIndexes"][0])), ((0, 0), (0, 0)))
    fails("ValidationException", "One or more parameter values were invalid: ProvisionedThroughput is not specified for index: gsi",
          db.update_table, TableName=name, BillingMode="PROVISIONED", ProvisionedThroughput=units(1, 1))


@check
def options_and_policies_are_kept():
    made = table(sort=False, TableClass="STANDARD_INFREQUENT_ACCESS", SSESpecification={"Enabled": True, "SSEType": "KMS"},
                 OnDemandThroughput={"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 20})
    described = db.describe_table(TableName=made.name)["Table"]
    equal(described["TableClassSummary"]["TableClass"], "STANDARD_INFREQUENT_ACCESS")
    equal(described["SSEDescription"]["Status"], "ENABLED")
    equal(described["OnDemandThroughput"], {"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 20})
    db.update_table(TableName=made.name, TableClass="STANDARD")
    equal(db.describe_table(TableName=described["TableArn"])["Table"]["TableClassSummary"]["TableClass"], "STANDARD")
    arn = described["TableArn"]
    fails("PolicyNotFoundException", None, db.get_resource_policy, ResourceArn=arn)
    first = db.put_resource_policy(ResourceArn=arn, Policy='{"Version":"2012-10-17"}', ExpectedRevisionId="NO_POLICY")["RevisionId"]
    equal(db.get_resource_policy(ResourceArn=arn)["Policy"], '{"Version":"2012-10-17"}')
    equal(db.put_resource_policy(ResourceArn=arn, Policy='{"Version":"2012-10-17"}')["RevisionId"], first)
    fails("PolicyNotFoundException", None, db.put_resource_policy, ResourceArn=arn, Policy="{}", ExpectedRevisionId="1")
    fails("ValidationException", None, db.put_resource_policy, ResourceArn=arn, Policy="nonsense")
    db.delete_resource_policy(ResourceArn=arn, ExpectedRevisionId=first)
    fails("PolicyNotFoundException", None, db.get_resource_policy, ResourceArn=arn)
    fails("ResourceNotFoundException", None, db.get_resource_policy, ResourceArn=arn + "-gone")


run()
