"""Prints Fernet tokens in every spelling in which a column, a file or a form returns them.

    python spellings.py <key>

The output is {"opened": [[spelling, plaintext], ...], "refused": [[change, token], ...]}. `cryptography` itself opens the first
list of tokens and refuses the second.
"""

import json
import sys
import textwrap

from cryptography.fernet import Fernet, InvalidToken

WHITE_SPACE = " \t\n\r\v\f"


def spellings(token: str):
    standard = token.translate(str.maketrans("-_", "+/"))
    half = len(token) // 2
    for text in (token, standard, standard[:half] + token[half:], token[:half] + standard[half:]):
        yield text
        for space in [*WHITE_SPACE, "\r\n", " " * 155]:
            yield text + space
            yield space + text
            yield space.join((text[:1], text[1:half], text[half:-1], text[-1:]))
        yield "\n".join(textwrap.wrap(text, 64))
        yield "\r\n".join(textwrap.wrap(text, 76)) + "\r\n"


def refused(token: str):
    body = token.rstrip("=")
    other = "B" if body[9] == "A" else "A"
    yield "changed", body[:9] + other + body[10:] + token[len(body):]
    yield "changed, with white space", " " + body[:9] + other + body[10:] + token[len(body):] + "\n"
    if body != token:
        yield "without padding", body
    yield "cut", token[:-8]
    yield "cut by a block", token[:36] + token[100:]
    yield "continued", body + "AAAA" + token[len(body):]


fernet = Fernet(sys.argv[1])
opened, failed = [], []
for plaintext in ("", "bob@example.org", "x" * 16, "y" * 31, "Zoë, " * 60):
    # Repeated until the token contains both characters that differ between the alphabets.
    token = fernet.encrypt(plaintext.encode()).decode()
    while not {"-", "_"} <= set(token[6:]):
        token = fernet.encrypt(plaintext.encode()).decode()
    for text in spellings(token):
        assert fernet.decrypt(text).decode() == plaintext, text
        opened.append((text, plaintext))
    for what, text in refused(token):
        try:
            fernet.decrypt(text)
        except InvalidToken:
            failed.append((what, text))
        else:
            raise AssertionError(f"{what}: {text}")
json.dump({"opened": opened, "refused": failed}, sys.stdout)
