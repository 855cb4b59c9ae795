"""PynamoDB, unmodified: models, conditions, indexes, batches, transactions, a version attribute, TTL."""

import datetime
import sys

from pynamodb.attributes import (ListAttribute, MapAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute, UnicodeSetAttribute,
                                 UTCDateTimeAttribute, VersionAttribute)
from pynamodb.connection import Connection
from pynamodb.exceptions import DoesNotExist, PutError, TransactWriteError, UpdateError
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection, LocalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactGet, TransactWrite

endpoint = sys.argv[1]


class ByAuthor(GlobalSecondaryIndex):
    class Meta:
        index_name = "by_author"
        projection = AllProjection()

    author = UnicodeAttribute(hash_key=True)
    views = NumberAttribute(range_key=True)


class ByViews(LocalSecondaryIndex):
    class Meta:
        index_name = "by_views"
        projection = KeysOnlyProjection()

    forum = UnicodeAttribute(hash_key=True)
    views = NumberAttribute(range_key=True)


class Thread(Model):
    class Meta:
        table_name = "pynamodb-threads"
        host = endpoint
        region = "us-east-1"
        billing_mode = "PAY_PER_REQUEST"

    forum = UnicodeAttribute(hash_key=True)
    subject = UnicodeAttribute(range_key=True)
    author = UnicodeAttribute()
    views = NumberAttribute(default=0)
    tags = UnicodeSetAttribute(null=True)
    replies = ListAttribute(default=list)
    details = MapAttribute(null=True)
    posted = UTCDateTimeAttribute(null=True)
    gone = TTLAttribute(null=True)
    version = VersionAttribute()
    by_author = ByAuthor()
    by_views = ByViews()


Thread.create_table(wait=True)
assert Thread.exists()
now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=5)
first = Thread("python", "first", author="ann", views=3, tags={"a", "b"}, replies=[1, "two"], details={"x": {"y": [True, None]}},
               posted=now, gone=datetime.timedelta(days=1))
first.save()
found = Thread.get("python", "first", consistent_read=True)
assert (found.views, found.tags, found.replies, found.posted, found.version) == (3, {"a", "b"}, [1, "two"], now, 1), found
assert found.details.as_dict() == {"x": {"y": [True, None]}}, found.details
try:
    Thread("python", "first", author="bob").save()
    raise AssertionError("a version that is not known was written over")
except PutError as error:
    assert error.cause_response_code == "ConditionalCheckFailedException", error
found.update(actions=[Thread.views.add(4), Thread.tags.delete({"a"}), Thread.replies.set(Thread.replies.append(["three"]))])
assert (found.views, found.tags, found.replies, found.version) == (7, {"b"}, [1, "two", "three"], 2), found.views
try:
    found.update(actions=[Thread.author.set("eve")], condition=(Thread.views > 100) | Thread.author.startswith("x"))
    raise AssertionError("a condition that is false was passed over")
except UpdateError as error:
    assert error.cause_response_code == "ConditionalCheckFailedException", error
with Thread.batch_write() as batch:
    for number in range(60):
        batch.save(Thread("swift", f"{number:02}", author=f"author{number % 2}", views=number))
assert Thread.count("swift") == 60
assert [item.subject for item in Thread.query("swift", Thread.subject.between("10", "13"))] == ["10", "11", "12", "13"]
assert len(list(Thread.query("swift", filter_condition=(Thread.views >= 50) & Thread.author.contains("1")))) == 5
assert [item.views for item in Thread.by_author.query("author0", Thread.views > 50, scan_index_forward=False)] == [58, 56, 54, 52]
assert len(list(Thread.by_views.query("swift", Thread.views < 5, page_size=2))) == 5
assert len(list(Thread.scan(page_size=7))) == 61
assert len(list(Thread.batch_get([("swift", f"{number:02}") for number in range(60)] + [("none", "none")]))) == 60
connection = Connection(region="us-east-1", host=endpoint)
with TransactWrite(connection=connection) as transaction:
    transaction.save(Thread("tx", "a", author="ann"))
    transaction.update(found, actions=[Thread.views.set(0)])
    transaction.condition_check(Thread, "swift", "01", condition=Thread.views == 1)
with TransactGet(connection=connection) as transaction:
    made = transaction.get(Thread, "tx", "a")
assert made.get().author == "ann"
try:
    with TransactWrite(connection=connection) as transaction:
        transaction.save(Thread("tx", "b", author="ann"))
        transaction.condition_check(Thread, "swift", "01", condition=Thread.views == 99)
    raise AssertionError("a transaction with a false condition went through")
except TransactWriteError as error:
    assert [reason and reason.code for reason in error.cancellation_reasons] == ["ConditionalCheckFailed", None], error.cancellation_reasons
found.refresh()
found.delete()
try:
    Thread.get("python", "first")
    raise AssertionError("a deleted item is there")
except DoesNotExist:
    pass
Thread.delete_table()
print("pynamodb ok")
