-- add: users (note): adds columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program writes ciphertext.
-- Then deploy the program that writes both columns, run backfill, and run verify.
-- PostgreSQL rewrites the table, because the type of the new column is a domain.
DO $diesel_envelope$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_type WHERE oid = to_regtype('blind_index') AND typtype = 'd') THEN
        CREATE DOMAIN blind_index AS bytea CHECK (octet_length(VALUE) BETWEEN 1 AND 32);
    END IF;
END
$diesel_envelope$;
ALTER TABLE "users"
    ADD COLUMN "note_index" blind_index
        CONSTRAINT "users_note_index_diesel_envelope_shape" CHECK (octet_length("note_index") = 3);
CREATE INDEX "users_note_index_diesel_envelope_idx" ON "users" ("note_index");
CREATE FUNCTION "users_note_diesel_envelope_backfill"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."note"::text COLLATE "C" IS DISTINCT FROM OLD."note"::text COLLATE "C"
        AND (octet_length((NEW."note"::text COLLATE "C")) >= 50 AND (
        octet_length((NEW."note"::text COLLATE "C")) % 4 = 0 AND (NEW."note"::text COLLATE "C") ~ '^de1[.]o[Q-Za-f][A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
        octet_length((NEW."note"::text COLLATE "C")) % 4 = 2 AND (NEW."note"::text COLLATE "C") ~ '^de1[.]o[Q-Za-f][A-Za-z0-9_-]+[AQgw]$' OR
        octet_length((NEW."note"::text COLLATE "C")) % 4 = 3 AND (NEW."note"::text COLLATE "C") ~ '^de1[.]o[Q-Za-f][A-Za-z0-9_-]+[AEIMQUYcgkosw048]$'
    )
    OR octet_length((NEW."note"::text COLLATE "C")) >= 100 AND (
        octet_length((NEW."note"::text COLLATE "C")) % 64 = 12 AND (NEW."note"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
        octet_length((NEW."note"::text COLLATE "C")) % 64 = 36 AND (NEW."note"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[AQgw]==$' OR
        octet_length((NEW."note"::text COLLATE "C")) % 64 = 56 AND (NEW."note"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[AEIMQUYcgkosw048]=$'
    )) IS NOT TRUE THEN
        NEW."note_index" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_note_diesel_envelope_backfill" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_note_diesel_envelope_backfill"();
