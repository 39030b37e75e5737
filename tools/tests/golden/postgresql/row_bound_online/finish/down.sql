-- Adds the plaintext columns again, without values: a migration cannot decrypt.
ALTER TABLE "users"
    ADD COLUMN "email_plain" varchar(50),
    ADD COLUMN "name_plain" varchar(50),
    ADD COLUMN "iban_plain" varchar(50),
    ADD COLUMN "phone_plain" varchar(50),
    ADD COLUMN "note_plain" varchar(50);
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
