#!/usr/bin/env python3
"""Makes KMS keys that cannot be used, each with a blob from before, and prints JSON: {state: "kms:<arn>:<blob>"}.

    unusable_keys.py PLAINTEXT
"""

import base64
import json
import sys

import boto3

CONTEXT = {"diesel-envelope": "keyring-v1"}


def unusable(client, plaintext, change):
    key = client.create_key()["KeyMetadata"]
    blob = client.encrypt(KeyId=key["Arn"], Plaintext=plaintext, EncryptionContext=CONTEXT)["CiphertextBlob"]
    change(key["KeyId"])
    return f"kms:{key['Arn']}:{base64.b64encode(blob).decode()}"


if __name__ == "__main__":
    client, plaintext = boto3.client("kms", "ca-central-1"), sys.argv[1].encode()
    keys = {
        "disabled": unusable(client, plaintext, lambda key: client.disable_key(KeyId=key)),
        "pending_deletion": unusable(client, plaintext, lambda key: client.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)),
    }
    json.dump(keys, sys.stdout)
