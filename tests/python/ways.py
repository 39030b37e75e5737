#!/usr/bin/env python3
"""The other ways in which an application uses KMS: a call for each value, a data key for each row, a parameter of SSM.

    ways.py write PARAMETER KEY    encrypt a value in each way, and print the columns as JSON
    ways.py read PARAMETER         decrypt the columns of such JSON on standard input

boto3 reads the endpoint and the credentials from the environment.
"""

import base64
import json
import os
import sys

import boto3
from cryptography.fernet import Fernet

REGION = "ca-central-1"


def write(parameter, key_id):
    kms, ssm = boto3.client("kms", REGION), boto3.client("ssm", REGION)

    value = base64.b64encode(kms.encrypt(KeyId=key_id, Plaintext=b"Bobby Tables")["CiphertextBlob"])

    response = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")
    plain_data_key = base64.b64encode(response["Plaintext"])
    encrypted_data_key = base64.b64encode(response["CiphertextBlob"])
    name = Fernet(plain_data_key).encrypt(b"Bobby Tables")

    secret_key = base64.urlsafe_b64encode(os.urandom(32)).decode()
    ssm.put_parameter(Name=parameter, Type="SecureString", Value=secret_key, Overwrite=True)
    token = Fernet(secret_key).encrypt(b"Bobby Tables")
    return {"value": value.decode(), "name": name.decode(), "data_key": encrypted_data_key.decode(), "token": token.decode()}


def read(parameter, columns):
    kms, ssm = boto3.client("kms", REGION), boto3.client("ssm", REGION)
    value = kms.decrypt(CiphertextBlob=base64.b64decode(columns["value"]))["Plaintext"]

    data_key = base64.b64encode(kms.decrypt(CiphertextBlob=base64.b64decode(columns["data_key"]))["Plaintext"])
    name = Fernet(data_key).decrypt(columns["name"].encode())

    response = ssm.get_parameter(Name=parameter, WithDecryption=True)
    token = Fernet(response["Parameter"]["Value"]).decrypt(columns["token"].encode())
    return {"value": value.decode(), "name": name.decode(), "token": token.decode()}


if __name__ == "__main__":
    command, parameter, *arguments = sys.argv[1:]
    json.dump(write(parameter, *arguments) if command == "write" else read(parameter, json.load(sys.stdin)), sys.stdout)
