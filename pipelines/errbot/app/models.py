"""What the bot does with Afterimage: it asks named queries, and writes all or nothing."""

import hashlib
import json
import urllib.error
import urllib.parse
import urllib.request

import boto3


class Reply(Exception):
    """What is said instead, where something cannot be done."""


class Refused(Exception):
    """An answer other than 200: its status, and its message."""


def step(verb, table, key, refusal=None, **more):
    """An action of a write. Where its condition does not hold, `refusal` is called with the item that is there, as texts, and what it returns is said; None: all
    of it was written before."""
    return {verb: {"TableName": table, "Key": key, "ReturnValuesOnConditionCheckFailure": "ALL_OLD", **more}}, refusal


def new(table, key, refusal, **more):
    """A new item: nothing has its key yet."""
    condition = f"attribute_not_exists({list(key)[-1]})"
    return {"Put": {"TableName": table, "Item": {**key, **more}, "ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}, refusal


class Models:
    def __init__(self, tables, queries):
        self.db = boto3.resource("dynamodb", endpoint_url=tables).meta.client           # that of a resource takes plain values
        self.queries = f"{queries}/v1/pipelines/errbot/queries"

    def ask(self, query, **parameters):
        """The rows of a named query, or its one row or None."""
        try:
            with urllib.request.urlopen(f"{self.queries}/{query}?{urllib.parse.urlencode(parameters)}", timeout=15) as answer:
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            found = json.load(error)
            if found["error"] != "NoRow":
                raise Refused(422 if error.code == 400 else 503, found["message"]) from None
        return [dict(zip(found["columns"], row)) for row in found["rows"]] if "rows" in found else found.get("row")

    def write(self, name, *steps):
        """Writes all steps or none of them, and returns when the rows hold them. The same steps under the same name are written once within ten minutes."""
        actions = [action for action, _ in steps]
        token = hashlib.sha256(f"{name}{json.dumps(actions)}".encode()).hexdigest()[:36]
        try:
            answer = self.db.transact_write_items(TransactItems=actions, ClientRequestToken=token)
        except self.db.exceptions.TransactionCanceledException as error:
            for reason, (_, refusal) in zip(error.response["CancellationReasons"], steps):
                if reason["Code"] == "ConditionalCheckFailed":
                    if said := refusal({name: next(iter(value.values())) for name, value in reason.get("Item", {}).items()}):
                        raise Reply(said) from None
                    return
                if reason["Code"] == "ValidationError":
                    raise Refused(422, reason["Message"]) from None
            raise
        if position := answer["ResponseMetadata"]["HTTPHeaders"].get("x-afterimage-position"):
            self.ask("seen", at_least=position)
