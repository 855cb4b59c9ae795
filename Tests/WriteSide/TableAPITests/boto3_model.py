"""Every member that AWS's service models require is missed when it is not there."""

import http.client
import json
import sys

import boto3

from boto3_kit import check, run


def refusal(target):
    """The code and the text with which an operation refuses a request without members."""
    connection = http.client.HTTPConnection(sys.argv[1].removeprefix("http://"), timeout=20)
    connection.request("POST", "/", body=b"{}", headers={
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target, "X-Amz-Date": "20260101T000000Z",
        "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00"})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    assert answer.status == 400, f"{target}: {answer.status} {body}"
    return body["__type"].rsplit("#")[-1], body.get("message", "")


@check
def required_members_are_missed():
    seen = 0
    for service in ["dynamodb", "dynamodbstreams"]:
        model = boto3.client(service).meta.service_model
        for operation in model.operation_names:
            required = model.operation_model(operation).input_shape.required_members
            if not required:
                continue
            code, message = refusal(f"{model.metadata['targetPrefix']}.{operation}")
            if code == "UnknownOperationException":
                continue
            assert code == "ValidationException", f"{operation}: {code} {message}"
            if message == "The parameter 'TableName' is required but was not present in the request":
                # It is looked at before the others.
                assert "TableName" in required
                continue
            for member in required:
                name = member[0].lower() + member[1:]
                assert f"Value null at '{name}' failed to satisfy constraint: Member must not be null" in message, (
                    f"{operation} does not miss {member}: {message}")
            seen += 1
    assert seen > 30, seen


run()
