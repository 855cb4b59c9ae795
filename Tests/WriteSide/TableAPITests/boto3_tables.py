"""CreateTable, DescribeTable, UpdateTable and DeleteTable: what they refuse, in which words, and what they show."""

import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from boto3_kit import check, db, equal, fails, index, run, table

# As a client is that sends what it is given.
plain = boto3.client("dynamodb", endpoint_url=sys.argv[1],
                     config=Config(retries={"max_attempts": 0}, parameter_validation=False))
invalid = "One or more parameter values were invalid: "
units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}


def attributes(names):
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


def create(**more):
    return plain.create_table(**{
        "TableName": "wrong", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "AttributeDefinitions": attributes(["pk"]),
        "BillingMode": "PAY_PER_REQUEST", **more})


def refused(text, call, **more):
    fails("ValidationException", text, call, **more)


def index_of(name, index_name):
    shown = db.describe_table(TableName=name)["Table"]["GlobalSecondaryIndexes"]
    return next(index for index in shown if index["IndexName"] == index_name)


@check
def the_name_is_looked_at_first():
    for call in [plain.create_table, plain.describe_table, plain.update_table, plain.delete_table]:
        refused("The parameter 'TableName' is required but was not present in the request", call)
    refused("1 validation error detected: Value 'ab' at 'tableName' failed to satisfy constraint: Member must have length greater "
            "than or equal to 3", create, TableName="ab")
    for call in [plain.describe_table, plain.update_table, plain.delete_table]:
        for name in ["", "a;", "a" * 256]:
            refused("TableName must be at least 3 characters long and at most 255 characters long", call, TableName=name)
    for call in [plain.describe_table, plain.update_table, plain.delete_table]:
        refused("1 validation error detected: Value 'a;b' at 'tableName' failed to satisfy constraint: Member must satisfy "
                "regular expression pattern: [a-zA-Z0-9_.-]+", call, TableName="a;b")
    refused("1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null",
            plain.describe_time_to_live)


@check
def constraints_are_told_in_their_order():
    refused(
        "5 validation errors detected: Value null at 'attributeDefinitions' failed to satisfy constraint: Member must not be null; "
        "Value 'a;b' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: "
        "[a-zA-Z0-9_.-]+; Value '-1' at 'provisionedThroughput.writeCapacityUnits' failed to satisfy constraint: Member must have "
        "value greater than or equal to 1; Value '0' at 'provisionedThroughput.readCapacityUnits' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1; Value null at 'keySchema' failed to satisfy constraint: Member must "
        "not be null",
        plain.create_table, TableName="a;b", ProvisionedThroughput={"ReadCapacityUnits": 0, "WriteCapacityUnits": -1})
    refused(
        "2 validation errors detected: Value 'a;' at 'exclusiveStartTableName' failed to satisfy constraint: Member must have "
        "length greater than or equal to 3; Value 'a;' at 'exclusiveStartTableName' failed to satisfy constraint: Member must "
        "satisfy regular expression pattern: [a-zA-Z0-9_.-]+", plain.list_tables, ExclusiveStartTableName="a;")
    fails("SerializationException", "STRING_VALUE cannot be converted to Long", create,
          ProvisionedThroughput={"ReadCapacityUnits": "1", "WriteCapacityUnits": 1})


@check
def global_indexes_are_checked_before_local_ones():
    wrong = [{"IndexName": "x", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}]
    short = "failed to satisfy constraint: Member must have length greater than or equal to 3"
    refused(f"2 validation errors detected: Value 'x' at 'globalSecondaryIndexes.1.member.indexName' {short}; Value 'x' at "
            f"'localSecondaryIndexes.1.member.indexName' {short}", create, GlobalSecondaryIndexes=wrong, LocalSecondaryIndexes=wrong)
    refused(invalid + "List of GlobalSecondaryIndexes is empty", create, GlobalSecondaryIndexes=[], LocalSecondaryIndexes=[])
    named = [{**wrong[0], "IndexName": name, "Projection": {}} for name in ["global", "local"]]
    refused(invalid + "Unknown ProjectionType: null", create, GlobalSecondaryIndexes=named[:1], LocalSecondaryIndexes=named[1:])
    refused("1 validation error detected: Value '[KeySchemaElement(attributeName=pk, keyType=HASH), "
            "KeySchemaElement(attributeName=a, keyType=RANGE), KeySchemaElement(attributeName=b, keyType=RANGE)]' at 'keySchema' "
            "failed to satisfy constraint: Member must have length less than or equal to 2", create, KeySchema=[
                {"AttributeName": name, "KeyType": kind} for name, kind in [("pk", "HASH"), ("a", "RANGE"), ("b", "RANGE")]])


