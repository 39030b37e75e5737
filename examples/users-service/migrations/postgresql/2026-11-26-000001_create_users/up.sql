-- The database itself refuses a plaintext. A ciphertext is one of these:
--   - A native value: 34 bytes or more. The first byte is 0xA0 to 0xAF, so that a new format needs
--     no new constraint.
--   - A Fernet token: base64url of 73 bytes plus a multiple of 16. It begins with 'gAAAAA'.
CREATE DOMAIN ciphertext AS bytea CHECK (
    octet_length(VALUE) >= 34 AND substring(VALUE FROM 1 FOR 1) BETWEEN '\xa0' AND '\xaf'
    OR octet_length(VALUE) >= 100 AND (
        octet_length(VALUE) % 64 = 12 AND encode(VALUE, 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
        octet_length(VALUE) % 64 = 36 AND encode(VALUE, 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[AQgw]==$' OR
        octet_length(VALUE) % 64 = 56 AND encode(VALUE, 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[AEIMQUYcgkosw048]=$'
    )
);

CREATE DOMAIN blind_index AS bytea CHECK (octet_length(VALUE) BETWEEN 1 AND 32);

CREATE DOMAIN search_tokens AS bytea[];

CREATE TABLE users (
    id uuid PRIMARY KEY,
    name ciphertext NOT NULL,
    name_tokens search_tokens NOT NULL,
    email ciphertext NOT NULL,
    email_index blind_index NOT NULL UNIQUE,
    phone ciphertext,
    phone_index blind_index,
    birth_date ciphertext,
    plan ciphertext NOT NULL,
    password_hash text NOT NULL,
    created_at timestamp NOT NULL -- UTC
);
CREATE INDEX users_phone_index ON users (phone_index);
CREATE INDEX users_name_tokens_diesel_envelope_idx ON users USING gin (name_tokens);
