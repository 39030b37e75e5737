-- The database itself refuses a plaintext. A ciphertext is one of these:
--   - A native value: 34 bytes or more. The first byte is 0xA0 to 0xAF, so that a new format needs
--     no new constraint.
--   - A Fernet token: base64url of 73 bytes plus a multiple of 16. It begins with 'gAAAAA'.
-- SQLite stores a value of any type in any column, so the constraints check the type too.
CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name BLOB NOT NULL CHECK (typeof(name) = 'blob' AND (
        length(name) >= 34 AND substr(name, 1, 1) BETWEEN x'a0' AND x'af'
        OR length(CAST(name AS TEXT)) = length(name) AND length(name) >= 100 AND rtrim(CAST(name AS TEXT), '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
            length(name) % 64 = 12 AND CAST(name AS TEXT) GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
            length(name) % 64 = 36 AND CAST(name AS TEXT) GLOB 'gAAAAA*[AQgw]==' OR
            length(name) % 64 = 56 AND CAST(name AS TEXT) GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
        )
    )),
    email BLOB NOT NULL CHECK (typeof(email) = 'blob' AND (
        length(email) >= 34 AND substr(email, 1, 1) BETWEEN x'a0' AND x'af'
        OR length(CAST(email AS TEXT)) = length(email) AND length(email) >= 100 AND rtrim(CAST(email AS TEXT), '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
            length(email) % 64 = 12 AND CAST(email AS TEXT) GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
            length(email) % 64 = 36 AND CAST(email AS TEXT) GLOB 'gAAAAA*[AQgw]==' OR
            length(email) % 64 = 56 AND CAST(email AS TEXT) GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
        )
    )),
    email_index BLOB NOT NULL UNIQUE CHECK (typeof(email_index) = 'blob' AND length(email_index) BETWEEN 1 AND 32),
    phone BLOB CHECK (phone IS NULL OR typeof(phone) = 'blob' AND (
        length(phone) >= 34 AND substr(phone, 1, 1) BETWEEN x'a0' AND x'af'
        OR length(CAST(phone AS TEXT)) = length(phone) AND length(phone) >= 100 AND rtrim(CAST(phone AS TEXT), '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
            length(phone) % 64 = 12 AND CAST(phone AS TEXT) GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
            length(phone) % 64 = 36 AND CAST(phone AS TEXT) GLOB 'gAAAAA*[AQgw]==' OR
            length(phone) % 64 = 56 AND CAST(phone AS TEXT) GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
        )
    ))
);
