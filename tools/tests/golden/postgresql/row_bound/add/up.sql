-- add: users (email, name, iban, phone, note): adds columns for ciphertext and its blind indexes, which refuse plaintext.
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
    IF NOT EXISTS (SELECT FROM pg_type WHERE oid = to_regtype('ciphertext_text') AND typtype = 'd') THEN
        CREATE DOMAIN ciphertext_text AS text COLLATE "C" CHECK (
            octet_length(VALUE) >= 50 AND (
                octet_length(VALUE) % 4 = 0 AND VALUE ~ '^de[1-9][.][o-r][A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
                octet_length(VALUE) % 4 = 2 AND VALUE ~ '^de[1-9][.][o-r][A-Za-z0-9_-]+[AQgw]$' OR
                octet_length(VALUE) % 4 = 3 AND VALUE ~ '^de[1-9][.][o-r][A-Za-z0-9_-]+[AEIMQUYcgkosw048]$'
            )
            OR octet_length(VALUE) >= 100 AND (
                octet_length(VALUE) % 64 = 12 AND VALUE ~ '^gAAAAA[A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
                octet_length(VALUE) % 64 = 36 AND VALUE ~ '^gAAAAA[A-Za-z0-9_-]+[AQgw]==$' OR
                octet_length(VALUE) % 64 = 56 AND VALUE ~ '^gAAAAA[A-Za-z0-9_-]+[AEIMQUYcgkosw048]=$'
            )
        );
    END IF;
    IF NOT EXISTS (SELECT FROM pg_type WHERE oid = to_regtype('blind_index') AND typtype = 'd') THEN
        CREATE DOMAIN blind_index AS bytea CHECK (octet_length(VALUE) BETWEEN 1 AND 32);
    END IF;
END
$diesel_envelope$;
ALTER TABLE "users"
    ADD COLUMN "email" ciphertext,
    ADD COLUMN "email_index" blind_index
        CONSTRAINT "users_email_index_diesel_envelope_shape" CHECK (octet_length("email_index") = 32),
    ADD COLUMN "name" ciphertext,
    ADD COLUMN "iban" ciphertext_text,
    ADD COLUMN "phone" ciphertext_text,
    ADD COLUMN "note" ciphertext;
CREATE INDEX "users_email_index_diesel_envelope_idx" ON "users" ("email_index");
CREATE FUNCTION "users_email_diesel_envelope_backfill"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."email_plain"::text COLLATE "C" IS DISTINCT FROM OLD."email_plain"::text COLLATE "C"
        AND NEW."email" IS NOT DISTINCT FROM OLD."email" THEN
        NEW."email" := NULL;
        NEW."email_index" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_email_diesel_envelope_backfill" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_email_diesel_envelope_backfill"();
CREATE FUNCTION "users_email_diesel_envelope_row_key"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'users.email is bound to its row: an UPDATE of tenant, id must write email too';
END
$diesel_envelope$;
CREATE TRIGGER "users_email_diesel_envelope_row_key" BEFORE UPDATE ON "users"
    FOR EACH ROW WHEN (
        NEW."email" = OLD."email"
        AND (NEW."tenant"::text COLLATE "C" IS DISTINCT FROM OLD."tenant"::text COLLATE "C" OR NEW."id"::text COLLATE "C" IS DISTINCT FROM OLD."id"::text COLLATE "C")
    )
    EXECUTE FUNCTION "users_email_diesel_envelope_row_key"();
CREATE FUNCTION "users_name_diesel_envelope_backfill"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."name_plain"::text COLLATE "C" IS DISTINCT FROM OLD."name_plain"::text COLLATE "C"
        AND NEW."name" IS NOT DISTINCT FROM OLD."name" THEN
        NEW."name" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_name_diesel_envelope_backfill" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_name_diesel_envelope_backfill"();
CREATE FUNCTION "users_name_diesel_envelope_row_key"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'users.name is bound to its row: an UPDATE of id must write name too';
END
$diesel_envelope$;
CREATE TRIGGER "users_name_diesel_envelope_row_key" BEFORE UPDATE ON "users"
    FOR EACH ROW WHEN (
        NEW."name" = OLD."name"
        AND (NEW."id"::text COLLATE "C" IS DISTINCT FROM OLD."id"::text COLLATE "C")
    )
    EXECUTE FUNCTION "users_name_diesel_envelope_row_key"();
CREATE FUNCTION "users_iban_diesel_envelope_backfill"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."iban_plain"::text COLLATE "C" IS DISTINCT FROM OLD."iban_plain"::text COLLATE "C"
        AND NEW."iban" IS NOT DISTINCT FROM OLD."iban" THEN
        NEW."iban" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_iban_diesel_envelope_backfill" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_iban_diesel_envelope_backfill"();
CREATE FUNCTION "users_iban_diesel_envelope_row_key"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'users.iban is bound to its row: an UPDATE of id must write iban too';
END
$diesel_envelope$;
CREATE TRIGGER "users_iban_diesel_envelope_row_key" BEFORE UPDATE ON "users"
    FOR EACH ROW WHEN (
        NEW."iban" = OLD."iban"
        AND (NEW."id"::text COLLATE "C" IS DISTINCT FROM OLD."id"::text COLLATE "C")
    )
    EXECUTE FUNCTION "users_iban_diesel_envelope_row_key"();
CREATE FUNCTION "users_phone_diesel_envelope_backfill"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."phone_plain"::text COLLATE "C" IS DISTINCT FROM OLD."phone_plain"::text COLLATE "C"
        AND NEW."phone" IS NOT DISTINCT FROM OLD."phone" THEN
        NEW."phone" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_phone_diesel_envelope_backfill" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_phone_diesel_envelope_backfill"();
CREATE FUNCTION "users_phone_diesel_envelope_row_key"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'users.phone is bound to its row: an UPDATE of id must write phone too';
END
$diesel_envelope$;
CREATE TRIGGER "users_phone_diesel_envelope_row_key" BEFORE UPDATE ON "users"
    FOR EACH ROW WHEN (
        NEW."phone" = OLD."phone"
        AND (NEW."id"::text COLLATE "C" IS DISTINCT FROM OLD."id"::text COLLATE "C")
    )
    EXECUTE FUNCTION "users_phone_diesel_envelope_row_key"();
CREATE FUNCTION "users_note_diesel_envelope_backfill"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."note_plain"::text COLLATE "C" IS DISTINCT FROM OLD."note_plain"::text COLLATE "C"
        AND NEW."note" IS NOT DISTINCT FROM OLD."note" THEN
        NEW."note" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_note_diesel_envelope_backfill" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_note_diesel_envelope_backfill"();
