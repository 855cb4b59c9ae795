"""The parameters from before expressions, through unmodified boto3."""

from boto3_kit import check, db, equal, fails, run, table

INVALID = "One or more parameter values were invalid: "


def s(text):
    return {"S": text}


def n(number):
    return {"N": str(number)}


@check
def expected_guards_writes():
    made = table(sort=False).name
    put = lambda item, **more: db.put_item(TableName=made, Item={"pk": s("a"), **item}, **more)
    put({"v": n(1)}, Expected={"pk": {"Exists": False}})
    fails("ConditionalCheckFailedException", "The conditional request failed", put, {}, Expected={"pk": {"Exists": False}})
    put({"v": n(2)}, Expected={"v": {"Value": n(1)}})
    put({"v": n(3), "t": s("text")}, Expected={"v": {"ComparisonOperator": "GE", "AttributeValueList": [n(2)]}})
    two = {"v": {"ComparisonOperator": "EQ", "AttributeValueList": [n(9)]},
           "t": {"ComparisonOperator": "BEGINS_WITH", "AttributeValueList": [s("te")]}}
    fails("ConditionalCheckFailedException", None, put, {}, Expected=two)
    put({"v": n(4), "t": s("text")}, Expected=two, ConditionalOperator="OR")
    failure = fails("ConditionalCheckFailedException", None, db.delete_item, TableName=made, Key={"pk": s("a")},
                    Expected={"t": {"ComparisonOperator": "NULL"}}, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    equal(failure["Item"], {"pk": s("a"), "v": n(4), "t": s("text")})
    for operator, values, holds in [
        ("NE", [n(5)], True), ("NE", [n(4)], False), ("IN", [n(3), n(4)], True), ("BETWEEN", [n(1), n(3)], False),
        ("NOT_NULL", [], True), ("LT", [n(4)], False), ("LE", [n(4)], True), ("GT", [n(3)], True),
    ]:
        call = lambda: db.update_item(TableName=made, Key={"pk": s("a")},
                                      Expected={"v": {"ComparisonOperator": operator, "AttributeValueList": values}})
        call() if holds else fails("ConditionalCheckFailedException", None, call)
    fails("ConditionalCheckFailedException", None, db.update_item, TableName=made, Key={"pk": s("a")},
          Expected={"none": {"ComparisonOperator": "NOT_CONTAINS", "AttributeValueList": [s("x")]}})
    for operator, holds in [("CONTAINS", True), ("NOT_CONTAINS", False)]:
        call = lambda: db.update_item(TableName=made, Key={"pk": s("a")}, Expected={
            "t": {"ComparisonOperator": operator, "AttributeValueList": [s("ex")]}})
        call() if holds else fails("ConditionalCheckFailedException", None, call)


@check
def wrong_conditions_are_told():
    made = table(sort=False).name
    for condition, text in [
        ({"Exists": True}, "Value must be provided when Exists is true for Attribute: a"),
        ({}, "Value must be provided when Exists is null for Attribute: a"),
        ({"Exists": False, "Value": n(1)}, "Value cannot be used when Exists is false for Attribute: a"),
        ({"Exists": False, "ComparisonOperator": "NULL"},
         "Exists and ComparisonOperator cannot be used together for Attribute: a"),
        ({"Value": n(1), "AttributeValueList": [n(1)]},
         "Value and AttributeValueList cannot be used together for Attribute: a"),
        ({"AttributeValueList": [n(1)]}, "AttributeValueList can only be used with a ComparisonOperator for Attribute: a"),
        ({"ComparisonOperator": "LT"},
         "Value or AttributeValueList must be used with ComparisonOperator: LT for Attribute: a"),
        ({"ComparisonOperator": "BETWEEN", "AttributeValueList": [n(1)]},
         "Invalid number of argument(s) for the BETWEEN ComparisonOperator"),
        ({"ComparisonOperator": "NULL", "AttributeValueList": [n(1)]},
         "Invalid number of argument(s) for the NULL ComparisonOperator"),
        ({"ComparisonOperator": "IN", "AttributeValueList": [n(1), s("1")]},
         "AttributeValues inside AttributeValueList must be of same type"),
        ({"ComparisonOperator": "LE", "AttributeValueList": [{"BOOL": True}]},
         "ComparisonOperator LE is not valid for BOOL AttributeValue type"),
        ({"ComparisonOperator": "BEGINS_WITH", "AttributeValueList": [n(1)]},
         "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type"),
    ]:
        fails("ValidationException", "1 validation error detected: " + INVALID + text, db.put_item, TableName=made, Item={"pk": s("a")}, Expected={"a": condition})
    fails("ValidationException", "1 validation error detected: ConditionalOperator cannot be used without Filter or Expected", db.put_item, TableName=made,
          Item={"pk": s("a")}, ConditionalOperator="AND")
    fails("ValidationException", "1 validation error detected: ConditionalOperator can only be used when Filter or Expected has two or "
          "more elements", db.put_item, TableName=made, Item={"pk": s("a")}, Expected={"a": {"Exists": False}}, ConditionalOperator="AND")
    fails("ValidationException",
          "1 validation error detected: Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
          "{AttributeUpdates, Expected} Expression parameters: {ConditionExpression}", db.update_item, TableName=made,
          Key={"pk": s("a")}, AttributeUpdates={"a": {"Value": n(1)}}, Expected={"a": {"Exists": False}},
          ConditionExpression="attribute_exists(a)")
    answer = fails("ValidationException", None, db.put_item, TableName=made, Item={"pk": s("a")},
                   Expected={"a": {"ComparisonOperator": "LIKE", "AttributeValueList": [n(1)]}})
    equal(answer["Error"]["Message"],
          "1 validation error detected: Value 'LIKE' at 'expected.a.member.comparisonOperator' failed to satisfy constraint: "
          "Member must satisfy enum value set: [IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, "
          "GE, CONTAINS]")


@check
def attribute_updates_put_add_delete():
    made = table(sort=False).name
    update = lambda updates, **more: db.update_item(
        TableName=made, Key={"pk": s("a")}, AttributeUpdates=updates, ReturnValues="ALL_NEW", **more).get("Attributes")
    equal(update({"c": {"Action": "ADD", "Value": n(5)}, "t": {"Value": s("x")}}), {"pk": s("a"), "c": n(5), "t": s("x")})
    equal(update({"c": {"Action": "ADD", "Value": n(-7)}, "t": {"Action": "DELETE"},
                  "set": {"Action": "ADD", "Value": {"SS": ["a", "b"]}}}),
          {"pk": s("a"), "c": n(-2), "set": {"SS": ["a", "b"]}})
    equal(update({"set": {"Action": "DELETE", "Value": {"SS": ["a"]}}, "l": {"Action": "ADD", "Value": {"L": [n(1)]}}}),
          {"pk": s("a"), "c": n(-2), "set": {"SS": ["b"]}, "l": {"L": [n(1)]}})
    equal(update({"l": {"Action": "ADD", "Value": {"L": [n(2)]}}, "a.b": {"Value": s("a name, not a path")}})["l"],
          {"L": [n(1), n(2)]})
    changed = db.update_item(TableName=made, Key={"pk": s("a")}, AttributeUpdates={"c": {"Action": "ADD", "Value": n(1)}},
                             ReturnValues="UPDATED_NEW", Expected={"c": {"Value": n(-2)}})
    equal(changed["Attributes"], {"c": n(-1)})
    for entry, text in [
        ({"Action": "PUT"}, "Only DELETE action is allowed when no attribute value is specified"),
        ({"Action": "ADD", "Value": s("x")}, "ADD action is not supported for the type S"),
        ({"Action": "DELETE", "Value": n(1)}, "DELETE action with value is not supported for the type N"),
    ]:
        fails("ValidationException", INVALID + text, update, {"z": entry})
    fails("ValidationException", INVALID + "Cannot update attribute pk. This attribute is part of the key", update,
          {"pk": {"Value": s("b")}})
    fails("ValidationException", "Type mismatch for attribute to update", update, {"l": {"Action": "ADD", "Value": n(1)}})
    equal(db.update_item(TableName=made, Key={"pk": s("new")}, AttributeUpdates={"x": {"Action": "DELETE"}},
                         ReturnValues="ALL_NEW").get("Attributes"), None)
    equal("Item" in db.get_item(TableName=made, Key={"pk": s("new")}), False)


@check
def reads_take_conditions_and_attributes():
    made = table()
    with made.batch_writer() as batch:
        for number in range(10):
            batch.put_item(Item={"pk": "p", "sk": f"{number}", "v": number, "w": number % 2})
    key = {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [s("p")]}}
    query = lambda **more: db.query(TableName=made.name, **more)
    equal(query(KeyConditions=key, AttributesToGet=["v"])["Items"][0], {"v": n(0)})
    between = {**key, "sk": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [s("3"), s("5")]}}
    equal(query(KeyConditions=between)["Count"], 3)
    odd = {"w": {"ComparisonOperator": "EQ", "AttributeValueList": [n(1)]}}
    answer = query(KeyConditions=between, QueryFilter=odd)
    equal((answer["Count"], answer["ScannedCount"]), (2, 3))
    more = {**odd, "v": {"ComparisonOperator": "GT", "AttributeValueList": [n(7)]}}
    equal(db.scan(TableName=made.name, ScanFilter=more)["Count"], 1)
    equal(db.scan(TableName=made.name, ScanFilter=more, ConditionalOperator="OR")["Count"], 6)
    equal(db.scan(TableName=made.name, ScanFilter={"gone": {"ComparisonOperator": "NULL"}}, Select="COUNT")["Count"], 10)
    equal(db.get_item(TableName=made.name, Key={"pk": s("p"), "sk": s("1")}, AttributesToGet=["w", "none"])["Item"], {"w": n(1)})
    equal(db.batch_get_item(RequestItems={made.name: {"Keys": [{"pk": s("p"), "sk": s("1")}], "AttributesToGet": ["v"]}})
          ["Responses"][made.name], [{"v": n(1)}])
    fails("ValidationException", "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
          query)
    fails("ValidationException", "Query condition missed key schema element: pk", query,
          KeyConditions={"sk": {"ComparisonOperator": "EQ", "AttributeValueList": [s("p")]}})
    fails("ValidationException", "Query key condition not supported", query,
          KeyConditions={"pk": {"ComparisonOperator": "GT", "AttributeValueList": [s("p")]}})
    fails("ValidationException", "Attempted conditional constraint is not an indexable operation", query,
          KeyConditions={**key, "sk": {"ComparisonOperator": "NE", "AttributeValueList": [s("p")]}})
    fails("ValidationException", "QueryFilter can only contain non-primary key attributes: Primary key attribute: sk", query,
          KeyConditions=key, QueryFilter={"sk": {"ComparisonOperator": "EQ", "AttributeValueList": [s("1")]}})
    fails("ValidationException", INVALID + "Duplicate value in attribute name: v", db.scan, TableName=made.name,
          AttributesToGet=["v", "v"])
    fails("ValidationException", "Cannot specify the AttributesToGet when choosing to get only the Count", db.scan,
          TableName=made.name, AttributesToGet=["v"], Select="COUNT")
    fails("ValidationException",
          "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
          "{AttributesToGet, QueryFilter, KeyConditions} Expression parameters: {ProjectionExpression, KeyConditionExpression}",
          query, KeyConditions=key, KeyConditionExpression="pk = :p", AttributesToGet=["v"], ProjectionExpression="v",
          QueryFilter=odd)



