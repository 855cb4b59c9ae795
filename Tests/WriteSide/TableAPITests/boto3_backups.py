"""Backups, point-in-time recovery, exports and imports through unmodified boto3."""

import csv
import gzip
import json
import pathlib
import sys
import time

from boto3_kit import check, db, equal, fails, index, run, table

buckets = pathlib.Path(sys.argv[2])


def wait(look, wanted):
    deadline = time.time() + 30
    while (found := look()) != wanted:
        assert time.time() < deadline, f"still {found}, wanted {wanted}"
        time.sleep(0.05)


def active(name):
    wait(lambda: db.describe_table(TableName=name)["Table"]["TableStatus"], "ACTIVE")


def items(name):
    found = []
    for page in db.get_paginator("scan").paginate(TableName=name):
        found += page["Items"]
    return sorted(found, key=lambda item: (item["pk"]["S"], item.get("sk", {}).get("S", "")))


def filled(count=700):
    made = table(attributes={"room": "S"}, GlobalSecondaryIndexes=[index("by_room", "room", "sk")])
    with made.batch_writer() as batch:
        for number in range(count):
            batch.put_item(Item={"pk": f"p{number % 7}", "sk": f"{number:05}", "n": number, "room": f"r{number % 3}"})
    return made


def change(made):
    made.delete_item(Key={"pk": "p0", "sk": "00000"})
    made.put_item(Item={"pk": "p1", "sk": "00001", "n": -1})
    made.put_item(Item={"pk": "new", "sk": "1"})


