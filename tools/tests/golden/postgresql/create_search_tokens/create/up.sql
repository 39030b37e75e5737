-- create: users (name): creates columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program uses these columns.
-- PostgreSQL rewrites the table, because the type of the new column is a domain.
DO $diesel_envelope$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_type WHERE oid = to_regtype('ciphertext') AND typtype = 'd') THEN
        CREATE DOMAIN ciphertext AS bytea CHECK (
            octet_length(VALUE) >= 34 AND substring(VALUE FROM 1 FOR 1) BETWEEN '\xa0' AND '\xaf'
            OR octet_length(VALUE) >= 100 AND (
                octet_length(VALUE) % 64 = 12 AND encode(VALUE, 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
                octet_length(VALUE) % 64 = 36 AND encode(VALUE, 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[AQgw]==$' OR
                octet_length(VALUE) % 64 = 56 AND encode(VALUE, 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[AEIMQUYcgkosw048]=$'
            )
        );
    END IF;
    IF NOT EXISTS (SELECT FROM pg_type WHERE oid = to_regtype('blind_index') AND typtype = 'd') THEN
        CREATE DOMAIN blind_index AS bytea CHECK (octet_length(VALUE) BETWEEN 1 AND 32);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_type WHERE oid = to_regtype('search_tokens') AND typtype = 'd') THEN
        CREATE DOMAIN search_tokens AS bytea[];
    END IF;
END
$diesel_envelope$;
-- If the table has rows, this migration fails: a NOT NULL column can be added only to an empty table.
ALTER TABLE "users"
    ADD COLUMN "name" ciphertext NOT NULL,
    ADD COLUMN "name_index" blind_index NOT NULL
        CONSTRAINT "users_name_index_diesel_envelope_shape" CHECK (octet_length("name_index") = 32),
    ADD COLUMN "name_tokens" search_tokens NOT NULL;
CREATE INDEX "users_name_index_diesel_envelope_idx" ON "users" ("name_index");
CREATE INDEX "users_name_tokens_diesel_envelope_idx" ON "users" USING gin ("name_tokens");
