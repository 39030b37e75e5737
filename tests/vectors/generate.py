"""Makes the known-answer vectors for every byte format of diesel-envelope, from the description of the formats alone.

    pip install 'cryptography>=42'
    python generate.py

This script shares no code with the crate. AES-256-GCM-SIV, HKDF, HMAC and Fernet come from the package `cryptography`. The rest is
implemented here. Keys, nonces and dates are fixed, so a second run must change nothing.
"""

import base64
import datetime
import decimal
import json
import math
import pathlib
import struct
import uuid

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HERE = pathlib.Path(__file__).parent


def sha256(text):
    digest = hashes.Hash(hashes.SHA256())
    digest.update(text.encode())
    return digest.finalize()


def hkdf(root, info, length=32):
    return HKDF(hashes.SHA256(), length, None, info.encode()).derive(root)


def root(name):
    """Returns a root that anyone can compute again: these keys are public."""
    return sha256(f"diesel-envelope vectors, root {name}")


def nonce(name):
    return sha256(f"diesel-envelope vectors, nonce {name}")[:12]


def key_id(root, kind):
    return hkdf(root, f"diesel-envelope v1 key id {kind}", 4)


AES, FERNET, INDEX = "aes-256-gcm-siv", "fernet", "index"
ALGORITHM = {AES: "AES-256-GCM-SIV", FERNET: "Fernet"}

# -- native values

BOUND, PADDED, ROW_BOUND = 0x01, 0x02, 0x04


def seal(root, name, plaintext, label, pad_to, row=b""):
    """0xA1 | flags | key id | nonce | ciphertext | tag; `label` is None for an unbound value."""
    flags = BOUND * (label is not None) | PADDED * (pad_to > 1) | ROW_BOUND * (row != b"")
    header = bytes([0xA1, flags]) + key_id(root, AES)
    if pad_to > 1:
        plaintext += b"\x80"
        plaintext += b"\x00" * (-len(plaintext) % pad_to)
    aead = AESGCMSIV(hkdf(root, "diesel-envelope v1 key aes-256-gcm-siv"))
    sealed = aead.encrypt(nonce(name), plaintext, header + (label or "").encode() + row)
    return header + nonce(name) + sealed


def text_form(value):
    return "de1." + base64.urlsafe_b64encode(value).rstrip(b"=").decode()


LONG_LABEL = "a-label.of:255_bytes-" + "x" * 234
assert len(LONG_LABEL) == 255


