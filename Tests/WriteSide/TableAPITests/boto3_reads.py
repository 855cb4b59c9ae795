"""Batches, queries, scans, pages and indexes through unmodified boto3."""

import time

from boto3.dynamodb.conditions import Attr, Key

from boto3_kit import check, db, equal, fails, index, resource, run, table


@check
def batches_write_and_read():
    one, two = table(sort=False), table()
    with one.batch_writer() as batch:
        for number in range(60):
            batch.put_item(Item={"pk": f"{number}", "n": number})
        batch.delete_item(Key={"pk": "0"})
    answer = db.batch_write_item(RequestItems={
        one.name: [{"DeleteRequest": {"Key": {"pk": {"S": "1"}}}}],
        two.name: [{"PutRequest": {"Item": {"pk": {"S": "p"}, "sk": {"S": "s"}}}}]}, ReturnConsumedCapacity="TOTAL")
    equal(answer["UnprocessedItems"], {})
    equal(len(answer["ConsumedCapacity"]), 2)
    found = resource.batch_get_item(RequestItems={
        one.name: {"Keys": [{"pk": f"{number}"} for number in range(5)], "ProjectionExpression": "n"},
        two.name: {"Keys": [{"pk": "p", "sk": "s"}], "ConsistentRead": True}})
    equal(sorted(item["n"] for item in found["Responses"][one.name]), [2, 3, 4])
    equal(found["Responses"][two.name], [{"pk": "p", "sk": "s"}])
    equal(found["UnprocessedKeys"], {})
    put = {"PutRequest": {"Item": {"pk": {"S": "x"}}}}
    fails("ValidationException", "Provided list of item keys contains duplicates", db.batch_write_item,
          RequestItems={one.name: [put, put]})
    many = fails("ValidationException", None, db.batch_write_item, RequestItems={one.name: [put] * 26})
    assert "Member must have length less than or equal to 25" in many["Error"]["Message"]
    fails("ValidationException",
          "1 validation error detected: Value at 'RequestItems' failed to satisfy constraint: Member must have length "
          "greater than or equal to 1", db.batch_write_item, RequestItems={})
    fails("ValidationException", "Provided list of item keys contains duplicates", db.batch_get_item,
          RequestItems={one.name: {"Keys": [{"pk": {"S": "a"}}] * 2}})
    fails("ValidationException", None, db.batch_get_item,
          RequestItems={one.name: {"Keys": [{"pk": {"S": f"{number}"}} for number in range(101)]}})
    fails("ResourceNotFoundException", "Requested resource not found", db.batch_get_item,
          RequestItems={"absent": {"Keys": [{"pk": {"S": "a"}}]}})


@check
def queries_find_ranges_in_order():
    made = table(attributes={})
    with made.batch_writer() as batch:
        for number in range(20):
            batch.put_item(Item={"pk": "q", "sk": f"{number:02}", "n": number, "even": number % 2 == 0})
        batch.put_item(Item={"pk": "other", "sk": "00"})

    def query(condition, **more):
        return made.query(KeyConditionExpression=condition, **more)

    def numbers(answer):
        return [int(item["n"]) for item in answer["Items"]]

    mine = Key("pk").eq("q")
    equal(numbers(query(mine)), list(range(20)))
    equal(numbers(query(mine, ScanIndexForward=False)), list(range(19, -1, -1)))
    equal(numbers(query(mine & Key("sk").lt("03"))), [0, 1, 2])
    equal(numbers(query(mine & Key("sk").lte("03"))), [0, 1, 2, 3])
    equal(numbers(query(mine & Key("sk").gt("17"))), [18, 19])
    equal(numbers(query(mine & Key("sk").gte("17"))), [17, 18, 19])
    equal(numbers(query(mine & Key("sk").between("05", "07"))), [5, 6, 7])
    equal(numbers(query(mine & Key("sk").begins_with("1"))), list(range(10, 20)))
    equal(numbers(query(mine & Key("sk").eq("11"))), [11])
    filtered = query(mine, FilterExpression=Attr("even").eq(True), Limit=5)
    equal((filtered["Count"], filtered["ScannedCount"], numbers(filtered)), (3, 5, [0, 2, 4]))
    equal(filtered["LastEvaluatedKey"], {"pk": "q", "sk": "04"})
    equal(query(mine, Select="COUNT")["Count"], 20)
    assert "Items" not in query(mine, Select="COUNT")
    equal(query(mine, Limit=1, ProjectionExpression="n")["Items"], [{"n": 0}])
    for forward in [True, False]:
        seen, start = [], {}
        while True:
            page = query(mine, Limit=3, ScanIndexForward=forward, **start)
            seen += numbers(page)
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        equal(seen, list(range(20)) if forward else list(range(19, -1, -1)))

    fails("ValidationException", "Query condition missed key schema element: pk", query, Key("sk").eq("a"))
    fails("ValidationException", "Query key condition not supported", query, Key("pk").begins_with("a"))
    fails("ValidationException",
          "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.", made.query)
    fails("ValidationException",
          "Filter Expression can only contain non-primary key attributes: Primary key attribute: pk", query, mine,
          FilterExpression=Attr("pk").eq("q"))
    fails("ValidationException", "The table does not have the specified index: nope", query, mine, IndexName="nope")
    fails("ValidationException", "The provided starting key is invalid", query, mine, ExclusiveStartKey={"pk": "q"})
    fails("ValidationException",
          "The provided starting key is outside query boundaries based on provided conditions", query, mine,
          ExclusiveStartKey={"pk": "other", "sk": "00"})


