-- Adds the plaintext columns again, without values: a migration cannot decrypt.
ALTER TABLE "users"
    ALTER COLUMN "name" DROP NOT NULL,
    ALTER COLUMN "name_index" DROP NOT NULL,
    ALTER COLUMN "name_tokens" DROP NOT NULL,
    ADD COLUMN "name_plain" varchar(50);
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
