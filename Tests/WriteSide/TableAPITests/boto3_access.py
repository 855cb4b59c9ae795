"""Signatures, permissions and the rest of the protocol around them: botocore's signer, and one of this file's own."""

import datetime
import gzip
import hashlib
import hmac
import http.client
import json
import sys
import time
import urllib.parse
import zlib

import boto3

from boto3_kit import check, config, equal, run
from boto3_kit import fails as refuses

endpoint, keys_file = sys.argv[1], sys.argv[2]
host = endpoint.removeprefix("http://")


def write_keys(extra=""):
    with open(keys_file, "w") as file:
        file.write("""keys:
  - {id: ADMIN, secret: admin-secret, allow: [{tables: ["*"], access: [read, write, admin]}]}
  - {id: READER, secret: reader-secret, allow: [{tables: ["open-*", "exact"], access: [read]}]}
  - {id: GUEST, secret: guest-secret, session-token: guest-token, allow: [{tables: ["*"], access: [read, write]}]}
""" + extra)


def client(key, secret, token=None):
    return boto3.client("dynamodb", endpoint_url=endpoint, config=config, aws_access_key_id=key, aws_secret_access_key=secret,
                        aws_session_token=token, region_name="us-east-1")


admin = client("ADMIN", "admin-secret")
reader = client("READER", "reader-secret")


def make(name):
    admin.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                       AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])


write_keys()
for name in ["open-a", "exact", "closed"]:
    make(name)
deadline = time.time() + 20
while time.time() < deadline:
    try:
        reader.list_tables()
        break
    except Exception:
        time.sleep(0.1)