@check
def a_backup_is_the_table_as_it_was():
    made = filled()
    before = items(made.name)
    db.update_contributor_insights(TableName=made.name, IndexName="by_room", ContributorInsightsAction="ENABLE")
    details = db.create_backup(TableName=made.name, BackupName="first")["BackupDetails"]
    equal((details["BackupName"], details["BackupType"]), ("first", "USER"))
    arn = details["BackupArn"]
    change(made)
    wait(lambda: db.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"], "AVAILABLE")
    described = db.describe_backup(BackupArn=arn)["BackupDescription"]
    equal((described["SourceTableDetails"]["TableName"], described["SourceTableDetails"]["ItemCount"]), (made.name, 700))
    equal(described["SourceTableFeatureDetails"]["GlobalSecondaryIndexes"][0]["IndexName"], "by_room")
    equal([summary["BackupArn"] for summary in db.list_backups(TableName=made.name)["BackupSummaries"]], [arn])
    restored = db.restore_table_from_backup(TargetTableName=made.name + "-restored", BackupArn=arn)["TableDescription"]
    equal((restored["TableStatus"], restored["RestoreSummary"]["SourceBackupArn"]), ("CREATING", arn))
    equal(restored["RestoreSummary"]["RestoreInProgress"], True)
    active(made.name + "-restored")
    kept = db.describe_table(TableName=made.name + "-restored")["Table"]["RestoreSummary"]
    equal(kept, {**restored["RestoreSummary"], "RestoreInProgress": False})
    equal(db.describe_contributor_insights(TableName=made.name + "-restored", IndexName="by_room")["ContributorInsightsStatus"],
          "DISABLED")
    equal(items(made.name + "-restored"), before)
    found = db.query(TableName=made.name + "-restored", IndexName="by_room", KeyConditionExpression="room = :r",
                     ExpressionAttributeValues={":r": {"S": "r1"}}, Select="COUNT")
    equal(found["Count"], 233)
    fails("TableAlreadyExistsException", None, db.restore_table_from_backup, TargetTableName=made.name, BackupArn=arn)
    db.delete_table(TableName=made.name)
    override = db.restore_table_from_backup(TargetTableName=made.name, BackupArn=arn, GlobalSecondaryIndexOverride=[],
                                            BillingModeOverride="PROVISIONED", ProvisionedThroughputOverride={
                                                "ReadCapacityUnits": 3, "WriteCapacityUnits": 4})["TableDescription"]
    equal(("GlobalSecondaryIndexes" in override, override["ProvisionedThroughput"]["ReadCapacityUnits"]), (False, 3))
    active(made.name)
    equal(items(made.name), before)
    equal(db.delete_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"], "DELETED")
    fails("BackupNotFoundException", f"Backup not found: {arn}", db.describe_backup, BackupArn=arn)
    fails("TableNotFoundException", "Table not found: nothing", db.create_backup, TableName="nothing", BackupName="abc")


@check
def a_table_goes_back_to_a_time():
    made = filled(50)
    described = db.describe_continuous_backups(TableName=made.name)["ContinuousBackupsDescription"]
    equal(described["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"], "DISABLED")
    fails("PointInTimeRecoveryUnavailableException", None, db.restore_table_to_point_in_time, SourceTableName=made.name,
          TargetTableName="never", UseLatestRestorableTime=True)
    enable = lambda enabled, **more: db.update_continuous_backups(
        TableName=made.name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled, **more})
    enabled = enable(True, RecoveryPeriodInDays=7)["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    equal((enabled["PointInTimeRecoveryStatus"], enabled["RecoveryPeriodInDays"]), ("ENABLED", 7))
    before = items(made.name)
    time.sleep(1.1)
    moment = time.time()
    time.sleep(0.05)
    change(made)
    after = items(made.name)
    db.restore_table_to_point_in_time(SourceTableName=made.name, TargetTableName=made.name + "-then", RestoreDateTime=int(moment))
    db.restore_table_to_point_in_time(SourceTableName=made.name, TargetTableName=made.name + "-now", UseLatestRestorableTime=True)
    active(made.name + "-then")
    active(made.name + "-now")
    equal(items(made.name + "-then"), before)
    equal(items(made.name + "-now"), after)
    fails("InvalidRestoreTimeException", None, db.restore_table_to_point_in_time, SourceTableName=made.name,
          TargetTableName="never", RestoreDateTime=time.time() + 3600)
    fails("TableNotFoundException", "Table not found: nothing", db.describe_continuous_backups, TableName="nothing")
    enable(False)


@check
def an_export_comes_back_as_an_import():
    made = filled(300)
    arn = db.describe_table(TableName=made.name)["Table"]["TableArn"]
    export = lambda **more: db.export_table_to_point_in_time(TableArn=arn, S3Bucket="my-bucket", **more)
    fails("PointInTimeRecoveryUnavailableException", None, export)
    db.update_continuous_backups(TableName=made.name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    begun = export(S3Prefix="out")["ExportDescription"]
    equal(begun["ExportStatus"], "IN_PROGRESS")
    wait(lambda: db.describe_export(ExportArn=begun["ExportArn"])["ExportDescription"]["ExportStatus"], "COMPLETED")
    done = db.describe_export(ExportArn=begun["ExportArn"])["ExportDescription"]
    equal(done["ItemCount"], 300)
    summary = json.loads((buckets / "my-bucket" / done["ExportManifest"]).read_text())
    files = [json.loads(line) for line in (buckets / "my-bucket" / summary["manifestFilesS3Key"]).read_text().splitlines()]
    equal(sum(file["itemCount"] for file in files), 300)
    with gzip.open(buckets / "my-bucket" / files[0]["dataFileS3Key"], "rt") as lines:
        equal(sorted(json.loads(lines.readline())["Item"]), ["n", "pk", "room", "sk"])
    equal([listed["ExportArn"] for listed in db.list_exports(TableArn=arn)["ExportSummaries"]], [begun["ExportArn"]])
    parameters = {"TableName": made.name + "-in", "BillingMode": "PAY_PER_REQUEST",
                  "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                  "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ["pk", "sk"]]}
    folder = files[0]["dataFileS3Key"].rsplit("/", 1)[0]
    imported = db.import_table(S3BucketSource={"S3Bucket": "my-bucket", "S3KeyPrefix": folder}, InputFormat="DYNAMODB_JSON",
                               InputCompressionType="GZIP", TableCreationParameters=parameters)["ImportTableDescription"]
    wait(lambda: db.describe_import(ImportArn=imported["ImportArn"])["ImportTableDescription"]["ImportStatus"], "COMPLETED")
    active(made.name + "-in")
    equal(items(made.name + "-in"), items(made.name))
    equal(db.list_imports()["ImportSummaryList"][0]["ImportArn"], imported["ImportArn"])
    fails("ResourceInUseException", None, db.import_table, S3BucketSource={"S3Bucket": "my-bucket"}, InputFormat="CSV",
          TableCreationParameters=parameters)
    fails("ValidationException", None, export, ExportFormat="ION")


@check
def an_incremental_export_says_what_changed():
    made = filled(20)
    arn = db.describe_table(TableName=made.name)["Table"]["TableArn"]
    db.update_continuous_backups(TableName=made.name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    time.sleep(1.1)
    begin = int(time.time())
    change(made)
    made.put_item(Item={"pk": "short", "sk": "lived"})
    made.delete_item(Key={"pk": "short", "sk": "lived"})
    made.update_item(Key={"pk": "new", "sk": "1"}, UpdateExpression="SET later = :t", ExpressionAttributeValues={":t": True})
    time.sleep(1.1)
    end = int(time.time())
    made.put_item(Item={"pk": "too", "sk": "late"})
    begun = db.export_table_to_point_in_time(
        TableArn=arn, S3Bucket="my-bucket", S3Prefix="more", ExportType="INCREMENTAL_EXPORT",
        IncrementalExportSpecification={"ExportFromTime": begin, "ExportToTime": end})["ExportDescription"]
    wait(lambda: db.describe_export(ExportArn=begun["ExportArn"])["ExportDescription"]["ExportStatus"], "COMPLETED")
    done = db.describe_export(ExportArn=begun["ExportArn"])["ExportDescription"]
    equal(done["IncrementalExportSpecification"]["ExportViewType"], "NEW_AND_OLD_IMAGES")
    folder = (buckets / "my-bucket" / done["ExportManifest"]).parent / "data"
    lines = {}
    for file in folder.iterdir():
        with gzip.open(file, "rt") as text:
            for line in map(json.loads, text):
                lines[line["Keys"]["pk"]["S"]] = (line.get("OldImage", {}).get("n"), line.get("NewImage"))
    equal(lines, {"p0": ({"N": "0"}, None), "p1": ({"N": "1"}, {"pk": {"S": "p1"}, "sk": {"S": "00001"}, "n": {"N": "-1"}}),
                  "new": (None, {"pk": {"S": "new"}, "sk": {"S": "1"}, "later": {"BOOL": True}})})
    fails("ValidationException", None, db.export_table_to_point_in_time, TableArn=arn, S3Bucket="my-bucket",
          ExportType="INCREMENTAL_EXPORT")
    fails("InvalidExportTimeException", None, db.export_table_to_point_in_time, TableArn=arn, S3Bucket="my-bucket",
          ExportType="INCREMENTAL_EXPORT", IncrementalExportSpecification={"ExportFromTime": end, "ExportToTime": begin})


@check
def a_csv_file_becomes_a_table():
    folder = buckets / "sheets"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "people.csv", "w", newline="") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(["pk", "age", "said"])
        rows.writerow(["ann", "31", 'two; "quoted"\nlines'])
        rows.writerow(["bob", "not a number", "skipped"])
        rows.writerow(["cid", "", "no age, so no key"])
        rows.writerow(["dan", "4", ""])
    begun = db.import_table(
        S3BucketSource={"S3Bucket": "sheets", "S3KeyPrefix": "people"}, InputFormat="CSV",
        InputFormatOptions={"Csv": {"Delimiter": ";"}}, TableCreationParameters={
            "TableName": "people", "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "age", "KeyType": "RANGE"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"},
                                     {"AttributeName": "age", "AttributeType": "N"}]})["ImportTableDescription"]
    wait(lambda: db.describe_import(ImportArn=begun["ImportArn"])["ImportTableDescription"]["ImportStatus"], "COMPLETED")
    done = db.describe_import(ImportArn=begun["ImportArn"])["ImportTableDescription"]
    equal((done["ImportedItemCount"], done["ErrorCount"], done["ProcessedItemCount"]), (2, 2, 4))
    equal(items("people"), [{"pk": {"S": "ann"}, "age": {"N": "31"}, "said": {"S": 'two; "quoted"\nlines'}},
                            {"pk": {"S": "dan"}, "age": {"N": "4"}}])
    missing = db.import_table(S3BucketSource={"S3Bucket": "no-such-bucket"}, InputFormat="CSV", TableCreationParameters={
        "TableName": "nobody", "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}]})["ImportTableDescription"]
    wait(lambda: db.describe_import(ImportArn=missing["ImportArn"])["ImportTableDescription"]["ImportStatus"], "FAILED")


run()
