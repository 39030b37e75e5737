-- Adds the plaintext columns again, without values: a migration cannot decrypt.
DROP INDEX IF EXISTS "or""der`s'; --_e""mail`s index_diesel_envelope_idx";
CREATE INDEX "or""der`s'; --_e""mail`s index_diesel_envelope_idx" ON "or""der`s'; --" ("e""mail`s index");
ALTER TABLE "or""der`s'; --"
    ALTER COLUMN "e""mail`s'" DROP NOT NULL,
    ALTER COLUMN "e""mail`s index" DROP NOT NULL,
    ADD COLUMN "$diesel_envelope$ pla""in`'" varchar(50) COLLATE "coll""ation`'",
    ALTER COLUMN "n""ote`'" TYPE text COLLATE "C";
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