def value_vectors():
    plaintexts = {
        "empty": b"",
        "one byte": b"a",
        "a name": "Bobby Tables".encode(),
        "UTF-8": "Żółć — 🦀".encode(),
        "15 bytes": b"fifteen bytes..",
        "16 bytes": b"sixteen bytes...",
        "ends like padding": b"ends\x80\x00\x00",
        "all byte values": bytes(range(256)),
        "long": b"0123456789abcdef" * 500,
    }
    places = [(None, 1), (None, 64), ("users.email", 1), ("users.name", 16), ("a", 2), ("people:iban-1", 17), (LONG_LABEL, 255), ("padded", 65536)]
    for label, pad_to in places:
        for what, plaintext in plaintexts.items():
            if pad_to == 65536 and what != "a name":
                continue
            for which in ("1", "2") if what == "a name" else ("1",):
                name = f"{what}, {'unbound' if label is None else label[:20]}, padded to {pad_to}, key {which}"
                value = seal(root(which), name, plaintext, label, pad_to)
                assert len(value) == 34 + (len(plaintext) if pad_to == 1 else (len(plaintext) // pad_to + 1) * pad_to)
                yield {"name": name, "root": root(which).hex(), "label": label, "pad_to": pad_to, "plaintext": plaintext.hex(),
                       "binary": value.hex(), "text": text_form(value)}


# -- native values that are bound to their row


def part(value):
    """A part of a row's key: u32be(length) | the encoding of the value."""
    if isinstance(value, (int, uuid.UUID)):
        value = str(value)
    if isinstance(value, str):
        value = value.encode()
    return struct.pack(">I", len(value)) + value


def row_bound_vectors():
    keys = {
        "an integer": [7],
        "a negative integer": [-9223372036854775808],
        "a large integer": [18446744073709551615],
        "text": ["acme"],
        "empty text": [""],
        "UTF-8": ["Żółć 🦀"],
        "bytes": [bytes(range(16))],
        "a UUID": [uuid.UUID("0191F3A8-7C5E-7B3A-9D2E-5F6A7B8C9D0E")],
        "text and an integer": ["acme", 7],
        "an integer and text": [7, "acme"],
        "parts that look alike": ["a", "b\x00\x00\x00\x01c"],
        "four parts": ["acme", 7, b"\x00\xff", uuid.UUID(int=1)],
        "long": ["x" * 1000, 7],
    }
    for label, pad_to in (("accounts.iban", 1), ("accounts.phone", 16), (LONG_LABEL, 2)):
        for what, parts in keys.items():
            for plaintext in (b"", b"Bobby Tables"):
                name = f"row {what}, {label[:20]}, {len(plaintext)} bytes"
                key = b"".join(part(value) for value in parts)
                value = seal(root("1"), name, plaintext, label, pad_to, b"\x00" + key)
                yield {"name": name, "root": root("1").hex(), "label": label, "pad_to": pad_to,
                       "parts": [part(value)[4:].hex() for value in parts], "key": key.hex(),
                       "plaintext": plaintext.hex(), "binary": value.hex(), "text": text_form(value)}


# -- plaintext encodings


def exponent(number):
    """Formats like Rust's `{:e}`: the shortest digits that parse to the same number, one before the point, and a bare exponent."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "inf" if number > 0 else "-inf"
    sign, digits, power = decimal.Decimal(repr(number)).as_tuple()
    digits = "".join(map(str, digits))
    power += len(digits) - 1
    digits = digits.rstrip("0") or "0"
    if digits == "0":
        power = 0
    return "-" * sign + digits[0] + ("." + digits[1:] if digits[1:] else "") + f"e{power}"


def single(number):
    return struct.unpack("f", struct.pack("f", number))[0]


def instant(text):
    """Formats UTC with nine digits. Python's datetime has six, so the last three are passed as text."""
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo:
        moment = moment.astimezone(datetime.timezone.utc)
    return moment.strftime("%Y").zfill(4) + moment.strftime("-%m-%dT%H:%M:%S.%f") + "000" + ("Z" if moment.tzinfo else "")


def plaintext_vectors():
    def case(type_, value, encoded, pad_to):
        encoded = encoded if isinstance(encoded, bytes) else encoded.encode()
        name = f"{type_} {value}"
        sealed = seal(root("1"), name, encoded, None, pad_to)
        return {"type": type_, "value": value, "encoded": encoded.hex(), "pad_to": pad_to, "binary": sealed.hex(), "text": text_form(sealed)}

    for text in ("", "a", "Bobby Tables", "é", "e\u0301", "line\nbreak\0"):
        yield case("String", text, text, 1)
        yield case("AsText<String>", text, text, 1)
    for value in (b"", b"\x00\xff\x80", bytes(range(256))):
        yield case("Vec<u8>", value.hex(), value, 1)
    yield case("[u8; 4]", "deadbeef", bytes.fromhex("deadbeef"), 1)
    yield case("[u8; 40]", "07" * 40, b"\x07" * 40, 1)
    for bits in (8, 16, 32, 64, 128):
        pad_to = 48 if bits == 128 else 24
        for value in (0, 1, 42, 2**bits - 1):
            yield case(f"u{bits}", str(value), "%d" % value, pad_to)
        for value in (0, -1, 100, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1):
            yield case(f"i{bits}", str(value), "%d" % value, pad_to)
    yield case("usize", "4096", "4096", 24)
    yield case("isize", "-4096", "-4096", 24)
    for value in (0.0, -0.0, 1.0, -1.5, 0.1, 100.0, 123456.789, 1e21, 5e-324, 1.7976931348623157e308, math.pi, math.nan, math.inf, -math.inf):
        yield case("f64", repr(value), exponent(value), 32)
    for value in (0.0, -0.0, 1.0, 0.1, -2.5, 16777216.0, 3.4028234663852886e38, 1e-45, math.nan, math.inf, -math.inf):
        yield case("f32", repr(value), exponent(single(value)), 32)
    for value in (True, False):
        yield case("bool", str(value).lower(), b"true" if value else b"false", 8)
    for day in ("2026-11-23", "0001-01-01", "9999-12-31", "2024-02-29"):
        encoded = datetime.date.fromisoformat(day).isoformat()
        yield case("chrono::NaiveDate", day, encoded, 1)
        yield case("time::Date", day, encoded, 1)
    for moment in ("2026-11-23T10:00:00+00:00", "2026-11-23T10:00:00.123456+02:00", "1969-12-31T23:59:59.999999+00:00", "9999-12-31T23:59:59+00:00"):
        yield case("chrono::DateTime<Utc>", moment, instant(moment), 1)
        yield case("time::OffsetDateTime", moment, instant(moment), 1)
    for moment in ("2026-11-23T10:00:00", "2026-11-23T10:00:00.000001", "0001-01-01T00:00:00"):
        yield case("chrono::NaiveDateTime", moment, instant(moment), 1)
        yield case("time::PrimitiveDateTime", moment, instant(moment), 1)
    for text in ("67E55044-10B1-426F-9247-BB680E5FE0C8", "00000000-0000-0000-0000-000000000000"):
        yield case("Uuid", text, str(uuid.UUID(text)), 1)
    for text in ("0", "-12.50", "1.000", "0.0000000000000000000000000001", "79228162514264337593543950335"):
        for type_ in ("rust_decimal::Decimal", "BigDecimal"):
            yield case(type_, text, format(decimal.Decimal(text), "f"), 32)
    with decimal.localcontext(prec=100):
        yield case("BigDecimal", "1e30", format(decimal.Decimal("1e30"), "f"), 32)
    for value in (None, True, 1, -1.5, "é \"quoted\"", [1, [2]], {"a": {"b": []}, "c": None}):
        encoded = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        yield case("serde_json::Value", json.dumps(value, indent=1), encoded, 1)
    yield case("Json<Vec<(u8, String)>>", '[ [1, "x"] ]', '[[1,"x"]]', 1)
    yield case("AsText<IpAddr>", "2001:db8::1", "2001:db8::1", 1)


def refused_vectors():
    """Encodings that decrypt but are not a valid value of the type."""
    refused = {
        "i64": ["", "+5", "007", "-0", " 5", "5 ", "5.0", "0x5", "1_000", "9223372036854775808", "٣"],
        "u8": ["-1", "256", "+1"],
        "i128": ["170141183460469231731687303715884105728"],
        "f64": ["0.1", "1E-1", "1e-01", "1.0e0", "nan", "+inf", "infinity", "", "1e999"],
        "f32": ["1.1e0", "1e300"],
        "bool": ["TRUE", "1", "t", "", "true "],
        "String": [b"\xff", b"\xed\xa0\x80", b"\xc0\x80"],
        "[u8; 4]": [b"abc", b"abcde", b""],
        "chrono::NaiveDate": ["2023-02-29", "2026-11-23Z", "20261123", "12026-11-23", ""],
        "time::Date": ["2023-02-29", "2026-11-23Z", "20261123", "12026-11-23", ""],
        "chrono::DateTime<Utc>": ["2026-11-23T10:00:00Z", "2026-11-23T10:00:00.000000000", "2026-11-23T12:00:00.000000000+02:00"],
        "time::OffsetDateTime": ["2026-11-23T10:00:00Z", "2026-11-23T10:00:00.000000000", "2026-11-23T12:00:00.000000000+02:00"],
        "Uuid": ["67E55044-10B1-426F-9247-BB680E5FE0C8", "67e5504410b1426f9247bb680e5fe0c8", ""],
        "rust_decimal::Decimal": ["1e5", "+1", "01", ".5", "5.", "NaN", ""],
        "BigDecimal": ["1e5", "+1", "01", ".5", "5.", "NaN", ""],
        "serde_json::Value": ["", "{", "nul", "1 2"],
        "Json<Vec<(u8, String)>>": ['[[300,"x"]]', "{}"],
        "AsText<IpAddr>": ["2001:db8::g", ""],
    }
    for type_, encodings in refused.items():
        for encoded in encodings:
            encoded = encoded if isinstance(encoded, bytes) else encoded.encode()
            sealed = seal(root("1"), f"refused {type_} {encoded!r}", encoded, None, 1)
            yield {"type": type_, "encoded": encoded.hex(), "binary": sealed.hex(), "text": text_form(sealed)}


# -- blind indexes


def digest(root, label, normalized, bits):
    mac = hmac.HMAC(hkdf(root, "diesel-envelope v1 index"), hashes.SHA256())
    mac.update(struct.pack(">H", len(label)) + label.encode() + normalized)
    number = int.from_bytes(mac.finalize(), "big") >> (256 - bits)
    length = (bits + 7) // 8
    return (number << (length * 8 - bits)).to_bytes(length, "big")


def compound(parts):
    return b"".join(b"\x00" if part is None else b"\x01" + struct.pack(">I", len(part)) + part for part in parts)


def index_vectors():
    for label, bits in [("users.email_index", 256), ("users.email_index", 12), ("a", 1), ("a", 7), ("a", 8), ("a", 255), (LONG_LABEL, 256), (LONG_LABEL, 64)]:
        for value in ("bobby@example.org", "", "x" * 1000, "żółć"):
            for which in ("index 1", "index 2"):
                yield {"root": root(which).hex(), "label": label, "bits": bits, "parts": [value.encode().hex()], "compound": False,
                       "digest": digest(root(which), label, value.encode(), bits).hex()}
    for parts in ([None], [b""], [b"ab", b"c"], [b"a", b"bc"], [b"abc", None], [None, b"abc"], [b"x" * 300, b"y"], []):
        yield {"root": root("index 1").hex(), "label": "people.born_index", "bits": 256, "compound": True,
               "parts": [part if part is None else part.hex() for part in parts],
               "digest": digest(root("index 1"), "people.born_index", compound(parts), 256).hex()}


# -- Fernet


def url(root):
    return base64.urlsafe_b64encode(root).decode()


def standard(root):
    return base64.b64encode(root).decode()


def fernet_token(root, name, plaintext, time):
    token = Fernet(url(root))._encrypt_from_parts(plaintext, time, nonce(name) + b"\0\0\0\0")
    assert Fernet(url(root)).decrypt(token) == plaintext
    return token.decode()


def fernet_vectors():
    for what, time in [("1970", 0), ("2001", 10**9), ("2100", 4102444800), ("year 9999", 253402300799), ("year 140000000000", 2**62)]:
        for plaintext in ("", "Bobby Tables", "żółć", "x" * 15, "x" * 16, "x" * 3000):
            for which in ("fernet 1", "fernet 2"):
                name = f"{what}, {len(plaintext.encode())} bytes, {which}"
                yield {"name": name, "root": root(which).hex(), "plaintext": plaintext, "token": fernet_token(root(which), name, plaintext.encode(), time)}


# -- keyrings


def keyring_vectors():
    def key(root, kind, encoding=url, **more):
        return {"id": key_id(root, kind).hex(), "algorithm": ALGORITHM[kind], "key": encoding(root), "created": "2026-11-23", **more}

    def index_key(root, name, encoding=url):
        return {"id": key_id(root, INDEX).hex(), "name": name, "key": encoding(root), "created": "2026-11-23"}

    def expected(name, document, primary, keys, index_primary, index_keys):
        """Returns the meaning of the document: ids, a value under each key, and the digests of one value, in the order of the document."""
        written = []
        for key_root, kind in keys:
            value = fernet_token(key_root, name, b"bobby", 1700000000) if kind == FERNET else seal(key_root, name, b"bobby", None, 1).hex()
            written.append({"id": key_id(key_root, kind).hex(), "algorithm": ALGORITHM[kind], "value": value})
        digests = [{"id": key_id(r, INDEX).hex(), "name": n, "digest": digest(r, "users.email_index", b"bobby@example.org", 256).hex()} for r, n in index_keys]
        return {"name": name, "document": document, "primary": key_id(*primary).hex(), "keys": written,
                "index_primary": index_primary and key_id(index_primary, INDEX).hex(), "index_keys": digests}

    # The base64 of these roots differs between the alphabets.
    f1, f2, f3 = (bytes([0xFB, 0xFF]) + root(f"keyring fernet {i}")[2:-1] + b"\xfe" for i in (1, 2, 3))
    a1, a2, i1, i2 = root("keyring aes 1"), root("keyring aes 2"), root("keyring index 1"), root("keyring index 2")
    # The first halves of Fernet keys must differ.
    assert len({r[:16] for r in (f1, f2, f3)}) == 3 and "-" in url(f1) + url(f2) and "+" in standard(f1) + standard(f2)

    def fernets(name, document, roots):
        named = [(r, key_id(r, INDEX).hex()) for r in roots]
        return expected(name, document, (roots[0], FERNET), [(r, FERNET) for r in roots], roots[-1], named)

    yield fernets("one Fernet key, URL-safe", url(f1), [f1])
    yield fernets("one Fernet key, standard alphabet", standard(f1), [f1])
    yield fernets("one Fernet key, trailing newline", url(f1) + "\n", [f1])
    yield fernets("two Fernet keys, comma", f"{url(f2)},{url(f1)}", [f2, f1])
    yield fernets("three Fernet keys, both alphabets, commas and white space", f" {url(f3)},\n{standard(f2)}\t{standard(f1)} ,\n", [f3, f2, f1])
    yield expected("JSON, one key", json.dumps({"version": 1, "primary": key_id(a1, AES).hex(), "keys": [key(a1, AES)]}), (a1, AES), [(a1, AES)], None, [])
    full = {
        "version": 1,
        "primary": key_id(a2, AES).hex(),
        "keys": [key(f1, FERNET, standard, comment="from the article"), key(a1, AES), key(a2, AES, lambda r: url(r).rstrip("="))],
        "index_primary": key_id(i2, INDEX).hex(),
        "index_keys": [index_key(i1, "a"), index_key(i2, "b", standard)],
    }
    roles = ((a2, AES), [(f1, FERNET), (a1, AES), (a2, AES)], i2, [(i1, "a"), (i2, "b")])
    yield expected("JSON, every field", json.dumps(full, indent=2), *roles)
    yield expected("JSON, fields in another order", "\n\t" + json.dumps(dict(reversed(full.items()))), *roles)
    both = {"version": 1, "primary": key_id(f1, FERNET).hex(), "keys": [key(f1, FERNET)], "index_primary": key_id(f1, INDEX).hex(), "index_keys": [index_key(f1, "a")]}
    yield expected("JSON, a Fernet key that is also an index key", json.dumps(both), (f1, FERNET), [(f1, FERNET)], f1, [(f1, "a")])


def key_id_vectors():
    for name in ("1", "2", "index 1", "fernet 1"):
        yield {"root": root(name).hex(), **{kind: key_id(root(name), kind).hex() for kind in (AES, FERNET, INDEX)}}
    for byte in (0x00, 0x01, 0xFF):
        yield {"root": f"{byte:02x}" * 32, **{kind: key_id(bytes([byte]) * 32, kind).hex() for kind in (AES, FERNET, INDEX)}}


# -- LocalKms


def local_kms_blob(root, name, plaintext, context):
    header = b"DEL1" + key_id(root, "local-kms")
    aad = header + struct.pack(">H", len(context))
    for key, value in sorted(context.items()):
        for part in (key.encode(), value.encode()):
            aad += struct.pack(">H", len(part)) + part
    return header + nonce(name) + AESGCMSIV(hkdf(root, "diesel-envelope v1 local-kms")).encrypt(nonce(name), plaintext, aad)


def local_kms_vectors():
    contexts = [
        {},
        {"diesel-envelope": "keyring-v1"},
        {"label": "users.email", "diesel-envelope": "value-v1"},
        {"b": "2", "a": "1", "é": "ü", "B": ""},
        {"long": "x" * 65535},
    ]
    for i, context in enumerate(contexts):
        for plaintext in (b"a", b"hunter2") if i else (b"a", bytes(range(256)) * 16):
            name = f"context {i}, {len(plaintext)} bytes"
            blob = local_kms_blob(root("local"), name, plaintext, context)
            # The test makes the long plaintext itself, to keep the file small.
            yield {"name": name, "key_file": url(root("local")) + "\n", "context": {k: v if len(v) < 1000 else f"{len(v)} x" for k, v in context.items()},
                   "plaintext": plaintext.hex(), "blob": blob.hex()}


def write(name, cases):
    cases = list(cases)
    lines = ",\n".join(json.dumps(case) for case in cases)
    (HERE / name).write_text(f"[\n{lines}\n]\n")
    print(len(cases), name)


write("values.json", value_vectors())
write("row_bound.json", row_bound_vectors())
write("plaintexts.json", plaintext_vectors())
write("refused.json", refused_vectors())
write("blind_indexes.json", index_vectors())
write("fernet.json", fernet_vectors())
write("keyrings.json", keyring_vectors())
write("key_ids.json", key_id_vectors())
write("local_kms.json", local_kms_vectors())
