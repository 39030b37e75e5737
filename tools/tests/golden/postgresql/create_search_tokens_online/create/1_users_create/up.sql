-- create: users (name): creates columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program uses these columns.
-- If the table has rows, this migration fails: a NOT NULL column can be added only to an empty table.
ALTER TABLE "users"
    ADD COLUMN "name" bytea NOT NULL,
    ADD CONSTRAINT "users_name_diesel_envelope_shape" CHECK (
        octet_length("name") >= 34 AND substring("name" FROM 1 FOR 1) BETWEEN '\xa0' AND '\xaf'
        OR octet_length("name") >= 100 AND (
            octet_length("name") % 64 = 12 AND encode("name", 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
            octet_length("name") % 64 = 36 AND encode("name", 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[AQgw]==$' OR
            octet_length("name") % 64 = 56 AND encode("name", 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[AEIMQUYcgkosw048]=$'
        )
    ) NOT VALID,
    ADD COLUMN "name_index" bytea NOT NULL,
    ADD CONSTRAINT "users_name_index_diesel_envelope_shape" CHECK (octet_length("name_index") = 32) NOT VALID,
    ADD COLUMN "name_tokens" bytea[] NOT NULL;