@check
def leases_are_kept_as_the_kinesis_client_library_keeps_them():
    name = "kcl-leases"
    fails("ResourceNotFoundException", None, db.describe_table, TableName=name)
    db.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", DeletionProtectionEnabled=True,
                    KeySchema=[{"AttributeName": "leaseKey", "KeyType": "HASH"}],
                    AttributeDefinitions=[{"AttributeName": "leaseKey", "AttributeType": "S"}])
    lease = {"leaseKey": s("shardId-1"), "leaseCounter": n(0), "checkpoint": s("TRIM_HORIZON"), "parentShardId": {"SS": ["p"]}}
    new = {"leaseKey": {"Exists": False}}
    db.put_item(TableName=name, Item=lease, Expected=new)
    fails("ConditionalCheckFailedException", None, db.put_item, TableName=name, Item=lease, Expected=new)
    db.update_table(TableName=name, AttributeDefinitions=[{"AttributeName": "leaseOwner", "AttributeType": "S"}],
                    GlobalSecondaryIndexUpdates=[{"Create": {
                        "IndexName": "LeaseOwnerToLeaseKeyIndex", "Projection": {"ProjectionType": "KEYS_ONLY"},
                        "KeySchema": [{"AttributeName": "leaseOwner", "KeyType": "HASH"}]}}])
    while db.describe_table(TableName=name)["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"] != "ACTIVE":
        pass
    take = lambda owner, counter: db.update_item(
        TableName=name, Key={"leaseKey": s("shardId-1")}, ReturnValues="ALL_NEW",
        AttributeUpdates={"leaseOwner": {"Action": "PUT", "Value": s(owner)}, "leaseCounter": {"Action": "ADD", "Value": n(1)},
                          "childShardIds": {"Action": "DELETE"}},
        Expected={"leaseCounter": {"Value": n(counter), "Exists": True}}, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    equal(take("one", 0)["Attributes"], {**lease, "leaseCounter": n(1), "leaseOwner": s("one")})
    failure = fails("ConditionalCheckFailedException", None, take, "two", 0)
    equal(failure["Item"]["leaseOwner"], s("one"))
    found = db.query(TableName=name, IndexName="LeaseOwnerToLeaseKeyIndex", KeyConditionExpression="#AMZN_MAPPED_leaseOwner = :o",
                     ExpressionAttributeNames={"#AMZN_MAPPED_leaseOwner": "leaseOwner"}, ExpressionAttributeValues={":o": s("one")})
    equal(found["Items"], [{"leaseKey": s("shardId-1"), "leaseOwner": s("one")}])
    equal(db.scan(TableName=name, Limit=1, Segment=0, TotalSegments=1)["Count"], 1)
    db.update_item(TableName=name, Key={"leaseKey": s("shardId-1")},
                   AttributeUpdates={"checkpoint": {"Action": "PUT", "Value": s("SHARD_END")}},
                   Expected={"leaseOwner": {"ComparisonOperator": "EQ", "AttributeValueList": [s("one")]}})
    db.delete_item(TableName=name, Key={"leaseKey": s("shardId-1")}, Expected={"leaseCounter": {"Value": n(1)}})
    fails("ValidationException", None, db.delete_table, TableName=name)
    db.update_table(TableName=name, DeletionProtectionEnabled=False)
    db.delete_table(TableName=name)


run()
