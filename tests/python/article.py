#!/usr/bin/env python3
"""An existing application, with Fernet tokens in its tables and a SECRET_KEY that KMS wraps.

    article.py wrap KEY ALPHABET     print a new SECRET_KEY wrapped by KMS, and tokens under it, as JSON
    article.py read                  unwrap $SECRET_KEY and decrypt the tokens of standard input, one on each line

boto3 reads the endpoint and the credentials from the environment.
"""

import base64
import json
import os
import sys
import time

import boto3
from cryptography.fernet import Fernet, MultiFernet

REGION = "ca-central-1"
PLAINTEXTS = ["Bobby Tables", "", "Zoë Ångström, 東京 \U0001f5dd", "0123456789abcdef", "x" * 5000]


def new_secret_key(alphabet):
    root = os.urandom(32)
    encode = {"standard": base64.b64encode, "url-safe": base64.urlsafe_b64encode}[alphabet]
    return encode(root).decode()


def wrap(key_id, alphabet):
    secret_key = new_secret_key(alphabet)

    client = boto3.client("kms", REGION)
    response = client.encrypt(KeyId=key_id, Plaintext=secret_key.encode())
    encoded = base64.b64encode(response["CiphertextBlob"])

    f = Fernet(secret_key)
    tokens = [(text, f.encrypt(text.encode()).decode()) for text in PLAINTEXTS]
    tomorrow = int(time.time()) + 86_400
    tokens.append(("from a host whose clock is ahead", f.encrypt_at_time(b"from a host whose clock is ahead", tomorrow).decode()))
    return {"secret_key": encoded.decode(), "unwrapped": secret_key, "tokens": tokens}


def read(tokens):
    client = boto3.client("kms", REGION)
    encrypted = base64.b64decode(os.environ["SECRET_KEY"].encode())
    response = client.decrypt(CiphertextBlob=encrypted)
    f = MultiFernet([Fernet(key) for key in response["Plaintext"].decode().split(",")])
    return [f.decrypt(token.encode()).decode() for token in tokens]


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    answer = wrap(*arguments) if command == "wrap" else read(sys.stdin.read().splitlines())
    json.dump(answer, sys.stdout)