def sign(body, key="ADMIN", secret="admin-secret", at=0, service="dynamodb", region="eu-west-1", terminator="aws4_request",
         headers=None, signed=("content-type", "host", "x-amz-date", "x-amz-target"), scope_day=None, path="/"):
    """Headers of a request signed by Signature Version 4, each part as given."""
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=at)
    date = now.strftime("%Y%m%dT%H%M%SZ")
    day = scope_day or date[:8]
    sent = {"content-type": "application/x-amz-json-1.0", "host": host, "x-amz-date": date,
            "x-amz-target": "DynamoDB_20120810.ListTables", **(headers or {})}
    scope = f"{day}/{region}/{service}/{terminator}"
    canonical = "\n".join(["POST", path, "", *[f"{name}:{sent[name]}" for name in signed], "", ";".join(signed),
                           hashlib.sha256(body).hexdigest()])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signing = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        signing = hmac.new(signing, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(signing, to_sign.encode(), hashlib.sha256).hexdigest()
    sent["authorization"] = (f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={';'.join(signed)}, "
                             f"Signature={signature}")
    return sent


def post(body, headers, path="/", method="POST"):
    connection = http.client.HTTPConnection(host, timeout=20)
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


def error(answer):
    content = json.loads(answer[1])
    return content.get("__type", "no error").split("#")[-1], content.get("message", "")


def refused(code, start, body=b"{}", **more):
    found = error(post(body, sign(body, **more)))
    equal(found[0], code)
    assert found[1].startswith(start), found


@check
def right_signatures_are_taken():
    equal(sorted(admin.list_tables()["TableNames"]), ["closed", "exact", "open-a"])
    equal(post(b"{}", sign(b"{}"))[0].status, 200)
    equal(post(b"{}", sign(b"{}", at=-800))[0].status, 200)
    equal(post(b"{}", sign(b"{}", at=800))[0].status, 200)
    guest = client("GUEST", "guest-secret", "guest-token")
    equal(guest.get_item(TableName="open-a", Key={"pk": {"S": "none"}}).get("Item"), None)


@check
def wrong_signatures_are_refused_as_aws_does():
    mismatch = "The request signature we calculated does not match the signature you provided."
    refused("InvalidSignatureException", mismatch, secret="wrong")
    refused("UnrecognizedClientException", "The security token included in the request is invalid.", key="NOBODY")
    refused("InvalidSignatureException", "Signature expired: ", at=-1000)
    refused("InvalidSignatureException", "Signature not yet current: ", at=1000)
    refused("InvalidSignatureException", "Credential should be scoped to correct service: 'dynamodb'.", service="s3")
    refused("InvalidSignatureException", "Credential should be scoped with a valid terminator", terminator="aws5_request")
    refused("InvalidSignatureException", "Date in Credential scope does not match", scope_day="20200101")
    refused("InvalidSignatureException", "'Host' or ':authority' must be a 'SignedHeader'", signed=("content-type", "x-amz-date"))
    refused("UnrecognizedClientException", "The security token", key="GUEST", secret="guest-secret")
    headers = sign(b"{}")
    equal(error(post(b'{"Limit": 1}', headers)), ("InvalidSignatureException", error(post(b'{"Limit": 1}', headers))[1]))
    equal(error(post(b"{}", {**headers, "x-amz-target": "DynamoDB_20120810.DescribeLimits"}))[0], "InvalidSignatureException")
    del headers["authorization"]
    equal(error(post(b"{}", headers)), ("MissingAuthenticationTokenException", "Request is missing Authentication Token"))
    half = {**headers, "authorization": "AWS4-HMAC-SHA256 Credential=ADMIN/20260101/eu-west-1/dynamodb/aws4_request"}
    code, text = error(post(b"{}", half))
    equal(code, "IncompleteSignatureException")
    assert "'Signature'" in text and "'SignedHeaders'" in text, text
    for secret in ["admin-secret", "guest-token"]:
        assert secret not in text


def presign(body, key="ADMIN", secret="admin-secret", expires=60):
    """The query of a presigned request. (botocore's own signer moves a body into the query, which no JSON protocol takes.)"""
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{date[:8]}/us-east-1/dynamodb/aws4_request"
    query = urllib.parse.urlencode(sorted({
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{key}/{scope}", "X-Amz-Date": date,
        "X-Amz-Expires": str(expires), "X-Amz-SignedHeaders": "host;x-amz-target"}.items()), quote_via=urllib.parse.quote, safe="")
    canonical = "\n".join(["POST", "/", query, f"host:{host}", "x-amz-target:DynamoDB_20120810.ListTables", "",
                           "host;x-amz-target", hashlib.sha256(body).hexdigest()])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signing = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        signing = hmac.new(signing, part.encode(), hashlib.sha256).digest()
    return query + "&X-Amz-Signature=" + hmac.new(signing, to_sign.encode(), hashlib.sha256).hexdigest()


@check
def presigned_requests_are_taken_for_their_time():
    headers = {"x-amz-target": "DynamoDB_20120810.ListTables", "content-type": "application/x-amz-json-1.0", "host": host}
    query = presign(b"{}")
    equal(post(b"{}", headers, "/?" + query)[0].status, 200)
    equal(error(post(b'{"Limit":1}', headers, "/?" + query))[0], "InvalidSignatureException")
    equal(error(post(b"{}", headers, "/?" + query.replace("X-Amz-Expires=60", "X-Amz-Expires=61")))[0], "InvalidSignatureException")
    short = presign(b"{}", expires=1)
    time.sleep(2.1)
    code, text = error(post(b"{}", headers, "/?" + short))
    equal(code, "InvalidSignatureException")
    assert text.startswith("Signature expired: "), text
    equal(error(post(b"{}", headers, "/?" + presign(b"{}", secret="wrong")))[0], "InvalidSignatureException")


@check
def keys_do_what_they_may():
    reader.get_item(TableName="open-a", Key={"pk": {"S": "a"}})
    reader.get_item(TableName="exact", Key={"pk": {"S": "a"}})
    put = {"TableName": "open-a", "Item": {"pk": {"S": "a"}}}
    answer = refuses("AccessDeniedException", None, reader.put_item, **put)
    assert answer["Error"]["Message"].startswith("User: READER is not authorized to perform: dynamodb:PutItem on resource: "), answer
    refuses("AccessDeniedException", None, reader.get_item, TableName="closed", Key={"pk": {"S": "a"}})
    refuses("AccessDeniedException", None, reader.get_item, TableName="exactly", Key={"pk": {"S": "a"}})
    refuses("AccessDeniedException", None, reader.delete_table, TableName="open-a")
    refuses("AccessDeniedException", None, reader.batch_write_item, RequestItems={"open-a": [{"PutRequest": {"Item": put["Item"]}}]})
    refuses("AccessDeniedException", None, reader.transact_get_items, TransactItems=[
        {"Get": {"TableName": name, "Key": {"pk": {"S": "a"}}}} for name in ["open-a", "closed"]])
    equal(reader.execute_statement(Statement='SELECT * FROM "open-a"')["Items"], [])
    refuses("AccessDeniedException", None, reader.execute_statement, Statement="INSERT INTO \"open-a\" VALUE {'pk': 'a'}")
    refuses("AccessDeniedException", None, reader.create_table, TableName="open-b", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])
    equal(reader.list_tables()["TableNames"], ["exact", "open-a"])


