-- The database itself refuses a plaintext. A ciphertext is one of these:
--   - A native value: 34 bytes or more. The first byte is 0xA0 to 0xAF, so that a new format needs
--     no new constraint.
--   - A Fernet token: base64url of 73 bytes plus a multiple of 16. It begins with 'gAAAAA'.
-- SQLite stores a value of any type in any column, so the constraints check the type too.
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    name BLOB NOT NULL CHECK (typeof(name) = 'blob' AND (
        length(name) >= 34 AND substr(name, 1, 1) BETWEEN x'a0' AND x'af'
        OR length(CAST(name AS TEXT)) = length(name) AND length(name) >= 100 AND rtrim(CAST(name AS TEXT), '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
            length(name) % 64 = 12 AND CAST(name AS TEXT) GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
            length(name) % 64 = 36 AND CAST(name AS TEXT) GLOB 'gAAAAA*[AQgw]==' OR
            length(name) % 64 = 56 AND CAST(name AS TEXT) GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
        )
    )),
    name_tokens BLOB NOT NULL CHECK (typeof(name_tokens) = 'blob' AND length(name_tokens) % 2 = 0),
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
    )),
    phone_index BLOB CHECK (phone_index IS NULL OR typeof(phone_index) = 'blob' AND length(phone_index) BETWEEN 1 AND 32),
    birth_date BLOB CHECK (birth_date IS NULL OR typeof(birth_date) = 'blob' AND (
        length(birth_date) >= 34 AND substr(birth_date, 1, 1) BETWEEN x'a0' AND x'af'
        OR length(CAST(birth_date AS TEXT)) = length(birth_date) AND length(birth_date) >= 100 AND rtrim(CAST(birth_date AS TEXT), '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
            length(birth_date) % 64 = 12 AND CAST(birth_date AS TEXT) GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
            length(birth_date) % 64 = 36 AND CAST(birth_date AS TEXT) GLOB 'gAAAAA*[AQgw]==' OR
            length(birth_date) % 64 = 56 AND CAST(birth_date AS TEXT) GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
        )
    )),
    plan BLOB NOT NULL CHECK (typeof(plan) = 'blob' AND (
        length(plan) >= 34 AND substr(plan, 1, 1) BETWEEN x'a0' AND x'af'
        OR length(CAST(plan AS TEXT)) = length(plan) AND length(plan) >= 100 AND rtrim(CAST(plan AS TEXT), '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
            length(plan) % 64 = 12 AND CAST(plan AS TEXT) GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
            length(plan) % 64 = 36 AND CAST(plan AS TEXT) GLOB 'gAAAAA*[AQgw]==' OR
            length(plan) % 64 = 56 AND CAST(plan AS TEXT) GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
        )
    )),
    password_hash TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL -- UTC
);
CREATE INDEX users_phone_index ON users (phone_index);

-- The tokens of each name, which triggers write in the statement that writes the name.
CREATE TABLE users_name_tokens (
    token BLOB NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (token, id)
) WITHOUT ROWID;
CREATE TRIGGER users_name_tokens_diesel_envelope_insert AFTER INSERT ON users
WHEN length(NEW.name_tokens) > 0
BEGIN
    INSERT OR IGNORE INTO users_name_tokens (token, id)
        SELECT substr(NEW.name_tokens, 1 + 2 * json_each.key, 2), NEW.id
        FROM json_each('[' || substr(replace(hex(zeroblob(length(NEW.name_tokens) / 2)), '00', ',0'), 2) || ']');
END;
CREATE TRIGGER users_name_tokens_diesel_envelope_update AFTER UPDATE ON users
WHEN NEW.name_tokens IS NOT OLD.name_tokens OR NEW.id IS NOT OLD.id
BEGIN
    DELETE FROM users_name_tokens WHERE (token, id) IN (
        SELECT substr(OLD.name_tokens, 1 + 2 * json_each.key, 2), OLD.id
        FROM json_each('[' || substr(replace(hex(zeroblob(length(OLD.name_tokens) / 2)), '00', ',0'), 2) || ']'));
    INSERT OR IGNORE INTO users_name_tokens (token, id)
        SELECT substr(NEW.name_tokens, 1 + 2 * json_each.key, 2), NEW.id
        FROM json_each('[' || substr(replace(hex(zeroblob(length(NEW.name_tokens) / 2)), '00', ',0'), 2) || ']');
END;
CREATE TRIGGER users_name_tokens_diesel_envelope_delete AFTER DELETE ON users
BEGIN
    DELETE FROM users_name_tokens WHERE (token, id) IN (
        SELECT substr(OLD.name_tokens, 1 + 2 * json_each.key, 2), OLD.id
        FROM json_each('[' || substr(replace(hex(zeroblob(length(OLD.name_tokens) / 2)), '00', ',0'), 2) || ']'));
END;