@check
def keys_are_checked():
    def keys(*pairs):
        return [{"AttributeName": name, "KeyType": kind} for name, kind in pairs]

    refused("Invalid KeySchema: The first KeySchemaElement is not a HASH key type", create, KeySchema=keys(("pk", "RANGE")))
    refused("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type", create,
            KeySchema=keys(("pk", "HASH"), ("sk", "HASH")))
    refused("Invalid KeySchema: Some index key attribute have no definition", create,
            KeySchema=keys(("pk", "HASH"), ("pk", "RANGE")))
    refused("Invalid KeySchema: Some index key attribute have no definition", create,
            KeySchema=keys(("pk", "HASH"), ("sk", "RANGE")))
    refused("1 validation error detected: Value '' at 'keySchema.1.member.attributeName' failed to satisfy constraint: Member must "
            "have length greater than or equal to 1", create, KeySchema=keys(("", "HASH")))
    refused("1 validation error detected: Value '[a, ]' at 'globalSecondaryIndexes.1.member.projection.nonKeyAttributes' failed to "
            "satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 255, Member must "
            "have length greater than or equal to 1]", create, GlobalSecondaryIndexes=[
                index("by-pk", "pk", projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", ""]})])
    refused("Attribute Name is duplicated: pk", create, AttributeDefinitions=attributes(["pk", "pk"]))
    refused(invalid + "Some index key attributes are not defined in AttributeDefinitions. Keys: [x], AttributeDefinitions: [pk]",
            create, GlobalSecondaryIndexes=[index("by-x", "x")])


@check
def numbers_have_bounds():
    much = {"ReadCapacityUnits": 1_000_000_000_001, "WriteCapacityUnits": 1}
    refused("Given value 1000000000001 for ReadCapacityUnits is out of bounds", create, BillingMode="PROVISIONED",
            ProvisionedThroughput=much)
    refused("Given value 1000000000001 for ReadCapacityUnits is out of bounds for index by-pk", create, BillingMode="PROVISIONED",
            ProvisionedThroughput=units, GlobalSecondaryIndexes=[{**index("by-pk", "pk"), "ProvisionedThroughput": much}])
    refused("Given value 9223372036854775807 for ReadCapacityUnits is out of bounds", create, BillingMode="PROVISIONED",
            ProvisionedThroughput={**much, "ReadCapacityUnits": 10 ** 20})
    refused(invalid + "MaxReadRequestUnits of OnDemandThroughput must be -1 or at least 1", create,
            OnDemandThroughput={"MaxReadRequestUnits": 0})
    refused(invalid + "GlobalSecondaryIndex count exceeds the per-table limit of 20", create,
            GlobalSecondaryIndexes=[index(f"index-{number}", "pk") for number in range(21)])


@check
def a_new_table_is_shown_as_creating():
    made = plain.create_table(
        TableName="shown", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}], AttributeDefinitions=attributes(["pk"]),
        BillingMode="PAY_PER_REQUEST", GlobalSecondaryIndexes=[index("by-pk", "pk")], TableClass="STANDARD",
        WarmThroughput={"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 5000},
        OnDemandThroughput={"MaxReadRequestUnits": 7, "MaxWriteRequestUnits": 8})["TableDescription"]
    equal(made["TableStatus"], "CREATING")
    equal(made["BillingModeSummary"], {"BillingMode": "PAY_PER_REQUEST"})
    equal(made["GlobalSecondaryIndexes"][0]["IndexStatus"], "CREATING")
    assert "Backfilling" not in made["GlobalSecondaryIndexes"][0]
    shown = db.describe_table(TableName="shown")["Table"]
    equal(shown["BillingModeSummary"]["LastUpdateToPayPerRequestDateTime"], shown["CreationDateTime"])
    equal(shown["GlobalSecondaryIndexes"][0]["IndexStatus"], "ACTIVE")
    equal(shown["GlobalSecondaryIndexes"][0]["WarmThroughput"],
          {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"})
    equal(shown["WarmThroughput"], {"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 5000, "Status": "ACTIVE"})
    equal(shown["OnDemandThroughput"], {"MaxReadRequestUnits": 7, "MaxWriteRequestUnits": 8})
    equal(shown["TableClassSummary"], {"TableClass": "STANDARD"})
    refused(invalid + "Requested ReadUnitsPerSecond for WarmThroughput for table is lower than current WarmThroughput, decreasing "
            "WarmThroughput is not supported", plain.update_table, TableName="shown",
            WarmThroughput={"ReadUnitsPerSecond": 12999, "WriteUnitsPerSecond": 5000})
    db.update_table(TableName="shown", TableClass="STANDARD_INFREQUENT_ACCESS")
    changed = db.update_table(TableName="shown", TableClass="STANDARD")["TableDescription"]["TableClassSummary"]
    equal(changed["TableClass"], "STANDARD")
    assert "LastUpdateDateTime" in changed
    db.update_table(TableName="shown", GlobalSecondaryIndexUpdates=[{"Update": {
        "IndexName": "by-pk", "OnDemandThroughput": {"MaxReadRequestUnits": 1, "MaxWriteRequestUnits": 2},
        "WarmThroughput": {"ReadUnitsPerSecond": 14000, "WriteUnitsPerSecond": 4000}}}])
    equal(index_of("shown", "by-pk")["OnDemandThroughput"], {"MaxReadRequestUnits": 1, "MaxWriteRequestUnits": 2})
    equal(index_of("shown", "by-pk")["WarmThroughput"]["ReadUnitsPerSecond"], 14000)
    gone = db.delete_table(TableName="shown")["TableDescription"]
    equal(gone["TableStatus"], "DELETING")
    for member in ["AttributeDefinitions", "KeySchema", "CreationDateTime", "GlobalSecondaryIndexes"]:
        assert member not in gone, member


@check
def a_stream_is_enabled_once_and_disabled_once():
    made = table().name
    enable = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    refused(f"Table has no stream to disable: TableName: {made}", db.update_table, TableName=made,
            StreamSpecification={"StreamEnabled": False})
    db.update_table(TableName=made, StreamSpecification=enable)
    refused(f"Table already has an enabled stream: TableName: {made}", db.update_table, TableName=made, StreamSpecification=enable)


@check
def a_protected_table_stays():
    made = table(DeletionProtectionEnabled=True)
    refused("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
            db.delete_table, TableName=made.name)
    db.update_table(TableName=made.name, DeletionProtectionEnabled=False)
    db.delete_table(TableName=made.name)


@check
def billing_changes_are_dated():
    made = table().name
    refused(invalid + "ProvisionedThroughput must be specified when BillingMode is PROVISIONED", db.update_table, TableName=made,
            BillingMode="PROVISIONED")
    refused(invalid + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
            db.update_table, TableName="not-there", BillingMode="PAY_PER_REQUEST", ProvisionedThroughput=units)
    created = db.describe_table(TableName=made)["Table"]["CreationDateTime"]
    db.update_table(TableName=made, BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 3, "WriteCapacityUnits": 3})
    equal(db.describe_table(TableName=made)["Table"]["BillingModeSummary"],
          {"BillingMode": "PROVISIONED", "LastUpdateToPayPerRequestDateTime": created})
    changing = db.update_table(TableName=made, ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 1})
    equal(changing["TableDescription"]["ProvisionedThroughput"]["ReadCapacityUnits"], 3)
    shown = db.describe_table(TableName=made)["Table"]["ProvisionedThroughput"]
    equal((shown["ReadCapacityUnits"], shown["WriteCapacityUnits"]), (5, 1))
    equal(shown["LastIncreaseDateTime"], shown["LastDecreaseDateTime"])
    db.update_table(TableName=made, BillingMode="PAY_PER_REQUEST")
    since = db.describe_table(TableName=made)["Table"]["BillingModeSummary"]["LastUpdateToPayPerRequestDateTime"]
    assert since > created, f"{since} {created}"


@check
def indexes_come_and_go():
    made = table(sort=False).name

    def update(*changes, **more):
        return plain.update_table(TableName=made, GlobalSecondaryIndexUpdates=list(changes), **more)["TableDescription"]

    by_x = {"Create": index("by-x", "x")}
    members = "GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete"
    refused(invalid + f"One of {members} must not be null", lambda **_: update({}))
    fails("ValidationException", None, update, {**by_x, "Delete": {"IndexName": "by-x"}})
    refused(invalid + "Only one global secondary index update per index is allowed simultaneously. Index: by-x",
            lambda **_: update({"Delete": {"IndexName": "by-x"}}, {"Delete": {"IndexName": "by-x"}}))
    refused(invalid + "Some index key attributes are not defined in AttributeDefinitions. Keys: [pk, x], AttributeDefinitions: []",
            lambda **_: update({"Create": index("by-x", "pk", "x")}))
    refused(invalid + "Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. "
            "Existing schema: Schema:[SchemaElement: key{pk:S:HASH}] New schema: Schema:[SchemaElement: key{pk:N:HASH}]",
            lambda **_: update({"Create": index("by-pk", "pk")}, AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "N"}]))
    refused(invalid + "Duplicate attribute name in NonKeyAttributes: a", lambda **_: update(
        {"Create": index("by-pk", "pk", projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "b", "a"]})},
        AttributeDefinitions=attributes(["pk"])))
    refused(invalid + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
            lambda **_: update({"Create": {**by_x["Create"], "ProvisionedThroughput": units}},
                               AttributeDefinitions=attributes(["x"])))
    creating = update(by_x, AttributeDefinitions=attributes(["x"]))["GlobalSecondaryIndexes"]
    equal([(index["IndexStatus"], index["Backfilling"]) for index in creating], [("CREATING", False)])
    refused("Attempting to create an index which already exists", lambda **_: update(by_x, AttributeDefinitions=attributes(["x"])))
    deleting = update({"Delete": {"IndexName": "by-x"}})["GlobalSecondaryIndexes"]
    equal([(index["IndexName"], index["IndexStatus"]) for index in deleting], [("by-x", "DELETING")])
    assert "GlobalSecondaryIndexes" not in db.describe_table(TableName=made)["Table"]
    db.update_table(TableName=made, BillingMode="PROVISIONED", ProvisionedThroughput=units)
    refused(invalid + "Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: by-x",
            lambda **_: update(by_x, AttributeDefinitions=attributes(["x"])))