@check
def our_own_operations_ask_for_permission_too():
    def own(operation, body, **more):
        text = json.dumps(body).encode()
        return error(post(text, sign(text, headers={"x-amz-target": f"Afterimage_20261121.{operation}"}, **more)))
    as_reader = {"key": "READER", "secret": "reader-secret"}
    equal(own("ReadLog", {"TableName": "open-a"}, **as_reader)[0], "no error")
    for operation, body in [
        ("ReadLog", {"TableName": "closed"}), ("FollowLog", {"TableName": "closed"}), ("VerifyTable", {"TableName": "closed"}),
        ("SetTableClock", {"TableName": "open-a", "Clock": "live"}), ("AcceptClockJump", {}),
        ("ExpireItem", {"TableName": "open-a", "Key": {"pk": {"S": "a"}}, "Seen": {}}),
    ]:
        equal((operation, own(operation, body, **as_reader)[0]), (operation, "AccessDeniedException"))
    body = b"{}"
    answer, content = post(body, sign(body, headers={"x-amz-target": "Afterimage_20261121.DescribeServer"}, **as_reader))
    equal(sorted(listed["TableName"] for listed in json.loads(content)["Tables"]), ["exact", "open-a"])
    text = json.dumps({"TableName": "closed"}).encode()
    _, content = post(text, sign(text, headers={"x-amz-target": "Afterimage_20261121.FollowLog"}))
    stolen = {"TableName": "open-a", "TableId": json.loads(content)["TableId"], "Partition": 0, "After": "0", "Limit": 10,
              "Bytes": 1000}
    text = json.dumps(stolen).encode()
    _, content = post(text, sign(text, headers={"x-amz-target": "Afterimage_20261121.FollowLog"}, **as_reader))
    assert "Error" in json.loads(content), content


@check
def a_changed_file_of_keys_is_read_again():
    late = client("LATE", "late-secret")
    refuses("UnrecognizedClientException", None, late.list_tables)
    write_keys("  - {id: LATE, secret: late-secret, allow: [{tables: ['*'], access: [read]}]}\n")
    deadline = time.time() + 20
    while True:
        try:
            late.list_tables()
            break
        except Exception:
            assert time.time() < deadline
            time.sleep(0.1)
    with open(keys_file, "a") as file:
        file.write("  - nonsense\n")
    time.sleep(1)
    late.list_tables()
    write_keys()
    while True:
        try:
            late.list_tables()
            assert time.time() < deadline
            time.sleep(0.1)
        except Exception as caught:
            assert "UnrecognizedClientException" in str(caught), caught
            break


@check
def bodies_may_be_compressed_both_ways():
    body = gzip.compress(json.dumps({"TableName": "closed", "Item": {"pk": {"S": "big"}, "text": {"S": "long " * 1000}}}).encode())
    headers = {"content-encoding": "gzip", "x-amz-target": "DynamoDB_20120810.PutItem"}
    equal(post(body, sign(body, headers=headers))[0].status, 200)
    body = json.dumps({"TableName": "closed", "Key": {"pk": {"S": "big"}}}).encode()
    answer, content = post(body, sign(body, headers={"accept-encoding": "gzip", "x-amz-target": "DynamoDB_20120810.GetItem"}))
    equal(answer.getheader("content-encoding"), "gzip")
    assert len(content) < 500
    equal(answer.getheader("x-amz-crc32"), str(zlib.crc32(content)))
    equal(json.loads(gzip.decompress(content))["Item"]["text"]["S"], "long " * 1000)
    unpacked = {None: bytes, "gzip": gzip.decompress, "deflate": zlib.decompress}
    for accepted, coding in [("gzip;q=0", None), ("deflate", "deflate"), ("deflate, gzip", "deflate"), ("gzip, deflate", "gzip"),
                             ("gzip;q=0.4, deflate ; q=0.5", "deflate"), ("br, x", None), ("identity, gzip;q=0.5", None)]:
        answer, content = post(body, sign(body, headers={"accept-encoding": accepted, "x-amz-target": "DynamoDB_20120810.GetItem"}))
        equal((accepted, answer.getheader("content-encoding")), (accepted, coding))
        equal(answer.getheader("x-amz-crc32"), str(zlib.crc32(content)))
        equal(json.loads(unpacked[coding](content))["Item"]["text"]["S"], "long " * 1000)


