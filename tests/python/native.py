#!/usr/bin/env python3
"""Reads and writes the native format, from its description alone and without this crate.

    value    0xA1 | flags (1) | key id (4) | nonce (12) | ciphertext | tag (16)
    text     "de1." | base64url of the same bytes, without padding
    AAD      the 6 bytes before the nonce | LABEL, if flag 0x01 is set
    key      HKDF-SHA256(root, no salt, info = "diesel-envelope v1 key aes-256-gcm-siv"), AES-256-GCM-SIV (RFC 8452)
    key id   HKDF-SHA256(root, info = "diesel-envelope v1 key id aes-256-gcm-siv"), 4 bytes
    padding  if flag 0x02 is set: 0x80, then 0x00 up to the padded length
    index    HMAC-SHA256(HKDF-SHA256(index root, info = "diesel-envelope v1 index"), u16be(len(LABEL)) | LABEL | value)

The request is on standard input, the answer on standard output, both in JSON:

    {"document": {…}, "open": [{"label": …, "value": hex or text}], "seal": [{"label": …, "plaintext": …, "pad_to": n}],
     "index": [{"label": …, "value": …, "bits": n}]}
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import unicodedata

from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

BOUND, PADDED = 0x01, 0x02


def derive(root, info, length=32):
    return HKDF(SHA256(), length, salt=None, info=info.encode()).derive(root)


def roots(entries, info):
    """Returns the roots of a document by id, and checks that each id equals the one derived from its root."""
    by_id = {}
    for entry in entries:
        root = base64.urlsafe_b64decode(entry["key"])
        assert derive(root, info, 4).hex() == entry["id"], entry["id"]
        by_id[entry["id"]] = root
    return by_id


def aead(root):
    return AESGCMSIV(derive(root, "diesel-envelope v1 key aes-256-gcm-siv"))


def to_bytes(value):
    if value.startswith("de1."):
        text = value.removeprefix("de1.")
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return bytes.fromhex(value)


def open_value(keys, label, value):
    value = to_bytes(value)
    version, flags, key_id = value[0], value[1], value[2:6].hex()
    assert version == 0xA1 and flags & ~(BOUND | PADDED) == 0
    aad = value[:6] + (label.encode() if flags & BOUND else b"")
    plaintext = aead(keys[key_id]).decrypt(value[6:18], value[18:], aad)
    if flags & PADDED:
        plaintext = plaintext.rstrip(b"\x00")
        assert plaintext.endswith(b"\x80")
        plaintext = plaintext[:-1]
    return plaintext.decode()


def seal_value(keys, primary, label, plaintext, pad_to):
    plaintext = plaintext.encode()
    flags = BOUND if label else 0
    if pad_to > 1:
        flags |= PADDED
        plaintext += b"\x80"
        plaintext += bytes(-len(plaintext) % pad_to)
    header, nonce = bytes([0xA1, flags]) + bytes.fromhex(primary), os.urandom(12)
    return (header + nonce + aead(keys[primary]).encrypt(nonce, plaintext, header + label.encode())).hex()


def caseless(value):
    """Trims, case folds and composes. Python's Unicode tables are older than the crate's, but equal for common letters."""
    folded = unicodedata.normalize("NFD", value.strip()).casefold()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", folded))


def blind_index(root, label, value, bits):
    label = label.encode()
    message = len(label).to_bytes(2, "big") + label + caseless(value).encode()
    digest = hmac.new(derive(root, "diesel-envelope v1 index"), message, hashlib.sha256).digest()
    digest = int.from_bytes(digest, "big") >> (256 - bits) << (-bits % 8)
    return digest.to_bytes((bits + 7) // 8, "big").hex()


if __name__ == "__main__":
    request = json.load(sys.stdin)
    document = request["document"]
    keys = roots(document["keys"], "diesel-envelope v1 key id aes-256-gcm-siv")
    index_keys = roots(document["index_keys"], "diesel-envelope v1 key id index")
    answer = {
        "open": [open_value(keys, **one) for one in request["open"]],
        "seal": [seal_value(keys, document["primary"], **one) for one in request["seal"]],
        "index": [blind_index(index_keys[document["index_primary"]], **one) for one in request["index"]],
    }
    json.dump(answer, sys.stdout)
