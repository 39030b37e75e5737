-- Adds the plaintext columns again, without values: a migration cannot decrypt.
DROP INDEX IF EXISTS "users_phone_index_diesel_envelope_idx";
CREATE INDEX "users_phone_index_diesel_envelope_idx" ON "users" ("phone_index");
ALTER TABLE "users"
    ALTER COLUMN "email" DROP NOT NULL,
    ALTER COLUMN "email_index" DROP NOT NULL,
    ADD COLUMN "email_plain" varchar(50),
    ADD COLUMN "phone_plain" varchar(50),
    ALTER COLUMN "age" DROP NOT NULL,
    ALTER COLUMN "note" TYPE text COLLATE "utf8mb4_general_ci";
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