@check
def answers_under_four_kilobytes_are_not_compressed():
    for size, coding in [(4096 - 1, None), (4096, "gzip")]:
        text = "x" * (size - len('{"Item":{"pk":{"S":"size"},"text":{"S":""}}}'))
        body = json.dumps({"TableName": "closed", "Item": {"pk": {"S": "size"}, "text": {"S": text}}}).encode()
        equal(post(body, sign(body, headers={"x-amz-target": "DynamoDB_20120810.PutItem"}))[0].status, 200)
        body = json.dumps({"TableName": "closed", "Key": {"pk": {"S": "size"}}}).encode()
        answer, content = post(body, sign(body, headers={"accept-encoding": "gzip", "x-amz-target": "DynamoDB_20120810.GetItem"}))
        equal((size, answer.getheader("content-encoding")), (size, coding))
        equal(len(gzip.decompress(content) if coding else content), size)


@check
def bodies_come_in_deflate_and_in_several_members_of_gzip():
    plain = json.dumps({"TableName": "closed", "Key": {"pk": {"S": "big"}}}).encode()
    for coding, body in [("deflate", zlib.compress(plain)), ("gzip", gzip.compress(plain[:20]) + gzip.compress(plain[20:]))]:
        answer, content = post(body, sign(body, headers={"content-encoding": coding, "x-amz-target": "DynamoDB_20120810.GetItem"}))
        equal((coding, answer.status, b"long long" in content), (coding, 200, True))
    for coding, body in [("deflate", b"x"), ("deflate", zlib.compress(plain) + b"x"), ("gzip", gzip.compress(plain) + b"x")]:
        answer, content = post(body, sign(body, headers={"content-encoding": coding, "x-amz-target": "DynamoDB_20120810.GetItem"}))
        equal((answer.status, content.strip()), (400, f"The body is not {coding}.".encode()))


@check
def a_signature_has_its_parts_apart_by_commas_or_blanks():
    signed = sign(b"{}")
    name = next(name for name in signed if name.lower() == "authorization")
    for separator in [", ", ",", " ", "  ,  "]:
        answer, content = post(b"{}", {**signed, name: signed[name].replace(", ", separator)})
        equal((separator, answer.status, content[:14]), (separator, 200, b'{"TableNames":'))


@check
def content_types_are_read_leniently():
    signed = ("host", "x-amz-date", "x-amz-target")
    for given in ["application/x-amz-json-1.0", "  application/x-amz-json-1.0 ; charset=utf-8", "application/json ;x"]:
        equal((given, post(b"{}", sign(b"{}", headers={"content-type": given}, signed=signed))[0].status), (given, 200))
    for given in ["text/plain", ""]:
        answer, content = post(b"{}", sign(b"{}", headers={"content-type": given}, signed=signed))
        equal((answer.status, json.loads(content)), (404, {"__type": "com.amazon.coral.service#UnknownOperationException"}))


@check
def browsers_and_balancers_are_answered():
    answer, content = post(b"", {"Origin": "https://example.com", "Access-Control-Request-Method": "POST",
                                 "Access-Control-Request-Headers": "authorization,x-amz-target"}, method="OPTIONS")
    equal((answer.status, content), (200, b""))
    equal(answer.getheader("access-control-allow-origin"), "*")
    equal(answer.getheader("access-control-allow-headers"), "authorization,x-amz-target")
    equal(answer.getheader("access-control-allow-methods"), "POST")
    answer, content = post(b"", {"Origin": "https://example.com"}, method="OPTIONS")
    equal((answer.getheader("access-control-allow-origin"), answer.getheader("access-control-allow-methods"),
           answer.getheader("access-control-allow-headers")), ("*", None, None))
    answer, content = post(b"", {"Access-Control-Request-Method": "POST"}, method="OPTIONS")
    equal([name for name, _ in answer.getheaders() if name.lower().startswith("access-control")], [])
    answer, _ = post(b"{}", sign(b"{}"))
    equal((answer.getheader("server"), [name for name, _ in answer.getheaders() if name.lower().startswith("access-control")]),
          ("Server", []))
    answer, _ = post(b"{}", {**sign(b"{}"), "Origin": "https://example.com"})
    equal((answer.status, answer.getheader("access-control-allow-origin")), (200, "*"))
    answer, content = post(None, {}, method="HEAD")
    equal((answer.status, content), (200, b""))
    answer, content = post(None, {}, method="GET")
    equal((answer.status, content.strip()), (200, f"healthy: {host}".encode()))


run()
