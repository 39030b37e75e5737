#!/usr/bin/env python3
"""Runs moto's server, with answers of KMS that moto 5.2.5 does not give, and with keys that survive a restart.

    moto_strict.py -H 127.0.0.1 -p 5000          with the options of moto_server

Plain moto still uses a disabled key. It answers AccessDenied if AWS answers IncorrectKey or InvalidCiphertext. It does not
distinguish {"ab": "c"} from {"a": "bc"} in an encryption context. The keys of keys.json have fixed ids and fixed material.
So the blobs in the repository, which were wrapped under these keys once, still unwrap.
"""

import base64
import json
import pathlib
import re
import sys

from moto.core.exceptions import JsonRESTError
from moto.kms import models, responses, utils
from moto.server import main

ACCOUNT = "123456789012"
SYMMETRIC = "SYMMETRIC_DEFAULT"
KEY_ID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# AWS KMS API reference, Decrypt: CiphertextBlob.
LARGEST_BLOB = 6144


def patched(owner, name):
    """Replaces a method with a function that receives the original method as its first argument."""

    def patch(replacement):
        original = getattr(owner, name)
        setattr(owner, name, lambda *args, **kwargs: replacement(original, *args, **kwargs))
        return replacement

    return patch


@patched(models, "generate_private_key")
def no_rsa_for_symmetric_keys(original, key_spec):
    """Saves the 140 ms in which each CreateKey makes an unused RSA key."""
    return None if key_spec == SYMMETRIC else original(key_spec)


@patched(utils, "_serialize_encryption_context")
def unambiguous_context(_, encryption_context):
    return json.dumps(sorted((encryption_context or {}).items())).encode()


def check_usable(key):
    if key.key_state == "Disabled":
        raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
    if key.key_state == "PendingDeletion":
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if (key.key_usage or "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT":
        raise JsonRESTError("InvalidKeyUsageException", f"{key.arn} key usage is {key.key_usage}.")


@patched(models.KmsBackend, "encrypt")
def encrypt_with_a_usable_key(original, backend, key_id, plaintext, encryption_context):
    key = backend.keys.get(backend.any_id_to_key_id(key_id))
    if key:
        check_usable(key)
    return original(backend, key_id, plaintext, encryption_context)


@patched(models.KmsBackend, "decrypt")
def decrypt_with_the_right_key(original, backend, ciphertext_blob, encryption_context, key_id=None):
    if len(ciphertext_blob) > LARGEST_BLOB:
        raise JsonRESTError("ValidationException", f"Value at 'ciphertextBlob' must have at most {LARGEST_BLOB} bytes")
    named = bytes(ciphertext_blob[: utils.KEY_ID_LEN])
    if len(ciphertext_blob) <= utils.HEADER_LEN or not KEY_ID.fullmatch(named):
        raise utils.InvalidCiphertextException()
    if key_id and backend.any_id_to_key_id(key_id) != named.decode():
        raise JsonRESTError(
            "IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation."
        )
    key = backend.keys.get(named.decode())
    if key:
        check_usable(key)
    return original(backend, ciphertext_blob, encryption_context, key_id)


@patched(models.KmsBackend, "disable_key")
def disable_by_id_or_arn(original, backend, key_id):
    return original(backend, backend.get_key_id(key_id))


@patched(models.KmsBackend, "enable_key")
def enable_by_id_or_arn(original, backend, key_id):
    return original(backend, backend.get_key_id(key_id))


def tell_the_algorithm(original, response):
    return json.dumps({**json.loads(original(response)), "EncryptionAlgorithm": SYMMETRIC})


for operation in ("encrypt", "decrypt"):
    patched(responses.KmsResponse, operation)(tell_the_algorithm)


def seed(region, id, alias, material):
    backend = models.kms_backends[ACCOUNT][region]
    key = models.Key(None, "ENCRYPT_DECRYPT", SYMMETRIC, "seeded", ACCOUNT, region)
    key.id = id
    key.arn = f"arn:aws:kms:{region}:{ACCOUNT}:key/{id}"
    key.key_material = base64.b64decode(material)
    if len(key.key_material) != utils.MASTER_KEY_LEN:
        raise ValueError(f"key {id}: expected {utils.MASTER_KEY_LEN} bytes of material, found {len(key.key_material)}")
    backend.keys[id] = key
    backend.create_alias(id, alias)


if __name__ == "__main__":
    for entry in json.loads(pathlib.Path(__file__).with_name("keys.json").read_text()):
        seed(**entry)
    main(sys.argv[1:])
