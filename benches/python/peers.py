"""Seals and opens texts with the libraries of Python, for the benches.

Each line of the input is a JSON array: the name of a library, "seal" or "open", the number of bytes, and the number of
repetitions. Each line of the output has the processor time of all repetitions, in nanoseconds: {"nanos": 123}.
"""

import json
import sys
import time

from cryptography.fernet import Fernet
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import Unicode
from sqlalchemy_utils import StringEncryptedType
from sqlalchemy_utils.types.encrypted.encrypted_type import AesEngine, AesGcmEngine

DIALECT = postgresql.dialect()


def column(engine):
    kind = StringEncryptedType(Unicode, "a key of the application", engine)
    return (lambda text: kind.process_bind_param(text, DIALECT)), (lambda value: kind.process_result_value(value, DIALECT))


fernet = Fernet(Fernet.generate_key())
# The text of a column is a str, which Fernet does not accept.
LIBRARIES = {
    "cryptography": (lambda text: fernet.encrypt(text.encode()), lambda token: fernet.decrypt(token).decode()),
    # The default engine is AES-CBC without a MAC, with the same IV for each value.
    "SQLAlchemy-Utils, AesEngine": column(AesEngine),
    "SQLAlchemy-Utils, AesGcmEngine": column(AesGcmEngine),
}

for line in sys.stdin:
    library, operation, size, times = json.loads(line)
    seal, open_ = LIBRARIES[library]
    text = "x" * size
    act, argument = (seal, text) if operation == "seal" else (open_, seal(text))
    if open_(seal(text)) != text:
        sys.exit(f"{library} does not open its own value")
    start = time.thread_time_ns()
    for _ in range(times):
        act(argument)
    print(json.dumps({"nanos": time.thread_time_ns() - start}), flush=True)
