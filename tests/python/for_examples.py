#!/usr/bin/env python3
"""Creates the AWS resources that the examples need: a KMS key, and a keyring in an SSM SecureString under it.

    for_examples.py < DOCUMENT     print their names as JSON

boto3 reads the endpoint, the region and the credentials from the environment.
"""

import json
import sys
import uuid

import boto3


def main():
    name = f"diesel-envelope-{uuid.uuid4()}"
    key = boto3.client("kms").create_key(Description="for the examples")["KeyMetadata"]
    boto3.client("kms").create_alias(AliasName=f"alias/{name}", TargetKeyId=key["KeyId"])
    parameter = f"/{name}/keyring"
    boto3.client("ssm").put_parameter(Name=parameter, Value=sys.stdin.read(), Type="SecureString", KeyId=key["KeyId"])
    return {"alias": f"alias/{name}", "arn": key["Arn"], "parameter": parameter}


if __name__ == "__main__":
    json.dump(main(), sys.stdout)
