-- The database itself refuses a plaintext. A ciphertext is
--   a native value: 34 bytes or more, of which the first is 0xA0 to 0xAF, so that a new format needs no new constraint; or
--   a Fernet token: 100 characters or more, a multiple of four, of which the first are 'gAAAAA'.
-- SQLite keeps whatever type it is given, so the type is checked too.
CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name BLOB NOT NULL CHECK (typeof(name) = 'blob' AND (
        length(name) >= 34 AND substr(name, 1, 1) BETWEEN x'a0' AND x'af'
        OR length(name) >= 100 AND length(name) % 4 = 0 AND substr(name, 1, 6) = x'674141414141'
    )),
    email BLOB NOT NULL CHECK (typeof(email) = 'blob' AND (
        length(email) >= 34 AND substr(email, 1, 1) BETWEEN x'a0' AND x'af'
        OR length(email) >= 100 AND length(email) % 4 = 0 AND substr(email, 1, 6) = x'674141414141'
    )),
    email_index BLOB NOT NULL UNIQUE CHECK (typeof(email_index) = 'blob' AND length(email_index) BETWEEN 1 AND 32),
    phone BLOB CHECK (phone IS NULL OR typeof(phone) = 'blob' AND (
        length(phone) >= 34 AND substr(phone, 1, 1) BETWEEN x'a0' AND x'af'
        OR length(phone) >= 100 AND length(phone) % 4 = 0 AND substr(phone, 1, 6) = x'674141414141'
    ))
);