@check
def pages_end_at_one_megabyte():
    made = table()
    for number in range(12):
        made.put_item(Item={"pk": "big", "sk": f"{number:02}", "v": "x" * 200_000})
    pages, start = [], {}
    while True:
        page = made.query(KeyConditionExpression=Key("pk").eq("big"), ReturnConsumedCapacity="TOTAL", **start)
        pages.append(page["Count"])
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    # The item that goes past the limit is the page's last.
    equal(pages, [6, 6, 0])
    equal(sum(page["Count"] for page in db.get_paginator("scan").paginate(TableName=made.name)), 12)
    # As AWS answers for items of this size: a full page costs 128.5 units.
    small = table()
    with small.batch_writer() as batch:
        for number in range(1020):
            batch.put_item(Item={"pk": "p", "sk": f"{number:04}", "v": "x" * (1042 - 10)})
    page = small.scan(ReturnConsumedCapacity="TOTAL")
    equal((page["Count"], page["ConsumedCapacity"]["CapacityUnits"]), (1007, 128.5))
    # What a local index does not hold is read from the table, and counts.
    local = table(attributes={"alt": "S"}, LocalSecondaryIndexes=[
        index("by-alt", "pk", "alt", {"ProjectionType": "KEYS_ONLY"})])
    for number in range(8):
        local.put_item(Item={"pk": "p", "sk": f"{number}", "alt": f"{number}", "v": "x" * 300_000})
    page = local.query(IndexName="by-alt", KeyConditionExpression=Key("pk").eq("p"), Select="ALL_ATTRIBUTES")
    equal((page["Count"], "LastEvaluatedKey" in page), (4, True))
    equal(local.query(IndexName="by-alt", KeyConditionExpression=Key("pk").eq("p"))["Count"], 8)


@check
def scans_see_everything_once():
    made = table(sort=False)
    with made.batch_writer() as batch:
        for number in range(100):
            batch.put_item(Item={"pk": f"s{number}", "n": number})
    equal({int(item["n"]) for item in made.scan()["Items"]}, set(range(100)))
    seen = []
    for segment in range(4):
        for page in db.get_paginator("scan").paginate(TableName=made.name, Segment=segment, TotalSegments=4,
                                                      PaginationConfig={"PageSize": 7}):
            seen += [int(item["n"]["N"]) for item in page["Items"]]
    equal(sorted(seen), list(range(100)))
    filtered = made.scan(FilterExpression=Attr("n").lt(10))
    equal((filtered["Count"], filtered["ScannedCount"]), (10, 100))
    fails("ValidationException", "The TotalSegments parameter is required but was not present in the request when Segment "
          "parameter is present", made.scan, Segment=1)
    fails("ValidationException", "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
          "Segment: 2 is not less than TotalSegments: 2", made.scan, Segment=2, TotalSegments=2)


