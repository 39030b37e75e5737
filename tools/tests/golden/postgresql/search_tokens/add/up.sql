-- add: users (name): adds columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program writes ciphertext.
-- Then deploy the program that writes both columns, run backfill, and run verify.
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
ALTER TABLE "users"
    ADD COLUMN "name" ciphertext,
    ADD COLUMN "name_index" blind_index
        CONSTRAINT "users_name_index_diesel_envelope_shape" CHECK (octet_length("name_index") = 32),
    ADD COLUMN "name_tokens" search_tokens;
CREATE INDEX "users_name_index_diesel_envelope_idx" ON "users" ("name_index");
CREATE INDEX "users_name_tokens_diesel_envelope_idx" ON "users" USING gin ("name_tokens");
CREATE FUNCTION "users_name_diesel_envelope_backfill"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."name_plain"::text COLLATE "C" IS DISTINCT FROM OLD."name_plain"::text COLLATE "C"
        AND NEW."name" IS NOT DISTINCT FROM OLD."name" THEN
        NEW."name" := NULL;
        NEW."name_index" := NULL;
        NEW."name_tokens" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_name_diesel_envelope_backfill" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_name_diesel_envelope_backfill"();
