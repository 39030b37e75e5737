"""Makes the known-answer vectors of search tokens, from the description of the format alone.

    pip install 'cryptography>=42' unicodedata2==16.0.0 uniseg==0.10.1
    python search_tokens.py

This script shares no code with the crate. HMAC and HKDF come from the package `cryptography`, normalisation from `unicodedata2`, and the
word boundaries of UAX #29 from `uniseg`. The rest is implemented here. The case folding is that of Python, and every character of these
strings has the same folding and the same boundaries in Unicode 14.0 to 17.0. Strings are drawn with a fixed seed, so a second run must
change nothing.
"""

import hashlib
import json
import pathlib
import random
import struct

import unicodedata2 as ucd
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from uniseg.wordbreak import words as segments

JOINERS = (
    "'`\u00b4\u02bb\u02bc\u2018\u2019\uff07" "-\u00ad\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d"
    ".,:;\u055f\u0589\u060c\u060d\u066c\u07f8\u2024\ufe10\ufe13\ufe14\ufe50\ufe52\ufe54\ufe55\uff0c\uff0e\uff1a\uff1b"
    "\u00b7\u2027\"\u05f3\u05f4" "_\u202f\u203f\u2040\u2054\ufe33\ufe34\ufe4d\ufe4e\ufe4f\uff3f/\u2044&@+"
)
WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"


def root(name):
    return hashlib.sha256(f"diesel-envelope vectors, root {name}".encode()).digest()


def caseless(text):
    text = ucd.normalize("NFD", text.strip(WHITE_SPACE)).casefold()
    return ucd.normalize("NFC", ucd.normalize("NFD", text))


def is_word(segment):
    return any(ucd.category(c)[0] == "L" or ucd.category(c) in ("Nd", "Nl", "No") for c in segment)


def pieces(text):
    """Words without joiners, and what is between words, in their order. Each comes with whether it is a word."""
    for segment in segments(caseless(text)):
        if not is_word(segment):
            yield False, segment
            continue
        piece = ""
        for c in [*segment, None]:
            if c is not None and c not in JOINERS:
                piece += c
                continue
            for part in segments(piece) if piece else ():
                yield is_word(part), part
            if c is not None:
                yield False, c
            piece = ""


def compounds(text):
    """Lists of parts, each list with the flag of whether a joiner is between its parts."""
    found, separator = [], None
    for is_part, piece in pieces(text):
        if not is_part:
            separator = (separator or "") + piece
        elif found and (separator or "") in ("", *JOINERS):
            found[-1][0].append(piece)
            found[-1][1] |= bool(separator)
            separator = ""
        else:
            found.append([[piece], False])
            separator = ""
    return found


def tokens(case):
    found = set()
    for parts, joined in compounds(case["value"]):
        if case["words"]:
            found |= {("w", part) for part in parts}
            if joined:
                found.add(("w", "".join(parts)))
        if case["prefixes"]:
            shortest, longest = case["prefixes"]
            for start in range(len(parts)):
                tail = "".join(parts[start:])
                found |= {("p", tail[:length]) for length in range(shortest, min(longest, len(tail)) + 1)}
    return found


def digest(case, kind, token):
    """HMAC-SHA256(key, 0x01 | u8(len(LABEL)) | LABEL | kind | u32be(len(token)) | token), cut to whole bytes."""
    key = HKDF(hashes.SHA256(), 32, None, b"diesel-envelope v1 index").derive(bytes.fromhex(case["root"]))
    mac = hmac.HMAC(key, hashes.SHA256())
    label, token = case["label"].encode(), token.encode()
    mac.update(bytes([1, len(label)]) + label + kind.encode() + struct.pack(">I", len(token)) + token)
    return mac.finalize()[: case["bits"] // 8]


def strings():
    known = ["", "Smith", "Anna Smith-Jones", "O\u2019Brien", "O'BRIEN", "Mu\u0308ller", "M\u00fcller", "STRASSE", "Stra\u00dfe 5", "\u6771\u4eac",
             "\u6771\u4eac\u90fd \u65b0\u5bbf\u533a", "\u30ab\u30bf\u30ab\u30ca\u3072\u3089\u304c\u306a", "bobby@example.org", "Smith - Jones", "Smith--Jones",
             "1,000.5", "_a__b_", "\U0001f600 -' ", "Jean-Pierre Dupont", "\u05d9\u05e8\u05d5\u05e9\u05dc\u05d9\u05dd", "\u0645\u062d\u0645\u062f", "\u0e44\u0e17\u0e22",
             "\u0418\u0432\u0430\u043d \u0418\u0432\u0430\u043d\u043e\u0432", "co\u00adop", "Hawai\u02bbi", "AT&T", "AC/DC", "can't won\u2019t", "\uff07a\uff0db\uff07", "x" * 300,
             "Llu\u00eds Col\u00b7l\u00e8ge", "a.b.c.d", "3.14 1:2 a:b", "nested'-joiners", "e\u0301\u0323x"]
    pick = random.Random(29)
    pools = ["abcdeXYZ", "abcdeXYZ", "0123456789", "\u00e4\u00f6\u00fc\u00df\u00e9\u0142\u00f1", "\u0301\u0323\u0308", "\u6771\u4eac\u90fd\u65b0", "\u30ab\u30bf\u30ab\u30ca\u30fc", "\u3072\u3089\u304c",
             "\u05d0\u05d1\u05d2", "\u0627\u0628\u062a", "\u0e01\u0e02\u0e32", "\u03b1\u03b2\u03a3\u03c2", "\u0430\u0431\u0412", "\U0001f600\U0001f680", JOINERS, JOINERS, "   ,;:!?\"", "\uac00\ub098\u1100\u1161"]
    return known + ["".join(pick.choice(pick.choice(pools)) for _ in range(pick.randint(1, 14))) for _ in range(300)]


SPECS = [("users.name_tokens", 16, True, (3, 8)), ("users.name_tokens", 32, True, None), ("a", 256, False, (1, 4)), ("x" * 255, 8, True, (2, 255))]
out = []
for place, value in enumerate(strings()):
    label, bits, words, prefixes = SPECS[place % len(SPECS)]
    case = {"root": root("index 1" if place % 3 else "index 2").hex(), "label": label, "bits": bits, "words": words, "prefixes": prefixes, "value": value}
    case["parts"] = sorted({part for parts, _ in compounds(value) for part in parts})
    case["tokens"] = [token.hex() for token in sorted({digest(case, kind, text) for kind, text in tokens(case)})]
    out.append(case)
lines = ",\n".join(json.dumps(case) for case in out)
pathlib.Path(__file__).with_name("search_tokens.json").write_text(f"[\n{lines}\n]\n")
