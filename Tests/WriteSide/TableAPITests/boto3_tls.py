"""A server that speaks TLS: its certificate's name, and boto3 that verifies it."""

import socket
import ssl
import sys

import boto3
from botocore.config import Config

endpoint, certificate, name = sys.argv[1:]
address = endpoint.removeprefix("https://").split(":")
context = ssl.create_default_context(cafile=certificate)
with socket.create_connection((address[0], int(address[1])), timeout=20) as plain:
    with context.wrap_socket(plain, server_hostname=address[0]) as secure:
        subject = dict(pair for part in secure.getpeercert()["subject"] for pair in part)
        assert subject["commonName"] == name, subject
        assert secure.version() in ("TLSv1.2", "TLSv1.3"), secure.version()
db = boto3.client("dynamodb", endpoint_url=endpoint, verify=certificate, config=Config(retries={"max_attempts": 0}))
assert db.list_tables()["TableNames"] == []
