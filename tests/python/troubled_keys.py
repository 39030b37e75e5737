#!/usr/bin/env python3
"""KMS keys in trouble, each with a blob from better days, as JSON: {state: {"arn": …, "blob": …}}.

    troubled_keys.py PLAINTEXT
"""

import base64
import json
import sys

import boto3

CONTEXT = {"diesel-envelope": "keyring-v1"}


def troubled(client, plaintext, trouble):
    arn = client.create_key()["KeyMetadata"]["Arn"]
    blob = client.encrypt(KeyId=arn, Plaintext=plaintext, EncryptionContext=CONTEXT)["CiphertextBlob"]
    trouble(arn)
    return {"arn": arn, "blob": base64.b64encode(blob).decode()}


if __name__ == "__main__":
    client, plaintext = boto3.client("kms", "ca-central-1"), sys.argv[1].encode()
    keys = {
        "disabled": troubled(client, plaintext, lambda arn: client.disable_key(KeyId=arn)),
        "pending deletion": troubled(client, plaintext, lambda arn: client.schedule_key_deletion(KeyId=arn.rsplit("/")[-1], PendingWindowInDays=7)),
        "signing": {"arn": client.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]["Arn"], "blob": None},
    }
    json.dump(keys, sys.stdout)