@check
def a_new_index_leaves_out_what_is_not_its_key():
    made = table(sort=False)
    values = {"text": {"S": "a"}, "empty": {"S": ""}, "long": {"S": "x" * 2049}, "longest": {"S": "x" * 2048}, "number": {"N": "1"}}
    for name, value in values.items():
        db.put_item(TableName=made.name, Item={"pk": {"S": name}, "x": value, "y": {"S": "y"}})
    db.put_item(TableName=made.name, Item={"pk": {"S": "sort"}, "x": {"S": "b"}, "y": {"S": "y" * 1025}})
    db.update_table(TableName=made.name, AttributeDefinitions=attributes(["x", "y"]),
                    GlobalSecondaryIndexUpdates=[{"Create": index("by-x", "x", "y")}])
    deadline = time.time() + 30
    while index_of(made.name, "by-x")["IndexStatus"] != "ACTIVE":
        assert time.time() < deadline
        time.sleep(0.02)
    found = db.scan(TableName=made.name, IndexName="by-x")["Items"]
    equal(sorted(item["pk"]["S"] for item in found), ["longest", "text"])
    equal(index_of(made.name, "by-x")["ItemCount"], 2)
    # An item that was left out comes in when it gets a key.
    db.put_item(TableName=made.name, Item={"pk": {"S": "empty"}, "x": {"S": "c"}, "y": {"S": "y"}})
    db.delete_item(TableName=made.name, Key={"pk": {"S": "long"}})
    equal(index_of(made.name, "by-x")["ItemCount"], 3)