@check
def indexes_are_read_like_tables():
    made = table(
        attributes={"room": "S", "at": "N", "alt": "S"},
        GlobalSecondaryIndexes=[
            index("by-room", "room", "at"), index("keys", "room", projection={"ProjectionType": "KEYS_ONLY"}),
            index("some", "room", projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["note"]})],
        LocalSecondaryIndexes=[index("by-alt", "pk", "alt", {"ProjectionType": "KEYS_ONLY"})])
    for number in range(6):
        made.put_item(Item={"pk": "u", "sk": f"{number}", "room": "blue" if number % 2 else "red", "at": 10 - number,
                            "alt": f"{9 - number}", "note": f"note {number}", "more": number})
    made.put_item(Item={"pk": "u", "sk": "sparse"})
    blue = Key("room").eq("blue")

    def query(name, condition=blue, **more):
        return made.query(IndexName=name, KeyConditionExpression=condition, **more)

    equal([int(item["at"]) for item in query("by-room")["Items"]], [5, 7, 9])
    equal([int(item["at"]) for item in query("by-room", blue & Key("at").gt(5), ScanIndexForward=False)["Items"]], [9, 7])
    equal(sorted(query("keys")["Items"][0]), ["pk", "room", "sk"])
    equal(sorted(query("some")["Items"][0]), ["note", "pk", "room", "sk"])
    equal(made.scan(IndexName="by-room")["Count"], 6)
    local = query("by-alt", Key("pk").eq("u"), ConsistentRead=True)
    equal([item["alt"] for item in local["Items"]], ["4", "5", "6", "7", "8", "9"])
    equal(sorted(local["Items"][0]), ["alt", "pk", "sk"])
    equal(query("by-alt", Key("pk").eq("u"), Select="ALL_ATTRIBUTES")["Items"][0]["more"], 5)
    equal(query("by-alt", Key("pk").eq("u"), ProjectionExpression="more", Limit=1)["Items"], [{"more": 5}])
    page = query("by-room", Limit=2)
    equal(page["LastEvaluatedKey"], {"pk": "u", "sk": "3", "room": "blue", "at": 7})
    equal([int(item["at"]) for item in query("by-room", ExclusiveStartKey=page["LastEvaluatedKey"])["Items"]], [9])
    made.update_item(Key={"pk": "u", "sk": "1"}, UpdateExpression="SET room = :r", ExpressionAttributeValues={":r": "red"})
    equal(query("by-room")["Count"], 2)
    made.delete_item(Key={"pk": "u", "sk": "3"})
    equal(query("by-room")["Count"], 1)

    fails("ValidationException", "Consistent reads are not supported on global secondary indexes", query, "by-room",
          ConsistentRead=True)
    fails("ValidationException", "One or more parameter values were invalid: Global secondary index keys does not project "
          "[note]", query, "keys", ProjectionExpression="note")
    wrong = fails("ValidationException", None, made.put_item, Item={"pk": "u", "sk": "x", "room": 5})
    assert "Type mismatch for Index Key room Expected: S Actual: N IndexName: by-room" in wrong["Error"]["Message"]


@check
def an_index_can_come_later():
    made = table(sort=False)
    for number in range(30):
        made.put_item(Item={"pk": f"{number}", "kind": f"k{number % 3}"})
    db.update_table(
        TableName=made.name, AttributeDefinitions=[{"AttributeName": "kind", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index("by-kind", "kind")}])
    for _ in range(200):
        status = db.describe_table(TableName=made.name)["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"]
        if status == "ACTIVE":
            break
        time.sleep(0.05)
    equal(status, "ACTIVE")
    equal(made.query(IndexName="by-kind", KeyConditionExpression=Key("kind").eq("k1"))["Count"], 10)
    db.update_table(TableName=made.name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-kind"}}])
    assert "GlobalSecondaryIndexes" not in db.describe_table(TableName=made.name)["Table"]
    fails("ValidationException", None, db.update_table, TableName=made.name)


@check
def an_index_key_may_have_several_attributes():
    keys = [("a", "HASH"), ("b", "HASH"), ("x", "RANGE"), ("y", "RANGE")]
    many = {"IndexName": "many", "Projection": {"ProjectionType": "ALL"},
            "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in keys]}
    made = table(sort=False, attributes={"a": "S", "b": "N", "x": "N", "y": "S"}, GlobalSecondaryIndexes=[many])
    described = db.describe_table(TableName=made.name)["Table"]["GlobalSecondaryIndexes"][0]
    equal(described["KeySchema"], many["KeySchema"])
    with made.batch_writer() as batch:
        for number in range(24):
            batch.put_item(Item={"pk": f"{number:02}", "a": "A", "b": number % 2, "x": number // 8, "y": f"{number:02}"})
        batch.put_item(Item={"pk": "sparse", "a": "A", "b": 0, "x": 1})
    query = lambda condition, **more: made.query(IndexName="many", KeyConditionExpression=condition, **more)
    both = Key("a").eq("A") & Key("b").eq(1)
    found = query(both)["Items"]
    equal([(item["x"], item["y"]) for item in found], sorted((item["x"], item["y"]) for item in found))
    equal((len(found), len(query(both & Key("x").eq(1))["Items"])), (12, 4))
    equal([item["y"] for item in query(both & Key("x").eq(1) & Key("y").gt("11"))["Items"]], ["13", "15"])
    equal([item["y"] for item in query(both & Key("x").lt(1), ScanIndexForward=False)["Items"]], ["07", "05", "03", "01"])
    page = query(both, Limit=5)
    equal(sorted(page["LastEvaluatedKey"]), ["a", "b", "pk", "x", "y"])
    rest = query(both, ExclusiveStartKey=page["LastEvaluatedKey"])
    equal([item["y"] for item in page["Items"] + rest["Items"]], [item["y"] for item in found])
    fails("ValidationException", "Query condition missed key schema element: b", query, Key("a").eq("A"))
    fails("ValidationException", "RANGE key attributes x must have equality conditions specified in the query because a "
          "condition is present on key attribute y", query, both & Key("y").eq("11"))
    wrong = {**many, "KeySchema": [{"AttributeName": name, "KeyType": "HASH"} for name in ["a", "b", "x", "y", "pk"]]}
    fails("ValidationException", None, table, sort=False, attributes={"a": "S", "b": "N", "x": "N", "y": "S"},
          GlobalSecondaryIndexes=[wrong])


run()
