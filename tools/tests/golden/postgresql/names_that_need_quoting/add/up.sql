-- add: or"der`s'; -- (e"mail`s', n"ote`'): adds columns for ciphertext and its blind indexes, which refuse plaintext.
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
END
$diesel_envelope$;
ALTER TABLE "or""der`s'; --"
    ADD COLUMN "e""mail`s'" ciphertext,
    ADD COLUMN "e""mail`s index" blind_index
        CONSTRAINT "or""der`s'; --_e""mail`s index_diesel_envelope_shape" CHECK (octet_length("e""mail`s index") = 32);
CREATE INDEX "or""der`s'; --_e""mail`s index_diesel_envelope_idx" ON "or""der`s'; --" ("e""mail`s index");
CREATE FUNCTION "or""der`s'; --_e""mail`s'_diesel_envelope_backfill"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope_1$
BEGIN
    IF NEW."$diesel_envelope$ pla""in`'"::text COLLATE "C" IS DISTINCT FROM OLD."$diesel_envelope$ pla""in`'"::text COLLATE "C"
        AND NEW."e""mail`s'" IS NOT DISTINCT FROM OLD."e""mail`s'" THEN
        NEW."e""mail`s'" := NULL;
        NEW."e""mail`s index" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope_1$;
CREATE TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_backfill" BEFORE UPDATE ON "or""der`s'; --"
    FOR EACH ROW EXECUTE FUNCTION "or""der`s'; --_e""mail`s'_diesel_envelope_backfill"();
