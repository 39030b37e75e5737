-- Adds the plaintext columns again, without values: a migration cannot decrypt.
ALTER TABLE "users"
    ADD COLUMN "email_plain" varchar(50);
CREATE FUNCTION "users_email_diesel_envelope_backfill"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."email_plain"::text COLLATE "C" IS DISTINCT FROM OLD."email_plain"::text COLLATE "C"
        AND NEW."email" IS NOT DISTINCT FROM OLD."email" THEN
        NEW."email" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_email_diesel_envelope_backfill" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_email_diesel_envelope_backfill"();