@check
def warm_throughput_of_a_new_table_is_shown_when_it_was_asked_for():
    shown = create(TableName="cold", GlobalSecondaryIndexes=[index("by-pk", "pk")])["TableDescription"]
    assert "WarmThroughput" not in shown and "WarmThroughput" not in shown["GlobalSecondaryIndexes"][0]
    equal(db.describe_table(TableName="cold")["Table"]["WarmThroughput"]["Status"], "ACTIVE")
    asked = {"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 5000}
    equal(create(TableName="warm", WarmThroughput=asked)["TableDescription"]["WarmThroughput"], {**asked, "Status": "UPDATING"})
    equal(db.describe_table(TableName="warm")["Table"]["WarmThroughput"], {**asked, "Status": "ACTIVE"})


@check
def encryption_is_shown_with_the_arn_of_its_key():
    made = table(sort=False).name

    def change(**encryption):
        return db.update_table(TableName=made, SSESpecification=encryption)["TableDescription"].get("SSEDescription")

    keys = "arn:aws:kms:us-east-1:000000000000:"
    for given, shown in [("abc", keys + "key/abc"), ("alias/mine", keys + "alias/mine"), (keys + "key/x", keys + "key/x")]:
        described = {"SSEType": "KMS", "KMSMasterKeyArn": shown}
        equal(change(Enabled=True, KMSMasterKeyId=given), {**described, "Status": "UPDATING"})
        equal(db.describe_table(TableName=made)["Table"]["SSEDescription"], {**described, "Status": "ENABLED"})
    equal(change(Enabled=False), {**described, "Status": "UPDATING"})
    assert "SSEDescription" not in db.describe_table(TableName=made)["Table"]


def refuses_other_account(call, arn):
    """An ARN of another account is refused as AWS does where no policy of that account says otherwise."""
    other = arn.replace("000000000000", "111111111111")
    try:
        call(other)
    except ClientError as error:
        said = error.response["Error"]
        equal(said["Code"], "AccessDeniedException")
        operation = error.operation_name
        assert said["Message"].endswith(
            f" is not authorized to perform: dynamodb:{operation} on resource: {other} because no resource-based policy allows "
            f"the dynamodb:{operation} action"), said
    else:
        raise AssertionError(f"{other} was taken")


@check
def policies_of_another_account_are_refused():
    made = table(sort=False).name
    arn = db.describe_table(TableName=made)["Table"]["TableArn"]
    for call in [lambda arn: db.get_resource_policy(ResourceArn=arn), lambda arn: db.delete_resource_policy(ResourceArn=arn),
                 lambda arn: db.put_resource_policy(ResourceArn=arn, Policy="{}")]:
        refuses_other_account(call, arn)
        refuses_other_account(call, arn + "/stream/2020-01-01T00:00:00.000")


@check
def tags_have_letters_digits_and_a_few_marks():
    made = table(sort=False).name
    arn = db.describe_table(TableName=made)["Table"]["TableArn"]
    good = [{"Key": "ü ß+-=._:/@9", "Value": "日本 ²"}]
    db.tag_resource(ResourceArn=arn, Tags=good)
    equal(db.list_tags_of_resource(ResourceArn=arn)["Tags"], good)
    for mark in '!%"':
        for tag in [{"Key": f"a{mark}", "Value": "b"}, {"Key": "a", "Value": f"b{mark}"}]:
            for call in [lambda **more: create(TableName="tagged", **more), lambda **more: db.tag_resource(ResourceArn=arn, **more)]:
                fails("ValidationException", None, call, Tags=[tag])
    calls = [lambda arn: db.tag_resource(ResourceArn=arn, Tags=good), lambda arn: db.list_tags_of_resource(ResourceArn=arn),
             lambda arn: db.untag_resource(ResourceArn=arn, TagKeys=["a"])]
    for call in calls:
        fails("ValidationException", invalid + f"ARNs must start with 'arn:': {made}", call, made)
        fails("ValidationException", None, call, arn + "/index/by-x")
        refuses_other_account(call, arn)
        fails("ResourceNotFoundException", None, call, arn + "x")


@check
def contributor_insights_are_kept():
    made = table(attributes={"x": "S"}, GlobalSecondaryIndexes=[index("by-x", "x")]).name
    equal(db.describe_contributor_insights(TableName=made)["ContributorInsightsStatus"], "DISABLED")
    answer = db.update_contributor_insights(TableName=made, ContributorInsightsAction="ENABLE")
    equal((answer["TableName"], answer["ContributorInsightsStatus"]), (made, "ENABLING"))
    db.update_contributor_insights(TableName=made, IndexName="by-x", ContributorInsightsAction="ENABLE",
                                   ContributorInsightsMode="THROTTLED_KEYS")
    db.update_contributor_insights(TableName=made, IndexName="by-x", ContributorInsightsAction="DISABLE")
    shown = db.describe_contributor_insights(TableName=made)
    equal((shown["ContributorInsightsStatus"], shown["ContributorInsightsMode"]), ("ENABLED", "ACCESSED_AND_THROTTLED_KEYS"))
    listed = db.list_contributor_insights(TableName=made)["ContributorInsightsSummaries"]
    equal([(entry.get("IndexName"), entry["ContributorInsightsStatus"], entry["ContributorInsightsMode"]) for entry in listed],
          [(None, "ENABLED", "ACCESSED_AND_THROTTLED_KEYS"), ("by-x", "DISABLED", "THROTTLED_KEYS")])
    first = db.list_contributor_insights(TableName=made, MaxResults=1)
    second = db.list_contributor_insights(TableName=made, MaxResults=1, NextToken=first["NextToken"])
    equal(first["ContributorInsightsSummaries"] + second["ContributorInsightsSummaries"], listed)
    assert "NextToken" not in second
    fails("ResourceNotFoundException", "Requested resource not found: Index: nope not found", db.update_contributor_insights,
          TableName=made, IndexName="nope", ContributorInsightsAction="ENABLE")


run()
