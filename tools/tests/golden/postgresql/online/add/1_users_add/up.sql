-- add: users (email, phone, age, note): adds columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program writes ciphertext.
-- Then deploy the program that writes both columns, run backfill, and run verify.
ALTER TABLE "users"
    ADD COLUMN "email" bytea,
    ADD CONSTRAINT "users_email_diesel_envelope_shape" CHECK (
        octet_length("email") >= 34 AND substring("email" FROM 1 FOR 1) BETWEEN '\xa0' AND '\xaf'
        OR octet_length("email") >= 100 AND (
            octet_length("email") % 64 = 12 AND encode("email", 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
            octet_length("email") % 64 = 36 AND encode("email", 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[AQgw]==$' OR
            octet_length("email") % 64 = 56 AND encode("email", 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[AEIMQUYcgkosw048]=$'
        )
    ) NOT VALID,
    ADD COLUMN "email_index" bytea,
    ADD CONSTRAINT "users_email_index_diesel_envelope_shape" CHECK (octet_length("email_index") = 32) NOT VALID,
    ADD COLUMN "phone" text COLLATE "C",
    ADD CONSTRAINT "users_phone_diesel_envelope_shape" CHECK (
        octet_length(("phone"::text COLLATE "C")) >= 50 AND (
            octet_length(("phone"::text COLLATE "C")) % 4 = 0 AND ("phone"::text COLLATE "C") ~ '^de[1-9][.][o-r][A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
            octet_length(("phone"::text COLLATE "C")) % 4 = 2 AND ("phone"::text COLLATE "C") ~ '^de[1-9][.][o-r][A-Za-z0-9_-]+[AQgw]$' OR
            octet_length(("phone"::text COLLATE "C")) % 4 = 3 AND ("phone"::text COLLATE "C") ~ '^de[1-9][.][o-r][A-Za-z0-9_-]+[AEIMQUYcgkosw048]$'
        )
        OR octet_length(("phone"::text COLLATE "C")) >= 100 AND (
            octet_length(("phone"::text COLLATE "C")) % 64 = 12 AND ("phone"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
            octet_length(("phone"::text COLLATE "C")) % 64 = 36 AND ("phone"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[AQgw]==$' OR
            octet_length(("phone"::text COLLATE "C")) % 64 = 56 AND ("phone"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[AEIMQUYcgkosw048]=$'
        )
    ) NOT VALID,
    ADD COLUMN "phone_index" bytea,
    ADD CONSTRAINT "users_phone_index_diesel_envelope_shape" CHECK (octet_length("phone_index") = 32) NOT VALID,
    ADD COLUMN "phone_last4_index" bytea,
    ADD CONSTRAINT "users_phone_last4_index_diesel_envelope_shape" CHECK (octet_length("phone_last4_index") = 2) NOT VALID,
    ADD COLUMN "age" bytea,
    ADD CONSTRAINT "users_age_diesel_envelope_shape" CHECK (
        octet_length("age") >= 34 AND substring("age" FROM 1 FOR 1) BETWEEN '\xa0' AND '\xaf'
        OR octet_length("age") >= 100 AND (
            octet_length("age") % 64 = 12 AND encode("age", 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
            octet_length("age") % 64 = 36 AND encode("age", 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[AQgw]==$' OR
            octet_length("age") % 64 = 56 AND encode("age", 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[AEIMQUYcgkosw048]=$'
        )
    ) NOT VALID,
    ADD COLUMN "note_index" bytea,
    ADD CONSTRAINT "users_note_index_diesel_envelope_shape" CHECK (octet_length("note_index") = 3) NOT VALID;
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
CREATE FUNCTION "users_phone_diesel_envelope_backfill"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."phone_plain"::text COLLATE "C" IS DISTINCT FROM OLD."phone_plain"::text COLLATE "C"
        AND NEW."phone" IS NOT DISTINCT FROM OLD."phone" THEN
        NEW."phone" := NULL;
        NEW."phone_index" := NULL;
        NEW."phone_last4_index" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_phone_diesel_envelope_backfill" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_phone_diesel_envelope_backfill"();
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
